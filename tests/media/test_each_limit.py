"""Each limit, kept: by a file that is just within it, and by one that is just beyond it, refused before the work."""

import dataclasses
import io
import math

import numpy as np
import pytest
from PIL import Image as PilImage
from PIL import ImageFile
from tests.media.clips import animate, film, grey, levels
from tests.media.documents import document, square
from tests.media.encoding import encode, noise
from tests.media.fuzzing import SEEDS
from tests.media.loopback import body, redirect, serving

from medialens.errors import MediaAccessError, MediaLimitError
from medialens.inputs import Audio, Image, Item, Video
from medialens.media.decode import decode, resolve
from medialens.media.decoded import MediaNeeds
from medialens.media.limits import MediaLimits
from medialens.media.segment.pages import split_pages
from medialens.media.segment.subtitles import read_subtitles

NEEDS = MediaNeeds(modalities=("text", "image", "audio", "video"), n_frames=4, sample_rate_hz=8000)
LOOPBACK = {"allow_urls": True, "url_hosts": ("127.0.0.1",)}


def see(part, **fields):
    limits = MediaLimits(**fields)
    (decoded,) = decode(resolve(Item(part), limits), NEEDS, limits).parts
    return decoded


def tone(n_samples):
    return Audio(np.sin(np.arange(n_samples) / 3, dtype=np.float32), sample_rate_hz=8000)


PICTURE = encode(noise(30, 40))
FRAMES = [grey(level, 32, 48) for level in levels(10)]
CLIP = film(FRAMES)  # one second

# Field, the most that lets the part pass, the part.
KEPT = [
    ("max_bytes", len(PICTURE), Image(PICTURE)),
    ("max_bytes", 10 * 32 * 48 * 3, Video(np.stack(FRAMES))),
    ("max_pixels", 30 * 40, Image(PICTURE)),
    ("max_pixels", 30 * 40, Image(noise(30, 40))),
    ("max_pixels", 30 * 40, Image(PilImage.fromarray(noise(30, 40)))),
    ("max_aspect_ratio", 40 / 30, Image(PICTURE)),
    ("max_frames", 10, Video(FRAMES)),
    ("max_frames", 10, Video(animate(FRAMES, "GIF"))),
    ("max_frame_pixels", 32 * 48, Video(CLIP)),
    ("max_frame_pixels", 32 * 48, Video(animate(FRAMES, "WEBP"))),
    ("max_clip_pixels", 10 * 32 * 48, Video(FRAMES)),
    ("max_seconds", 1, Video(CLIP)),
    ("max_seconds", 0.5, tone(4000)),
    ("max_samples", 4000, tone(4000)),
    ("max_item_pixels", 30 * 40, Image(PICTURE)),
    ("max_item_pixels", 4 * 32 * 48, Video(FRAMES)),
]


@pytest.mark.parametrize(("field", "most", "part"), KEPT)
def test_limits_are_kept_to_the_last_unit(field, most, part):
    see(part, **{field: most})
    with pytest.raises(MediaLimitError, match=field) as caught:
        see(part, **{field: most - most / 1000 if isinstance(most, float) else most - 1})
    assert caught.value.limit == field
    assert caught.value.maximum < most <= caught.value.value


def test_a_file_that_is_sought_in_has_a_limit_of_its_own(tmp_path):
    (tmp_path / "a.mp4").write_bytes(CLIP)
    clip = Video(tmp_path / "a.mp4")
    see(clip, max_bytes=10, max_file_bytes=len(CLIP))
    with pytest.raises(MediaLimitError, match="max_file_bytes"):
        see(clip, max_file_bytes=len(CLIP) - 1)


def test_pages(tmp_path):
    (tmp_path / "a.pdf").write_bytes(document([square("red", (0, 0, 9, 9))] * 3))
    assert len(split_pages(tmp_path / "a.pdf", store="memory://limits", limits=MediaLimits(max_pages=3))) == 3
    with pytest.raises(MediaLimitError, match=r"3 pages.*max_pages"):
        split_pages(tmp_path / "a.pdf", store="memory://limits", limits=MediaLimits(max_pages=2))


def test_a_large_page_is_drawn_with_fewer_pixels():
    page = Image(document([square("red", (0, 0, 9, 9))]), page=1)
    assert see(page).pixels.shape == (144, 144, 3)
    assert math.prod(see(page, max_page_pixels=2000).pixels.shape[:2]) <= 2000


def test_subtitles(tmp_path):
    (tmp_path / "a.srt").write_bytes(SEEDS["srt"]())
    n_bytes = len(SEEDS["srt"]())
    assert len(read_subtitles(tmp_path / "a.srt", MediaLimits(max_transcript_bytes=n_bytes))) == 2
    with pytest.raises(MediaLimitError):
        read_subtitles(tmp_path / "a.srt", MediaLimits(max_transcript_bytes=n_bytes - 1))


def test_downloads():
    answers = {"/a": body(PICTURE), "/1": redirect("/2"), "/2": redirect("/a")}
    with serving(answers) as server:
        see(Image(f"{server.url}/1"), **LOOPBACK, max_redirects=2)
        for path, fields, limit in (
            ("/1", {"max_redirects": 1}, "max_redirects"),
            ("/a", {"max_bytes": len(PICTURE) - 1}, "max_bytes"),
            ("/a", {"connect_timeout_seconds": 0}, "connect_timeout_seconds"),
            ("/a", {"total_timeout_seconds": 0}, "total_timeout_seconds"),
        ):
            with pytest.raises(MediaLimitError, match=limit) as caught:
                see(Image(f"{server.url}{path}"), **LOOPBACK, **fields)
            assert caught.value.limit == limit
        for fields in ({}, {"url_hosts": ("127.0.0.1",)}, {"allow_urls": True}):
            with pytest.raises(MediaAccessError):
                see(Image(f"{server.url}/a"), **fields)


@pytest.fixture
def undecoded(monkeypatch):
    """Decoding anything fails the test."""
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda *_: pytest.fail("it was decoded"))
    monkeypatch.setattr(PilImage.Image, "convert", lambda *_: pytest.fail("it was converted"))


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"])
def test_sizes_are_told_from_the_header(undecoded, file_format):
    file = io.BytesIO()
    with pytest.MonkeyPatch.context() as own:
        own.undo()
        picture = PilImage.new("RGB", (60, 50)) if file_format != "GIF" else PilImage.new("P", (60, 50))
        picture.save(file, file_format)
    with pytest.raises(MediaLimitError, match="max_pixels"):
        see(Image(file.getvalue()), max_pixels=2999)


def test_there_is_a_test_for_every_limit():
    tested = {field for field, *_ in KEPT} | {"max_file_bytes", "max_pages", "max_page_pixels", "max_transcript_bytes"}
    tested |= {"max_redirects", "connect_timeout_seconds", "total_timeout_seconds", "allow_urls", "url_hosts"}
    elsewhere = {"read_timeout_seconds", "roots"}  # test_fetch.py, test_files.py
    elsewhere |= {"max_pdf_seconds", "max_pdf_memory_bytes"}  # pages/test_document.py
    assert tested | elsewhere == {field.name for field in dataclasses.fields(MediaLimits)}


@pytest.mark.parametrize("kind", set(SEEDS) - {"srt", "vtt"})
def test_lifted_limits_change_nothing(kind):
    amounts = {field.name: math.inf for field in dataclasses.fields(MediaLimits) if type(field.default) in {int, float}}
    sounds = {"wav", "mp3", "flac", "caf", "au", "wma", "ogg-opus", "m4a"}
    part = (Audio if kind in sounds else Image if kind == "pdf" else Video)(
        SEEDS[kind](), **{"page": 1} if kind == "pdf" else {}
    )
    usual, lifted = see(part), see(part, **amounts)
    assert usual.digest == lifted.digest or kind == "pdf"  # pages are drawn for a number of pixels
    for name in ("pixels", "frames", "samples"):
        np.testing.assert_array_equal(getattr(usual, name, 0), getattr(lifted, name, 0))
