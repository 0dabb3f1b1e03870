r"""A chat template as data: what it writes around the parts of a conversation, found by rendering it on stand-ins.

    turns     user: text, image                            a structure: who says parts of which kinds
    skeleton  <|im_start|> "user\n" [0] <|vision_start|> [1] <|vision_end|> <|im_end|> "\n" ...
              control      words    slot

A template is a program of the repository. It is run once for each structure, on stand-ins for the parts, so that
nothing that a user writes is ever run through it, and so that it is known where each part lands. One that loses,
repeats or rewrites a part is refused; one that strips white space from it is followed.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from medialens.errors import InputError
from medialens.media.threads.memo import Memo
from medialens.models.architectures.qwen3_vl.prompts.pieces import Control, Piece, Slot, Structure, Words

_CACHED_STRUCTURES: Final = 256
_TEXT: Final = "text"
_KINDS: Final = ("text", "image", "video")

# A stand-in for a text: private characters of Unicode, and between them what case folding and escaping would change.
_STAND_IN: Final = "\ue000<Aa'{}>\ue001"
_STANDS_IN: Final = re.compile("\ue000<Aa'(\\d+)>\ue001")
_REMAINS: Final = re.compile("[\ue000\ue001]")
_SPACES: Final = ("\n", "\u2003")  # the second is one that only a template that strips everything strips


class ChatTemplate:
    """A template with its settings; any number of threads may use it.

    Args:
        tokenizer: Of transformers: it renders, in a sandbox, and says which tokens are control tokens.
        text: The template.
        settings: What the template may ask for, such as ``add_generation_prompt``.
        placeholders: The tokens that stand for an image and for a video.
        flat: Whether a text alone is given as a string, not as a list of parts.
    """

    def __init__(
        self,
        tokenizer: Any,
        text: str,
        *,
        settings: Mapping[str, Any],
        placeholders: Mapping[str, str],
        flat: bool = False,
    ) -> None:
        self.text = text
        self.settings = dict(settings)
        self._tokenizer = tokenizer
        self._flat = flat
        self._kinds = {token: kind for kind, token in placeholders.items()}
        added = {str(token): at for at, token in tokenizer.added_tokens_decoder.items()}
        self._controls = {token: at for token, at in added.items() if token}
        longest_first = sorted({*self._controls, *self._kinds}, key=len, reverse=True)
        self._split = re.compile("|".join([_STANDS_IN.pattern, *map(re.escape, longest_first)]))
        self._edges = _edges(tokenizer)
        self._skeletons: Memo[Structure, tuple[Piece, ...]] = Memo(_CACHED_STRUCTURES)

    def skeleton(self, structure: Structure) -> tuple[Piece, ...]:
        """What the template makes of a conversation of this structure.

        Raises:
            InputError: It refuses such a conversation, or loses, repeats or rewrites a part of it.
        """
        return self._skeletons.get(structure, lambda: self._make(structure))

    def _make(self, structure: Structure) -> tuple[Piece, ...]:
        pieces = self._parse(structure)
        if any(isinstance(piece, Words) and _REMAINS.search(piece.text) for piece in pieces):
            raise _refused(structure, "it does not write a text as it is")
        kinds = [kind for turn in structure for kind in turn.parts]
        texts = [piece.part for piece in pieces if isinstance(piece, Slot) and piece.kind == "text"]
        for at, kind in enumerate(kinds):
            if kind == "text" and texts.count(at) != 1:
                raise _refused(structure, f"it writes part {at}, a text, {texts.count(at)} times")
        for kind in ("image", "video"):
            wanted = [at for at, one in enumerate(kinds) if one == kind]
            written = [piece for piece in pieces if isinstance(piece, Slot) and piece.kind == kind]
            if len(wanted) != len(written):
                raise _refused(structure, f"it writes {len(written)} places for {len(wanted)} parts of kind {kind}")
        self._check_order(structure)
        return self._with_edges(self._with_strips(structure, _numbered(pieces, kinds)))

    def _with_edges(self, pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
        """The pieces and what the tokenizer puts around any text, unless the template begins with that already."""
        before, after = self._edges
        first = Control(self._tokenizer.bos_token_id) if self._tokenizer.bos_token else None
        return pieces if first is not None and pieces[:1] == (first,) else (*before, *pieces, *after)

    def _render(self, structure: Structure, left: str = "", right: str = "") -> str:
        messages, at = [], 0
        for turn in structure:
            content: list[dict[str, str]] = []
            for name in turn.parts:
                stand_in = left + _STAND_IN.format(at) + right if name == "text" else name
                kind = name if name in _KINDS else "text"
                content.append({"type": kind, kind: stand_in})
                at += 1
            alone = self._flat and len(content) == 1 and content[0]["type"] == "text"
            messages.append({"role": turn.role, "content": content[0]["text"] if alone else content})
        try:
            return str(
                self._tokenizer.apply_chat_template(messages, chat_template=self.text, tokenize=False, **self.settings)
            )
        except Exception as error:  # a program of somebody else's
            msg = f"{type(error).__name__}: {error}"
            raise _refused(structure, msg) from error

    def _parse(self, structure: Structure, left: str = "", right: str = "") -> list[Piece]:
        rendered, pieces, at = self._render(structure, left, right), list[Piece](), 0
        for match in self._split.finditer(rendered):
            _add_words(pieces, rendered[at : match.start()])
            pieces.append(self._piece(match))
            at = match.end()
        _add_words(pieces, rendered[at:])
        return pieces

    def _piece(self, match: re.Match[str]) -> Piece:
        if match[1] is not None:
            return Slot(int(match[1]), "text")
        token = match[0]
        return Slot(-1, self._kinds[token]) if token in self._kinds else Control(self._controls[token])

    def _check_order(self, structure: Structure) -> None:
        """Pictures are told apart by their order alone, so turns that have some must come in theirs."""
        shown = [bool({"image", "video"} & set(turn.parts)) for turn in structure]
        if sum(shown) < 2:  # noqa: PLR2004  # nothing to confuse
            return
        words = tuple(
            dataclasses.replace(turn, parts=("text",)) if is_shown else turn
            for turn, is_shown in zip(structure, shown, strict=True)
        )
        starts = itertools.accumulate((len(turn.parts) for turn in words), initial=0)
        expected = [start for start, is_shown in zip(starts, shown, strict=False) if is_shown]
        written = [piece.part for piece in self._parse(words) if isinstance(piece, Slot)]
        if [part for part in written if part in expected] != expected:
            raise _refused(structure, "it writes the turns, which have pictures or clips, in another order")

    def _with_strips(self, structure: Structure, pieces: Sequence[Piece]) -> tuple[Piece, ...]:
        if not any(isinstance(piece, Slot) and piece.kind == "text" for piece in pieces):
            return tuple(pieces)
        plain = _surroundings(pieces)
        sides: dict[int, list[str | None]] = {part: ["", ""] for part in plain}
        for space in _SPACES:
            for side in (0, 1):
                padded = _surroundings(self._parse(structure, "" if side else space, space if side else ""))
                for part, around in plain.items():
                    with_space = around[side] + space if side == 0 else space + around[side]
                    if part not in padded or padded[part][side] not in {around[side], with_space}:
                        raise _refused(structure, f"it rewrites the white space around part {part}")
                    if padded[part][side] == around[side]:
                        sides[part][side] = space if space == "\n" else None
        stripped = {part: (left, right) for part, (left, right) in sides.items()}
        return tuple(
            dataclasses.replace(piece, strips=stripped[piece.part])
            if isinstance(piece, Slot) and piece.kind == "text"
            else piece
            for piece in pieces
        )


def _edges(tokenizer: Any) -> tuple[tuple[Control, ...], tuple[Control, ...]]:
    """The tokens that a tokenizer puts before and after a text."""
    bare = list(tokenizer(_TEXT, add_special_tokens=False)["input_ids"])
    whole = list(tokenizer(_TEXT)["input_ids"])
    at = next((at for at in range(len(whole)) if whole[at : at + len(bare)] == bare), None)
    if at is None:
        return (), ()
    before, after = whole[:at], whole[at + len(bare) :]
    return tuple(map(Control, before)), tuple(map(Control, after))


def _add_words(pieces: list[Piece], text: str) -> None:
    if text:
        pieces.append(Words(text))


def _numbered(pieces: Sequence[Piece], kinds: Sequence[str]) -> list[Piece]:
    """The slots of pictures and clips with their parts: the first slot of a kind is the first part of it."""
    waiting = {kind: iter([at for at, one in enumerate(kinds) if one == kind]) for kind in ("image", "video")}
    return [
        dataclasses.replace(piece, part=next(waiting[piece.kind]))
        if isinstance(piece, Slot) and piece.kind in waiting
        else piece
        for piece in pieces
    ]


def _surroundings(pieces: Sequence[Piece]) -> dict[int, tuple[str, str]]:
    """The words before and after each text; "" where something else stands there."""
    around = {}
    for at, piece in enumerate(pieces):
        if isinstance(piece, Slot) and piece.kind == "text":
            sides = (pieces[at - 1] if at else None, pieces[at + 1] if at + 1 < len(pieces) else None)
            left, right = (side.text if isinstance(side, Words) else "" for side in sides)
            around[piece.part] = (left, right)
    return around


def _refused(structure: Structure, reason: str) -> InputError:
    shown = "; ".join(f"{turn.role}: {', '.join(turn.parts) or 'nothing'}" for turn in structure)
    n_system = sum(turn.role == "system" for turn in structure)
    remedy = (
        "Two turns are the system's: pass instruction='' to let that of the messages stand alone, or another template"
        if n_system > 1
        else "Pass one that can"
    )
    msg = (
        f"the repository's chat template cannot be used for this input ({shown!r:.300}): {reason:.300}. "
        f"{remedy} as processor_kwargs={{'chat_template': ...}}"
    )
    return InputError(msg, value=shown)
