import io
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from PIL import Image, ImageFile
from tests.media.encoding import encode, exif, noise, png

from medialens.errors import InputError, MediaDecodeError, MediaError, MediaLimitError, MediaNotFoundError
from medialens.media.decoded import DecodedImage
from medialens.media.limits import MediaLimits
from medialens.media.pictures import image as canonical
from medialens.media.pictures.image import load_image, measure_image
from medialens.media.source import encoded

LOSSLESS = {
    "PNG": {},
    "BMP": {},
    "TIFF": {},
    "PPM": {},
    "WEBP": {"lossless": True},
    "JPEG2000": {"irreversible": False},
}
LOSSY = ("JPEG", "GIF", "AVIF")


@pytest.mark.parametrize("file_format", LOSSLESS)
def test_lossless_files_give_the_pixels_that_were_saved(file_format):
    pixels = noise(23, 17)
    assert np.array_equal(load_image(encode(pixels, file_format, **LOSSLESS[file_format])).pixels, pixels)


@pytest.mark.parametrize("file_format", LOSSY)
def test_lossy_files_give_a_flat_colour_back(file_format):
    pixels = np.full((16, 24, 3), (200, 30, 60), np.uint8)
    loaded = load_image(encode(pixels, file_format, quality=95)).pixels
    assert loaded.shape == pixels.shape
    assert np.abs(loaded.astype(int) - pixels).max() <= 4


@pytest.mark.parametrize("as_source", [bytes, bytearray, memoryview, io.BytesIO])
def test_every_spelling_of_the_same_bytes_gives_the_same_picture(as_source):
    data = encode(noise(5, 6))
    assert load_image(as_source(data)).digest == load_image(data).digest
    assert np.array_equal(load_image(as_source(data)).pixels, noise(5, 6))


def test_path_url_of_a_file_and_data_uri(tmp_path):
    path = tmp_path / "a picture.png"
    path.write_bytes(encode(noise(5, 6)))
    for source in (path, str(path), path.as_uri()):
        assert np.array_equal(load_image(source).pixels, noise(5, 6))


@pytest.mark.parametrize("file_format", ["PNG", "TIFF", "WEBP", "JPEG", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_measured_by_its_header_has_the_size_it_loads_with(file_format, orientation):
    picture = encoded(encode(noise(5, 7), file_format, exif=exif(orientation)), name="a picture")
    loaded = load_image(picture)
    assert measure_image(picture) == (loaded.width, loaded.height)


def test_one_pixel():
    assert load_image(encode(np.full((1, 1, 3), 7, np.uint8))).pixels.tolist() == [[[7, 7, 7]]]


def test_the_content_decides_not_the_extension(tmp_path):
    path = tmp_path / "lying.jpg"
    path.write_bytes(encode(noise(4, 4), "PNG"))
    assert np.array_equal(load_image(path).pixels, noise(4, 4))


@pytest.mark.parametrize("file_format", ["GIF", "PNG", "WEBP"])
def test_first_frame_of_an_animation(file_format):
    frames = [Image.new("RGB", (12, 9), colour) for colour in ("red", "lime", "blue")]
    options = {"lossless": True} if file_format == "WEBP" else {}
    data = encode(frames[0], file_format, save_all=True, append_images=frames[1:], **options)
    with Image.open(io.BytesIO(data)) as check:
        assert check.n_frames == 3
    assert set(map(tuple, load_image(data).pixels.reshape(-1, 3).tolist())) == {(255, 0, 0)}


def test_an_opened_animation_gives_the_frame_it_stands_at():
    frames = [Image.new("RGB", (12, 9), colour) for colour in ("red", "lime")]
    image = Image.open(io.BytesIO(encode(frames[0], "GIF", save_all=True, append_images=frames[1:])))
    image.seek(1)
    assert load_image(image).pixels[0, 0].tolist() == [0, 255, 0]
    assert image.tell() == 1


# What cannot be decoded -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file_format", [*LOSSLESS, *LOSSY])
@pytest.mark.parametrize("kept", [0.5, 0.9])
def test_a_truncated_file_is_an_error_that_names_it(tmp_path, file_format, kept):
    data = encode(noise(64, 64), file_format, **LOSSLESS.get(file_format, {}))
    path = tmp_path / "cut.img"
    path.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(MediaDecodeError, match=r"cut\.img"):
        load_image(path)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"just some words, not a picture", "text/plain"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "text/html"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "image/svg"),
        (b"%PDF-1.7 ...", "application/pdf"),
        (b"\0\0\0\x18ftypheic....", "image/heic"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "text/plain"),
        (bytes(range(40)), "octet-stream"),
    ],
)
def test_what_is_no_picture_is_told_by_what_it_is(data, found):
    with pytest.raises(MediaDecodeError, match=found):
        load_image(data)


@pytest.mark.parametrize("file_format", [*LOSSLESS, *LOSSY])
def test_a_signature_alone_is_a_decode_error(file_format):
    with pytest.raises(MediaDecodeError):
        load_image(encode(noise(32, 32), file_format)[:40])


def test_an_empty_file_a_missing_file_and_a_directory(tmp_path):
    (tmp_path / "empty.png").touch()
    with pytest.raises(MediaDecodeError, match=r"empty\.png"):
        load_image(tmp_path / "empty.png")
    with pytest.raises(MediaNotFoundError, match=r"gone\.png"):
        load_image(tmp_path / "gone.png")
    with pytest.raises(MediaNotFoundError, match="directory"):
        load_image(tmp_path)


@pytest.mark.parametrize("source", [object(), 3.5j, {"path": "x"}, ["a"]])
def test_other_objects_are_input_errors(source):
    with pytest.raises(InputError, match=type(source).__name__):
        load_image(source)


@pytest.mark.slow
@pytest.mark.parametrize("file_format", [*LOSSLESS, *LOSSY])
def test_damaged_files_give_a_picture_or_a_media_error_and_nothing_else(file_format):
    rng = np.random.default_rng(11)
    original = encode(noise(24, 31), file_format, exif=exif(6)) if file_format in {"JPEG", "PNG", "WEBP"} else None
    original = original or encode(noise(24, 31), file_format)
    limits = MediaLimits(max_pixels=10**6)
    outcomes = []
    for _ in range(40):
        data = bytearray(original)
        for at in rng.integers(0, len(data), rng.integers(1, 12)):
            data[at] = rng.integers(0, 256)
        data = data[: rng.integers(len(data) // 3, len(data))] if rng.random() < 0.3 else data
        try:
            outcomes.append(type(load_image(bytes(data), limits)))
        except MediaError as error:
            outcomes.append(type(error))
    # Both happen: the damage is neither always fatal nor never, so both roads were taken.
    assert issubclass(MediaDecodeError, tuple(outcomes))
    assert len(outcomes) == 40


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow warns of the EXIF block; as an error it would stop it
def test_a_broken_exif_block_does_not_cost_the_picture():
    for block in (b"Exif\0\0garbage", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\xff\xff", b"\0"):
        loaded = load_image(encode(np.full((8, 8, 3), 90, np.uint8), "JPEG", exif=block)).pixels
        assert np.abs(loaded.astype(int) - 90).max() <= 1


# Limits -----------------------------------------------------------------------------------------------------------


def test_a_bomb_is_refused_by_its_header_before_anything_is_decoded():
    # The body is garbage: were it decoded first, the error would be another one.
    bomb = png((100_000, 100_000), depth=8, colour_type=2, rows=[b"no pixels at all"])
    with pytest.raises(MediaLimitError, match="100000x100000") as caught:
        load_image(bomb)
    assert caught.value.limit == "max_pixels"
    assert caught.value.value == 10**10
    assert caught.value.maximum == MediaLimits().max_pixels


def test_the_pixel_limit_is_the_last_that_passes():
    data = encode(noise(10, 10))
    assert load_image(data, MediaLimits(max_pixels=100)).width == 10
    with pytest.raises(MediaLimitError):
        load_image(data, MediaLimits(max_pixels=99))


def test_neither_pillows_own_limit_nor_its_warning_counts(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 200)
    with pytest.raises(Image.DecompressionBombError):
        Image.open(io.BytesIO(encode(noise(30, 30))))
    for file_format in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "PPM", "AVIF", "JPEG2000"):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert load_image(encode(noise(30, 30), file_format)).width == 30
    assert Image.MAX_IMAGE_PIXELS == 200


@pytest.mark.parametrize("shape", [(2, 500, 3), (500, 2, 3)])
def test_too_long_and_narrow(shape):
    pixels = np.zeros(shape, np.uint8)
    for source in (encode(pixels), pixels, Image.fromarray(pixels)):
        with pytest.raises(MediaLimitError, match="max_aspect_ratio") as caught:
            load_image(source)
        assert caught.value.value == 250
        assert load_image(source, MediaLimits(max_aspect_ratio=250)).pixels.shape == shape


def test_size_limits_hold_for_objects_too():
    limits = MediaLimits(max_pixels=50)
    for source in (Image.new("RGB", (10, 10)), np.zeros((10, 10, 3), np.uint8), torch.zeros(3, 10, 10)):
        with pytest.raises(MediaLimitError, match="max_pixels"):
            load_image(source, limits)


def test_a_picture_without_pixels():
    for source in (Image.new("RGB", (0, 5)), np.zeros((0, 5, 3), np.uint8)):
        with pytest.raises(MediaDecodeError, match="no pixels"):
            load_image(source)


# The caller's objects ---------------------------------------------------------------------------------------------


def test_a_pil_image_is_left_as_it_was():
    image = Image.fromarray(noise(6, 8, 4))
    image.info["icc_profile"] = b"broken"
    image.getexif()[0x0112] = 6
    before = image.tobytes(), image.mode, image.size, dict(image.info), dict(image.getexif())
    loaded = load_image(image)
    assert (loaded.width, loaded.height) == (6, 8)
    assert (image.tobytes(), image.mode, image.size, dict(image.info), dict(image.getexif())) == before


def test_arrays_are_left_as_they_were_and_share_no_memory():
    array = noise(4, 5)
    tensor = torch.from_numpy(noise(4, 5)).permute(2, 0, 1).contiguous()
    for source, kept in ((array, array.copy()), (tensor, tensor.clone())):
        loaded = load_image(source)
        loaded.pixels[:] = 0
        assert (source == kept).all()


def test_the_pixels_can_become_a_tensor():
    for source in (encode(noise(3, 3)), Image.fromarray(noise(3, 3)), noise(3, 3)):
        pixels = load_image(source).pixels
        assert pixels.flags["C_CONTIGUOUS"]
        assert torch.from_numpy(pixels).shape == (3, 3, 3)  # warns, and so fails, where they are read-only


def test_the_digest_of_bytes_is_theirs_and_of_objects_that_of_their_pixels():
    pixels = noise(4, 5)
    same = [
        load_image(Image.fromarray(pixels)),
        load_image(pixels),
        load_image(torch.from_numpy(pixels.transpose(2, 0, 1))),
    ]
    assert len({one.digest for one in same}) == 1
    assert load_image(pixels.reshape(5, 4, 3)).digest != same[0].digest  # the same numbers in another shape
    assert load_image(encode(pixels, "PNG")).digest != load_image(encode(pixels, "BMP")).digest


def test_one_lazily_opened_image_in_many_threads():
    for _ in range(5):
        image = Image.open(io.BytesIO(encode(noise(200, 200), exif=exif(3))))
        start = threading.Barrier(8)

        def load(image: Image.Image = image, start: threading.Barrier = start) -> DecodedImage:
            start.wait()
            return load_image(image)

        with ThreadPoolExecutor(8) as pool:
            results = [future.result() for future in [pool.submit(load) for _ in range(8)]]
        assert all(np.array_equal(one.pixels, noise(200, 200)[::-1, ::-1]) for one in results)


def test_a_truncated_pil_image_is_a_decode_error():
    image = Image.open(io.BytesIO(encode(noise(64, 64), "JPEG")[:1500]))
    assert not ImageFile.LOAD_TRUNCATED_IMAGES
    with pytest.raises(MediaDecodeError, match="RGB 64x64"):
        load_image(image)


def test_large_pictures_are_decoded_one_after_the_other(monkeypatch):
    """Many at once would fill the memory; others go on meanwhile."""
    alone, convert = threading.Lock(), canonical.to_rgb
    pair = threading.Barrier(2)

    def to_rgb(image, **options):
        if image.width > 100:
            assert alone.acquire(blocking=False)  # nobody else is here
            time.sleep(0.01)
            alone.release()
        else:
            pair.wait(timeout=60)  # somebody else has to be
        return convert(image, **options)

    monkeypatch.setattr(canonical, "to_rgb", to_rgb)
    monkeypatch.setattr(canonical, "_LARGE_PIXELS", 1000)
    pictures = [encode(noise(20, width)) for width in (101, 102, 103, 104, 10, 11, 12, 13)]
    with ThreadPoolExecutor(8) as pool:
        assert len(list(pool.map(load_image, pictures))) == 8
