import io
import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont
from tests.media.encoding import encode, exif, noise

from medialens import Image
from medialens.errors import InputError, MediaChangedError, MediaDecodeError, MediaLimitError
from medialens.media.decode import decode, resolve
from medialens.media.decoded import MediaNeeds
from medialens.media.limits import MediaLimits
from medialens.media.pictures.image import load_image
from medialens.media.segment import tiles
from medialens.media.segment.tiles import split_tiles
from medialens.media.store import MediaStore


@pytest.fixture
def store(tmp_path):
    return MediaStore(tmp_path / "store")


def page_of_text(width, height):
    """Lines of text in paragraphs; and the rows that no letter touches."""
    page = Picture.new("RGB", (width, height), "white")
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(22)
    chance = np.random.default_rng(0)
    y = 30
    while y < height - 40:
        for _ in range(chance.integers(2, 7)):
            draw.text((30, y), "all happy families are alike " * (width // 300), fill="black", font=font)
            y += 30
        y += 40
    return page


def written(picture, path, **options):
    path.write_bytes(encode(picture, **options))
    return path


def pixels_of(segment):
    item = Image(str(segment.reference), store=segment.store)
    decoded = decode(resolve(_item(item), MediaLimits()), MediaNeeds(modalities=("image",)), MediaLimits())
    return decoded.images[0].pixels


def _item(part):
    from medialens import Item

    return Item(part)


def covered(segments, width, height):
    seen = np.zeros((height, width), bool)
    for segment in segments:
        x, y, w, h = segment.reference.box
        seen[y : y + h, x : x + w] = True
    return seen.all()


@pytest.mark.parametrize("is_tall", [True, False])
def test_a_long_shot_becomes_tiles_with_the_pixels_of_their_boxes(tmp_path, store, is_tall):
    pixels = noise(2000, 300) if is_tall else noise(300, 2000)
    segments = split_tiles(written(pixels, tmp_path / "shot.png"), store=store)

    assert len(segments) == 5
    assert covered(segments, pixels.shape[1], pixels.shape[0])
    for segment in segments:
        x, y, width, height = segment.reference.box
        assert (segment.width, segment.height) == (width, height)
        assert (width if is_tall else height) == 300
        assert np.array_equal(pixels_of(segment), pixels[y : y + height, x : x + width])
        assert segment.parent == segments[0].parent
        assert segment.source == str(tmp_path / "shot.png")
        assert segment.thumbnail is None


def test_no_tile_cuts_a_line_of_text(tmp_path, store):
    page = page_of_text(600, 8000)
    segments = split_tiles(written(page, tmp_path / "page.png"), store=store)

    rows = np.asarray(page.convert("L"))
    assert len(segments) > 5
    for segment in segments:
        _, y, _, height = segment.reference.box
        for cut in {y, y + height} - {0, 8000}:
            assert rows[cut - 1 : cut + 1].min() == 255


@pytest.mark.parametrize("size", [(800, 600), (1920, 1080), (600, 900), (1, 1), (500, 20)])
def test_ordinary_pictures_stay_whole_and_are_not_decoded(tmp_path, store, size, monkeypatch):
    monkeypatch.setattr(tiles, "load_image", None)
    (segment,) = split_tiles(written(Picture.new("RGB", size), tmp_path / "photo.png"), store=store)

    assert segment.reference.box is None
    assert segment.reference == segment.parent
    assert (segment.width, segment.height) == size


@pytest.mark.parametrize("orientation", range(1, 9))
def test_boxes_are_of_the_upright_picture(tmp_path, store, orientation):
    path = written(noise(200, 1500), tmp_path / "turned.jpg", file_format="JPEG", exif=exif(orientation))
    upright = load_image(path).pixels
    segments = split_tiles(path, store=store)

    height, width = upright.shape[:2]
    assert (height > width) == (orientation > 4)
    assert covered(segments, width, height)
    for segment in segments:
        x, y, w, h = segment.reference.box
        assert np.array_equal(pixels_of(segment), upright[y : y + h, x : x + w])


def test_thumbnails_are_kept_in_the_store(tmp_path, store):
    page = page_of_text(600, 3000)
    segments = split_tiles(written(page, tmp_path / "page.png"), store=store, thumbnails=True)

    for segment in segments:
        small = Picture.open(io.BytesIO(store.read(segment.thumbnail)))
        _, y, width, height = segment.reference.box
        assert small.format == "JPEG"
        assert max(small.size) == 320
        shrunk = page.crop((0, y, width, y + height)).resize(small.size, Picture.Resampling.LANCZOS)
        difference = np.abs(np.asarray(small).astype(int) - np.asarray(shrunk)).mean()
        assert difference < 4  # what JPEG costs; another tile of this page differs by more than 20


def test_bytes_are_put_into_the_store(store):
    segments = split_tiles(encode(noise(1000, 100)), store=store)
    assert {segment.source for segment in segments} == {""}
    assert np.array_equal(pixels_of(segments[0]), noise(1000, 100)[: segments[0].height])


def test_a_file_that_changed_since_says_so_and_a_copy_does_not_mind(tmp_path, store):
    path = written(noise(1000, 100), tmp_path / "shot.png")
    pointed, copied = split_tiles(path, store=store), split_tiles(path, store=tmp_path / "other", copy=True)
    path.write_bytes(encode(noise(1000, 100, seed=1)))

    with pytest.raises(MediaChangedError):
        pixels_of(pointed[0])
    assert pixels_of(copied[0]).shape == (copied[0].height, 100, 3)


def test_fifty_times_as_long_as_wide_is_tiled_and_beyond_the_limit_it_is_an_error(tmp_path, store):
    segments = split_tiles(written(Picture.new("RGB", (120, 6000)), tmp_path / "tall.png"), store=store)
    assert len(segments) == 41
    assert covered(segments, 120, 6000)

    path = written(Picture.new("RGB", (50_000, 100)), tmp_path / "sliver.png")
    with pytest.raises(MediaLimitError, match=r"sliver\.png.*50000x100.*max_aspect_ratio") as caught:
        split_tiles(path, store=store)
    assert "cut it into tiles" not in str(caught.value)
    assert len(split_tiles(path, store=store, limits=MediaLimits(max_aspect_ratio=600))) > 300


def test_what_is_no_picture_and_what_is_no_shape(tmp_path, store):
    document = tmp_path / "report.pdf"
    document.write_bytes(b"%PDF-1.7\n")
    with pytest.raises(MediaDecodeError, match=r"report\.pdf.*application/pdf.*split_tiles takes a picture"):
        split_tiles(document, store=store)
    path = written(noise(10, 10), tmp_path / "a.png")
    for wrong in ({"aspect_ratio": 0.5}, {"aspect_ratio": float("nan")}, {"overlap": 0.5}, {"overlap": -0.1}):
        with pytest.raises(InputError, match=next(iter(wrong))):
            split_tiles(path, store=store, **wrong)


def test_options_shape_the_tiles(tmp_path, store):
    path = written(Picture.new("RGB", (100, 3000)), tmp_path / "tall.png")
    segments = split_tiles(path, store=store, aspect_ratio=3.0, overlap=0.25)
    boxes = [segment.reference.box for segment in segments]
    assert all(2.5 <= height / 100 <= 3.5 for _, _, _, height in boxes)
    for (_, y, _, height), (_, following, _, _) in itertools.pairwise(boxes):
        assert 0.18 * 300 <= y + height - following <= 0.32 * 300


_MEMORY = """
import pathlib, re, sys
from medialens import Encoder
from medialens.media.segment.tiles import split_tiles
from PIL import Image

def peak_kilobytes():  # of this process alone; what getrusage says begins with the parent's peak
    return int(re.search(r"VmHWM:\\s*(\\d+) kB", pathlib.Path("/proc/self/status").read_text())[1])

encoder = Encoder("demo", device="cpu")
encoder.encode([Image.new("RGB", (640, 900))])  # everything is imported and warm
before = peak_kilobytes()
segments = split_tiles(sys.argv[1], store=sys.argv[2], thumbnails=True)
encoder.encode([segment.part for segment in segments])
print(len(segments), (peak_kilobytes() - before) // 1024)
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
def test_a_screenshot_of_20000_pixels_is_split_and_encoded_in_bounded_memory(tmp_path):
    path = tmp_path / "shot.png"
    page_of_text(1280, 20_000).save(path, compress_level=1)
    command = [sys.executable, "-c", _MEMORY, str(path), str(tmp_path / "store")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=550)

    n_tiles, megabytes = map(int, done.stdout.split())
    assert n_tiles == 13
    assert megabytes <= 300
