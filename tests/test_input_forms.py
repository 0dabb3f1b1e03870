"""Every form in which users of Sentence Transformers, transformers and chat interfaces pass media, on a real model.

Each row is one form; its vector equals, bit for bit, that of the same medium in the plainest form.
"""

from __future__ import annotations

import base64
import io
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import PIL.Image
import pytest
import torch
from tests.media.clips import animate, grey, levels
from tests.media.loopback import body, serving

from medialens import Audio, Encoder, Image, Item, MediaLimits, MediaStore, Reranker, Video
from medialens.errors import InputError, UnsupportedModalityError

TEXT = "a red circle beside a blue square"


def _picture() -> PIL.Image.Image:
    picture = PIL.Image.new("RGB", (120, 90), "white")
    picture.paste((200, 30, 30), (10, 10, 60, 60))
    picture.paste((30, 30, 200), (70, 40, 110, 80))
    return picture


def _frames() -> list[np.ndarray]:
    """Eight frames of which no two are alike, in which something moves."""
    frames = [grey(level, 48, 64).copy() for level in levels(8)]
    for at, frame in enumerate(frames):
        frame[10:30, 5 * at : 5 * at + 15] = (200, 30, 30)
    return frames


def _png(picture: PIL.Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def _data_uri(data: bytes, mime_type: str) -> str:
    return f"data:{mime_type};base64,{base64.b64encode(data).decode()}"


class Given:
    """One picture and one clip, and the places where they are."""

    def __init__(self, folder: Path, url: str) -> None:
        self.picture, self.frames = _picture(), _frames()
        self.png, self.apng = _png(self.picture), animate(self.frames, "PNG")
        self.folder, self.url = folder, url
        self.png_path, self.apng_path = folder / "a picture.png", folder / "clip.png"
        self.png_path.write_bytes(self.png)
        self.apng_path.write_bytes(self.apng)
        self.store = MediaStore(folder / "store")
        self.reference = str(self.store.register(self.png_path))
        self.clip_reference = str(self.store.register(self.apng_path))
        self.pixels = np.asarray(self.picture)
        self.array = np.stack(self.frames)
        self.tensor = torch.from_numpy(self.array).permute(0, 3, 1, 2)
        self.pil_frames = [PIL.Image.fromarray(frame) for frame in self.frames]


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    with serving({}) as server:
        values = Given(tmp_path_factory.mktemp("forms"), server.url)
        server.answers |= {"/picture": body(values.png, content_type="text/plain"), "/clip": body(values.apng)}
        yield values


@pytest.fixture(scope="module")
def encoder(given):
    return Encoder("demo", limits=MediaLimits(allow_urls=True, url_hosts=("127.0.0.1",)), store=given.store)


def user(*content):
    return {"role": "user", "content": list(content)}


PICTURES = {
    "PIL": lambda given: given.picture,
    "a path": lambda given: Image(str(given.png_path)),
    "a Path": lambda given: Image(given.png_path),
    "a file URL": lambda given: Image(given.png_path.as_uri()),
    "a URL": lambda given: Image(f"{given.url}/picture"),
    "bytes": lambda given: Image(given.png),
    "a memoryview": lambda given: Image(memoryview(given.png)),
    "an open file": lambda given: Image(io.BytesIO(given.png)),
    "a data URI": lambda given: Image(_data_uri(given.png, "image/png")),
    "a data URI of another type": lambda given: Image(_data_uri(given.png, "image/jpeg")),
    "a reference": lambda given: Image(given.reference),
    "numpy": lambda given: given.pixels,
    "numpy, channels first": lambda given: given.pixels.transpose(2, 0, 1),
    "numpy, 0 to 1": lambda given: given.pixels.astype(np.float32) / 255,
    "numpy, RGBA": lambda given: np.asarray(given.picture.convert("RGBA")),
    "torch": lambda given: torch.from_numpy(given.pixels.copy()).permute(2, 0, 1),
    "torch, channels last": lambda given: torch.from_numpy(given.pixels.copy()),
    "torch, 0 to 1": lambda given: torch.from_numpy(given.pixels.copy()).permute(2, 0, 1) / 255,
    "torch, wrapped": lambda given: Image(torch.from_numpy(given.pixels.copy()).permute(2, 0, 1)),
    "a dict of PIL": lambda given: {"image": given.picture},
    "a dict of a path": lambda given: {"image": str(given.png_path)},
    "a dict of a URL": lambda given: {"image": f"{given.url}/picture"},
    "a dict of a data URI": lambda given: {"image": _data_uri(given.png, "image/png")},
    "a dict of an array": lambda given: {"image": given.pixels},
    "a dict of a list": lambda given: {"image": [given.picture]},
    "an Item": lambda given: Item(given.picture),
    "a message": lambda given: user({"type": "image", "image": given.picture}),
    "messages": lambda given: [user({"type": "image", "image": str(given.png_path)})],
    "a message with a path": lambda given: [user({"type": "image", "path": str(given.png_path)})],
    "a message with a URL": lambda given: [user({"type": "image", "url": f"{given.url}/picture"})],
    "a message with base64": lambda given: [
        user({"type": "image", "base64": base64.b64encode(given.png).decode(), "mime_type": "image/png"})
    ],
    "a message with an image_url": lambda given: [
        user({"type": "image_url", "image_url": {"url": _data_uri(given.png, "image/png"), "detail": "low"}})
    ],
    "a message with a typed part": lambda given: [user(Image(given.png))],
    "a message with a system's": lambda given: [
        {"role": "system", "content": [{"type": "text", "text": "Represent the picture."}]},
        user({"type": "image", "image": given.picture}),
    ],
}


@pytest.mark.parametrize("form", PICTURES)
def test_pictures(given, encoder, form):
    np.testing.assert_array_equal(encoder.encode(PICTURES[form](given)), encoder.encode(Image(given.png)))


CLIPS = {
    "a path": lambda given: Video(str(given.apng_path)),
    "a Path": lambda given: Video(given.apng_path),
    "a URL": lambda given: Video(f"{given.url}/clip"),
    "a data URI": lambda given: Video(_data_uri(given.apng, "image/apng")),
    "an open file": lambda given: Video(io.BytesIO(given.apng)),
    "a reference": lambda given: Video(given.clip_reference),
    "a bare array": lambda given: given.array,
    "a bare tensor": lambda given: given.tensor,
    "an array": lambda given: Video(given.array),
    "an array with its rate": lambda given: Video(given.array, fps=10),
    "an array, channels first": lambda given: given.array.transpose(0, 3, 1, 2),
    "a tensor": lambda given: Video(given.tensor),
    "a tensor, channels last": lambda given: torch.from_numpy(given.array),
    "a tensor, 0 to 1": lambda given: given.tensor / 255,
    "PIL frames": lambda given: Video(given.pil_frames),
    "a tuple of arrays": lambda given: Video(tuple(given.frames)),
    "paths of frames": lambda given: Video(_written(given)),
    "a dict of a path": lambda given: {"video": str(given.apng_path)},
    "a dict of a URL": lambda given: {"video": f"{given.url}/clip"},
    "a dict of an array": lambda given: {"video": given.array},
    "a dict of a tensor": lambda given: {"video": given.tensor},
    "a dict of PIL frames": lambda given: {"video": given.pil_frames},
    "array and video_metadata": lambda given: {"array": given.array, "video_metadata": {"fps": 10.0}},
    "array and metadata without a rate": lambda given: {"array": given.tensor, "video_metadata": {}},
    "array and metadata as an object": lambda given: {
        "array": given.pil_frames,
        "video_metadata": SimpleNamespace(fps=10, total_num_frames=8),
    },
    "a dict of array and video_metadata": lambda given: {"video": {"array": given.array, "video_metadata": None}},
    "a message": lambda given: user({"type": "video", "video": given.array}),
    "a message of frames": lambda given: [user({"type": "video", "video": given.pil_frames, "fps": 10.0})],
    "a message with a path": lambda given: [user({"type": "video", "path": str(given.apng_path), "fps": 2.0})],
    "a message with a URL": lambda given: [user({"type": "video", "url": f"{given.url}/clip"})],
    "a message with a video_url": lambda given: [
        user({"type": "video_url", "video_url": {"url": _data_uri(given.apng, "image/apng")}})
    ],
}


def _written(given):
    for at, frame in enumerate(given.pil_frames):
        frame.save(given.folder / f"frame{at}.png")
    return [str(given.folder / f"frame{at}.png") for at in range(len(given.frames))]


@pytest.mark.parametrize("form", CLIPS)
def test_clips(given, encoder, form):
    np.testing.assert_array_equal(encoder.encode(CLIPS[form](given)), encoder.encode(Video(given.apng)))


TEXTS = {
    "a message": lambda _: {"role": "user", "content": TEXT},
    "messages": lambda _: [{"role": "user", "content": [{"type": "text", "text": TEXT}]}],
    "a dict": lambda _: {"text": TEXT},
    "an Item": lambda _: Item(TEXT),
}


@pytest.mark.parametrize("form", TEXTS)
def test_texts(given, encoder, form):
    np.testing.assert_array_equal(encoder.encode(TEXTS[form](given)), encoder.encode(TEXT))


MIXED = {
    "a dict": lambda given: {"image": given.picture, "text": TEXT},
    "a dict the other way round": lambda given: {"text": TEXT, "image": str(given.png_path)},
    "a dict of lists": lambda given: {"image": [given.picture], "text": [TEXT]},
    "a message": lambda given: user({"type": "image", "image": given.picture}, {"type": "text", "text": TEXT}),
    "two messages": lambda given: [user(given.picture), {"role": "user", "content": TEXT}],
}


@pytest.mark.parametrize("form", MIXED)
def test_mixtures(given, encoder, form):
    np.testing.assert_array_equal(encoder.encode(MIXED[form](given)), encoder.encode(Item(Image(given.png), TEXT)))


def test_several_pictures_of_one_item(given, encoder):
    pair = Item(Image(given.png), given.pil_frames[0])
    for form in ({"image": [given.picture, given.frames[0]]}, user(given.picture, Image(given.frames[0]))):
        np.testing.assert_array_equal(encoder.encode(form), encoder.encode(pair))


def test_all_forms_in_one_list(given, encoder):
    forms = [make(given) for table in (PICTURES, CLIPS, TEXTS, MIXED) for make in table.values()]
    together = encoder.encode(forms)
    for form, vector in zip(forms, together, strict=True):
        np.testing.assert_array_equal(vector, encoder.encode(form))


def test_forms_of_queries_and_documents_of_the_reranker(given, encoder):
    reranker = Reranker("demo", limits=MediaLimits(allow_urls=True, url_hosts=("127.0.0.1",)), store=given.store)
    documents = [Image(given.png), TEXT, Video(given.apng)]
    forms = [PICTURES["a message with an image_url"](given), TEXTS["a message"](given), CLIPS["a bare tensor"](given)]
    wanted = reranker.rank(TEXT, documents)
    assert reranker.rank(TEXTS["messages"](given), forms) == wanted
    assert reranker.score([(PICTURES["numpy"](given), one) for one in forms]).tolist() == pytest.approx(
        reranker.score([(Image(given.png), one) for one in documents]).tolist(), abs=1e-6
    )


# What no form is --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spelling", ["path", "url", "data"])
def test_a_string_is_text_however_it_looks(given, encoder, spelling):
    looks = {"path": str(given.png_path), "url": f"{given.url}/picture", "data": _data_uri(given.png, "image/png")}
    text = looks[spelling]
    np.testing.assert_array_equal(encoder.encode(text), encoder.encode(Item(text)))
    np.testing.assert_array_equal(encoder.encode({"role": "user", "content": text}), encoder.encode(Item(text)))
    assert not np.array_equal(encoder.encode(text), encoder.encode(Image(given.png)))


@pytest.mark.parametrize(
    ("value", "error", "says"),
    [
        (("a query", "a document"), InputError, "tuple"),
        ([["a", "b"]], InputError, "list"),
        (Path("a.png"), InputError, "Image("),
        (b"bytes", InputError, "Image("),
        ({"picture": "a.png"}, InputError, "text, image"),
        ({"image": None}, InputError, "Image takes"),
        (np.zeros((1, 2, 4, 4, 3), np.uint8), InputError, "ndarray"),
        ([{"role": "assistant", "content": "hello"}], UnsupportedModalityError, "assistant"),
        (Audio(b"RIFF"), UnsupportedModalityError, "audio"),
    ],
)
def test_what_is_refused_fails_alone(encoder, value, error, says):
    result = encoder.encode(["before", value, "after"], errors="return")
    assert {at: type(one) for at, one in result.errors.items()} == {1: error}
    assert result.errors[1].index == 1
    assert says in str(result.errors[1])
    np.testing.assert_array_equal(result.vectors[2], encoder.encode("after"))
