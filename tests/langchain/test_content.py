"""Strings, content blocks and messages as items."""

import base64

import pytest
from langchain_core.messages import HumanMessage
from langchain_core.messages.content import (
    create_audio_block,
    create_file_block,
    create_image_block,
    create_plaintext_block,
    create_text_block,
    create_video_block,
)
from tests.look_alikes import LOOK_ALIKES, refuse_io

from medialens.errors import InputError, MediaReferenceError
from medialens.inputs import Audio, Conversation, Image, Item, Text, Video
from medialens.langchain.content import content_to_item, contents_to_items

REFERENCE = "<media://sha256/" + "a" * 64 + "?type=image/png#page=3>"
PNG = b"\x89PNG\r\n\x1a\n rest"
BASE64 = base64.b64encode(PNG).decode()


def parts(content, **settings):
    return content_to_item(content, **settings).parts


def test_standard_blocks_become_parts_in_reading_order():
    blocks = [
        create_text_block("like this"),
        create_image_block(base64=BASE64, mime_type="image/png"),
        create_video_block(url="https://example.com/a.mp4"),
        create_audio_block(base64=BASE64, mime_type="audio/wav"),
        create_plaintext_block("and this"),
    ]
    text, image, video, audio, more = parts(blocks)
    assert (text, more) == (Text("like this"), Text("and this"))
    assert (type(image), image.source) == (Image, PNG)
    assert (type(video), video.source) == (Video, "https://example.com/a.mp4")
    assert (type(audio), audio.source) == (Audio, PNG)


def test_a_message_a_single_block_and_older_forms_say_the_same():
    block = create_image_block(base64=BASE64, mime_type="image/png")
    old = {"type": "image", "source_type": "base64", "data": BASE64, "mime_type": "image/png"}
    linked = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{BASE64}"}}
    for content in ([block], block, HumanMessage([block]), [old]):
        (part,) = parts(content)
        assert (type(part), part.source) == (Image, PNG)
    (part,) = parts([linked])
    assert part.source == f"data:image/png;base64,{BASE64}"
    assert parts(HumanMessage("words")) == parts("words") == parts(["words"]) == (Text("words"),)
    assert parts([{"type": "text", "source_type": "text", "text": "words"}]) == (Text("words"),)


def test_files_are_told_by_their_bytes():
    (page,) = parts(
        [
            {
                **create_file_block(base64=base64.b64encode(b"%PDF-1.7 rest").decode(), mime_type="image/png"),
                "extras": {"page": 2},
            }
        ]
    )
    assert (type(page), page.page) == (Image, 2)
    (picture,) = parts([create_file_block(base64=BASE64, mime_type="text/plain")])
    assert type(picture) is Image
    with pytest.raises(InputError, match=r"block 0: the file is application/octet-stream"):
        parts([create_file_block(base64=base64.b64encode(b"\x00\x01").decode(), mime_type="image/png")])


def test_windows_pages_and_boxes_of_a_medium():
    (clip,) = parts([{"type": "video", "base64": BASE64, "start_seconds": 1.0, "end_seconds": 2.0}])
    assert (clip.start_seconds, clip.end_seconds) == (1.0, 2.0)
    (tile,) = parts([{"type": "image", "base64": BASE64, "extras": {"box": (1, 2, 3, 4)}}])
    assert tile.box == (1, 2, 3, 4)


def test_a_block_names_a_registered_medium_in_the_store_of_the_adapter():
    for block in ({"type": "image", "media_ref": REFERENCE}, {"type": "image", "extras": {"media_ref": REFERENCE}}):
        (part,) = parts([block], store="memory://content")
        assert (type(part), part.source, part.store) == (Image, REFERENCE, "memory://content")
    for wrong in ("words", "/etc/passwd", f"{REFERENCE} {REFERENCE}", 3):
        with pytest.raises(InputError, match="is no media reference"):
            parts([{"type": "image", "media_ref": wrong}])


def test_text_in_a_block_is_text_whatever_it_looks_like():
    assert parts([create_text_block(REFERENCE)]) == (Text(REFERENCE),)
    with pytest.MonkeyPatch.context() as patch:
        tried = refuse_io(patch)
        for text in LOOK_ALIKES:
            assert parts([create_text_block(text)]) == parts(text) == parts([text]) == (Text(text),)
    assert tried == []


def test_what_a_string_is_depends_on_who_says_it():
    mixed = f"see {REFERENCE}"
    assert parts(mixed) == (Text(mixed),)
    assert [part.modality for part in parts(mixed, is_query=False)] == ["text", "image"]
    assert [part.modality for part in parts(REFERENCE)] == ["image"]
    with pytest.raises(MediaReferenceError):
        parts("<media://nothing>")


def test_parts_items_and_conversations_are_themselves():
    picture = Image(PNG)
    assert parts(picture) == parts([picture]) == parts(Item(picture)) == (picture,)
    messages = [{"role": "user", "content": "words"}]
    assert isinstance(content_to_item(messages), Conversation)


@pytest.mark.parametrize(
    ("block", "says"),
    [
        ({"type": "image"}, "one of base64, url and media_ref"),
        ({"type": "image", "base64": BASE64, "url": "https://example.com"}, "one of base64, url and media_ref"),
        ({"type": "image", "file_id": "file-1"}, "one of base64, url and media_ref"),
        ({"type": "image", "base64": "not base64!"}, "is not base64"),
        ({"type": "image", "url": "file:///etc/passwd"}, "is no URL"),
        ({"type": "image", "url": "/etc/passwd"}, "is no URL"),
        ({"type": "image", "path": "/etc/passwd"}, "one of base64, url and media_ref"),
        ({"type": "tool_call"}, "'type' of text, image"),
        ({"type": "text", "text": None}, "Text takes a str"),
    ],
)
def test_a_block_that_says_nothing_usable_is_named(block, says):
    with pytest.raises(InputError, match=rf"content block 1: (?s:.*){says}"):
        parts(["fine", block])


def test_nothing_and_a_single_content_in_place_of_a_list_are_refused():
    with pytest.raises(InputError, match="empty list"):
        parts([])
    for single in ("words", {"type": "text", "text": "words"}, HumanMessage("words"), Image(PNG)):
        with pytest.raises(InputError, match="expected a list of contents"):
            contents_to_items(single)
    with pytest.raises(InputError, match=r"^item 1: the content is an empty list"):
        contents_to_items(["fine", []])
