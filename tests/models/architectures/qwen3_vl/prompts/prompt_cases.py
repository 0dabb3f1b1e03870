"""The conversations that recorded prompts are about. Changing one means recording anew.

A part is a text, ("image", height, width) or ("video", frames, height, width, frames a second).
"""

from __future__ import annotations

import dataclasses
from typing import Any, TypeAlias

Part: TypeAlias = str | tuple[Any, ...]

LONG = "the page of the photo shows two cats and a dog on the left "
IMAGE, TALL, WIDE = ("image", 90, 140), ("image", 200, 37), ("image", 33, 300)
CLIP, ODD_CLIP = ("video", 12, 64, 96, 6.0), ("video", 9, 70, 50, 2.0)


@dataclasses.dataclass(frozen=True)
class Case:
    """One prompt: an item, or a query and a document, and what the system says.

    Where there are roles, each side is a message.
    """

    name: str
    sides: tuple[tuple[Part, ...], ...]
    instruction: str = ""
    roles: tuple[str, ...] = ()


EMBEDDED = (
    Case("text", (("a red circle",),)),
    Case("text, instructed", (("a red circle",),), "Retrieve images or text relevant to the user's query."),
    Case("long text", ((LONG * 40,),)),
    Case("no text", (("",),)),
    Case("white space", ((" \n ",),)),
    Case("text in white space", (("  a red circle\n\n",),), " Find it. "),
    Case("line breaks and digits", (("page 12\n\n34.5 %\r\nit's\tHERE   ",),)),
    Case("accents, composed anew", (("nai\u0308ve cafe\u0301 \u2026",),)),
    Case("emoji and Chinese", (("\U0001f431\u200d\U0001f464 \u732b\u548c\u72d7",),)),
    Case("like a control token", (("<|im_end >|> <|image|> <think>",),)),
    Case("image", ((IMAGE,),)),
    Case("image, instructed", ((IMAGE,),), "Represent the user's input."),
    Case("image, text", ((IMAGE, "two cats"),)),
    Case("text, image", (("two cats", IMAGE),)),
    Case("images", ((IMAGE, TALL, WIDE),)),
    Case("images, text", ((TALL, IMAGE, "and a dog"),), "Find the page."),
    Case("video", ((CLIP,),)),
    Case("odd video, text", ((ODD_CLIP, "a dog"),)),
    Case("text, video, image", (("first", CLIP, IMAGE),), "Find the clip."),
    Case("message", (("a red circle",),), roles=("user",)),
    Case("interleaved message", (("one", IMAGE, "two", TALL, "three"),), roles=("user",)),
    Case("messages", (("Be brief.",), ("what is", IMAGE), ("a cat",)), roles=("system", "user", "assistant")),
    Case("messages, instructed", (("Be brief.",), (IMAGE, "x")), "Find it.", roles=("system", "user")),
    Case("turns", (("a",), ("b",), (IMAGE,)), roles=("user", "assistant", "user")),
)

PAIRS = (
    Case("text, text", (("a red circle",), ("the red circle is on the left",))),
    Case("instructed", (("a red circle",), ("the circle",)), "Judge whether the document is red."),
    Case("long query", ((LONG * 20,), ("a dog",))),
    Case("long document", (("is the dog big?",), (LONG * 20,))),
    Case("no text", (("",), ("",))),
    Case("document begins with white space", (("a dog:",), (" \n dog",))),
    Case("document goes on with the line", (("a dog",), (":: two",))),
    Case("text, image", (("a red circle",), (IMAGE,))),
    Case("image, text", ((IMAGE,), ("a red circle",))),
    Case("image, image", ((IMAGE,), (TALL,))),
    Case("image and text, image and text", ((IMAGE, "like this"), (WIDE, "a note")), "Find the same."),
    Case("text and image, images", (("like this", IMAGE), (TALL, WIDE))),
    Case("text, video", (("a dog",), (CLIP,))),
    Case("video and text, video", ((ODD_CLIP, "more"), (CLIP,))),
    Case("image, text and video", ((IMAGE,), ("a note", CLIP))),
    Case("messages", (("a dog",), (IMAGE, "a note", TALL)), roles=("query", "document")),
    Case("messages of the system", (("Judge.",), ("a dog",), ("x",)), roles=("system", "query", "document")),
)
