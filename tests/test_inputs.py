from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from medialens.errors import InputError
from medialens.inputs import Audio, Conversation, Image, Item, Text, Video, as_inputs, as_item

LOOKS_LIKE_MEDIA = ["photo.png", "/etc/passwd", "http://127.0.0.1/a.png", "data:image/png;base64,AAAA", "iVBORw0KGgo="]


@given(st.text())
def test_any_string_is_text(text):
    (part,) = as_item(text).parts
    assert part == Text(text)


@pytest.mark.parametrize("text", LOOKS_LIKE_MEDIA)
def test_a_string_that_looks_like_media_is_still_text(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photo.png").write_bytes(b"not opened")
    assert as_item(text).modalities == ("text",)


def test_item_keeps_reading_order_and_turns_strings_into_text():
    item = Item(Image("b.png"), "caption", Image("c.png"))
    assert [part.modality for part in item.parts] == ["image", "text", "image"]
    assert item.modalities == ("text", "image")


@pytest.mark.parametrize(
    "picture",
    [PIL.Image.new("RGB", (2, 2)), np.zeros((2, 2, 3), dtype=np.uint8)],
    ids=["pil", "array"],
)
def test_decoded_pictures_need_no_wrapping(picture):
    assert as_item(picture).modalities == ("image",)


SAMPLES = np.zeros(400, np.float32)


@pytest.mark.parametrize(
    "sound",
    [
        SAMPLES,
        SAMPLES.astype(np.int16),
        np.stack([SAMPLES, SAMPLES]),
        torch.from_numpy(SAMPLES),
        {"array": SAMPLES, "sampling_rate": 8000},
        {"audio": {"array": SAMPLES, "sampling_rate": 8000}},
        {"audio": SAMPLES},
        {"audio": "a.wav"},
        {"audio": Audio("a.wav", end_seconds=3.0)},
    ],
)
def test_sounds_as_sentence_transformers_takes_them(sound):
    (part,) = as_item(sound).parts
    assert isinstance(part, Audio)
    assert as_inputs(sound) == ([sound], True)
    assert as_inputs([sound, sound])[1] is False


def test_an_array_of_words_is_many_texts():
    values, is_one = as_inputs(np.array(["one", "two"]))
    assert not is_one
    assert [as_item(str(value)).modalities for value in values] == [("text",), ("text",)]


def test_several_sounds_of_a_dict_are_several_parts():
    parts = as_item({"audio": [SAMPLES, "a.wav"], "text": "both"}).parts
    assert [part.modality for part in parts] == ["audio", "audio", "text"]


def test_sentence_transformers_dicts_keep_the_order_of_their_keys():
    item = as_item({"image": [b"1", b"2"], "text": "caption"})
    assert [part.modality for part in item.parts] == ["image", "image", "text"]


@pytest.mark.parametrize(
    "clip",
    [
        {"video": "a.mp4"},
        {"video": {"array": np.zeros((2, 4, 4, 3)), "video_metadata": {"fps": 2}}},
        {"array": np.zeros((2, 4, 4, 3)), "video_metadata": {"fps": 2}},
        {"video": np.zeros((2, 4, 4, 3))},
        {"video": [PIL.Image.new("RGB", (2, 2)), PIL.Image.new("RGB", (2, 2))]},
        {"video": [np.zeros((4, 4, 3)), np.zeros((4, 4, 3))]},
        {"video": Video("a.mp4", end_seconds=3.0)},
    ],
    ids="-".join,
)
def test_sentence_transformers_dicts_of_one_clip(clip):
    (part,) = as_item(clip).parts
    assert isinstance(part, Video)
    assert not isinstance(part.source, Video)


def test_several_clips_of_a_dict_are_several_parts():
    assert [part.source for part in as_item({"video": ["a.mp4", "b.mp4"]}).parts] == ["a.mp4", "b.mp4"]


@pytest.mark.parametrize(
    "messages",
    [
        {"role": "user", "content": "hello"},
        [{"role": "system", "content": "be brief"}, {"role": "user", "content": [{"type": "text", "text": "hello"}]}],
    ],
)
def test_chat_messages_pass_through(messages):
    item = as_item(messages)
    assert isinstance(item, Conversation)
    assert item.modalities == ("message",)
    assert list(item.messages) == (messages if isinstance(messages, list) else [messages])


@pytest.mark.parametrize(
    ("value", "remedy"),
    [
        (Path("a.png"), "Image("),
        (b"bytes", "Image("),
        (7, "expected str, Text, Image"),
        (None, "expected str, Text, Image"),
        (["a", "b"], "expected str, Text, Image"),
        ({}, "takes the keys"),
        ({"picture": "a.png"}, "takes the keys text, image"),
    ],
)
def test_what_cannot_be_encoded_is_refused_with_the_remedy(value, remedy):
    with pytest.raises(InputError) as caught:
        as_item(value)
    assert remedy in str(caught.value)


def test_item_refuses_nothing_and_nesting():
    with pytest.raises(InputError, match="at least one part"):
        Item()
    with pytest.raises(InputError, match="cannot stand inside"):
        Item(Item("a"))  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [Image, Audio, Video])
@pytest.mark.parametrize("source", [None, 3, 2.5, True])
def test_media_refuse_what_can_be_no_source(kind, source):
    with pytest.raises(InputError, match=kind.__name__):
        kind(source)


@pytest.mark.parametrize(
    ("start", "end"),
    [(-1.0, 2.0), (3.0, 3.0), (5.0, 1.0), (None, 0.0), (float("nan"), None), (0, float("inf")), ("1", None), (True, 2)],
)
@pytest.mark.parametrize("kind", [Audio, Video])
def test_an_empty_window_is_refused(kind, start, end):
    with pytest.raises(InputError, match=f"{kind.__name__} window"):
        kind("a.mp4", start_seconds=start, end_seconds=end)


@pytest.mark.parametrize("rate", [0, -8000, 44_100.5, "8000", True])
def test_audio_refuses_a_rate_that_is_none(rate):
    with pytest.raises(InputError, match="samples per second"):
        Audio(np.zeros(4), sample_rate_hz=rate)


@pytest.mark.parametrize("fps", [0, -3, float("nan"), float("inf"), "24", True])
def test_video_refuses_a_rate_that_is_none(fps):
    with pytest.raises(InputError, match="frames per second"):
        Video("a.mp4", fps=fps)


def test_text_refuses_other_types():
    with pytest.raises(InputError, match="takes a str"):
        Text(b"bytes")  # type: ignore[arg-type]


def test_repr_is_short_and_hides_bytes():
    assert repr(Image(b"x" * 5000)) == "Image(<5000 bytes>)"
    assert len(repr(Image("data:image/png;base64," + "A" * 5000))) < 120
    assert repr(Image("a.png")) == "Image('a.png')"


@pytest.mark.parametrize("page", [0, -1, 1.0, "1", True, 10**9])
def test_pages_count_from_1(page):
    with pytest.raises(InputError, match="pages count from 1"):
        Image("a.pdf", page=page)


@pytest.mark.parametrize(
    "box", [(0, 0, 0, 1), (0, 0, 1, 0), (-1, 0, 1, 1), (0, 0, 1), (0, 0, 1.0, 1), (0, 0, True, 1), "0,0,1,1", 5, ()]
)
def test_boxes_are_four_whole_numbers(box):
    with pytest.raises(InputError, match="x, y, width and height"):
        Image("a.png", box=box)
