import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms
from tests.media.encoding import encode, exif, linear_light_profile, noise, png

from medialens.errors import MediaDecodeError
from medialens.media.pictures import pixels as pixels_module
from medialens.media.pictures.image import load_image
from medialens.media.pictures.pixels import on_white

# EXIF orientation -> which sides of the upright picture the first row and the first column of the file are
# (CIPA DC-008, tag 0x0112).
SIDES = {
    1: ("top", "left"),
    2: ("top", "right"),
    3: ("bottom", "right"),
    4: ("bottom", "left"),
    5: ("left", "top"),
    6: ("right", "top"),
    7: ("right", "bottom"),
    8: ("left", "bottom"),
}


def stored(upright: np.ndarray, first_row: str, first_column: str) -> np.ndarray:
    """The rows that a camera held this way writes for a picture that is `upright`."""
    far = {"bottom": upright.shape[0] - 1, "right": upright.shape[1] - 1}

    def along(side: str, step: int) -> int:
        return far[side] - step if side in far else step

    if first_row in {"top", "bottom"}:
        rows, columns = upright.shape[:2]
        return np.array(
            [[upright[along(first_row, r), along(first_column, c)] for c in range(columns)] for r in range(rows)]
        )
    columns, rows = upright.shape[:2]
    return np.array(
        [[upright[along(first_column, c), along(first_row, r)] for c in range(columns)] for r in range(rows)]
    )


@pytest.mark.parametrize("orientation", SIDES)
@pytest.mark.parametrize("file_format", ["PNG", "TIFF", "WEBP"])
def test_every_exif_orientation_gives_the_upright_picture(orientation, file_format):
    upright = noise(5, 7)
    options = {"lossless": True} if file_format == "WEBP" else {}
    data = encode(stored(upright, *SIDES[orientation]), file_format, exif=exif(orientation), **options)
    assert np.array_equal(load_image(data).pixels, upright)
    assert np.array_equal(load_image(Image.open(io.BytesIO(data))).pixels, upright)  # an opened picture, too


@pytest.mark.parametrize("orientation", SIDES)
def test_exif_orientation_of_a_photograph(orientation):
    upright = np.kron(noise(2, 3), np.ones((16, 16, 1), np.uint8))  # flat blocks survive JPEG
    image = encode(stored(upright, *SIDES[orientation]), "JPEG", quality=100, subsampling=0, exif=exif(orientation))
    loaded = load_image(image).pixels
    assert loaded.shape == upright.shape
    assert np.abs(loaded.astype(int) - upright).max() <= 4


@pytest.mark.parametrize("orientation", [0, 9, 255])
def test_an_orientation_that_does_not_exist_turns_nothing(orientation):
    assert np.array_equal(load_image(encode(noise(5, 7), exif=exif(orientation))).pixels, noise(5, 7))


# Transparency: on white -------------------------------------------------------------------------------------------


def on_white_by_definition(colour: int, alpha: int) -> float:
    return (colour * alpha + 255 * (255 - alpha)) / 255


@given(colour=st.integers(0, 255), alpha=st.integers(0, 255))
def test_on_white_is_the_definition_rounded(colour, alpha):
    mixed = on_white(np.full((1, 1, 3), colour, np.uint8), np.full((1, 1), alpha, np.uint8))
    assert np.abs(mixed - on_white_by_definition(colour, alpha)).max() <= 0.5


@pytest.mark.parametrize("mode", ["RGBA", "LA", "RGBa", "La", "PA"])
def test_transparent_is_white_and_opaque_is_itself(mode):
    image = Image.new("RGBA", (2, 1), (10, 10, 10, 0))
    image.putpixel((1, 0), (10, 10, 10, 255))
    via = {"RGBA": ["RGBA"], "LA": ["LA"], "RGBa": ["RGBa"], "La": ["LA", "La"], "PA": ["P", "PA"]}[mode]
    for step in via:
        image = image.convert(step)
    if mode == "PA":  # Pillow makes everything opaque on the way through P
        image.putpixel((0, 0), (image.getpixel((0, 0))[0], 0))
    assert load_image(image).pixels.tolist() == [[[255] * 3, [10] * 3]]


def test_half_transparent_is_half_white():
    image = Image.new("RGBA", (1, 1), (0, 100, 200, 128))
    expected = [round(on_white_by_definition(colour, 128)) for colour in (0, 100, 200)]
    for source in (image, encode(image), encode(image, "TIFF"), encode(image, "WEBP", lossless=True)):
        assert load_image(source).pixels.tolist() == [[expected]]


def test_a_transparent_colour_of_a_palette():
    image = Image.new("P", (3, 1))
    image.putpalette([9, 9, 9, 50, 60, 70, 80, 90, 100])
    image.putdata([0, 1, 2])
    white, opaque = [255] * 3, [[50, 60, 70], [80, 90, 100]]
    assert load_image(encode(image, "PNG", transparency=0)).pixels.tolist() == [[white, *opaque]]
    assert load_image(encode(image, "GIF", transparency=0)).pixels.tolist() == [[white, *opaque]]
    faded = [round(on_white_by_definition(colour, 100)) for colour in (50, 60, 70)]
    loaded = load_image(encode(image, "PNG", transparency=bytes([0, 100, 255]))).pixels.tolist()
    assert loaded == [[white, faded, opaque[1]]]


@pytest.mark.parametrize(
    ("depth", "colour_type", "row", "key", "expected"),
    [
        (1, 0, b"\x40", b"\0\0", [[255] * 3, [255] * 3]),
        (2, 0, b"\x60", b"\0\x01", [[255] * 3, [170] * 3]),
        (4, 0, b"\x37", b"\0\x03", [[255] * 3, [119] * 3]),
        (8, 0, b"\x37\x70", b"\0\x37", [[255] * 3, [112] * 3]),
        (16, 0, b"\x12\x34\x80\x80", b"\x12\x34", [[255] * 3, [128] * 3]),
        (8, 2, b"\1\2\3\1\2\4", b"\0\1\0\2\0\3", [[255] * 3, [1, 2, 4]]),
        (16, 2, b"\x12\x34\x56\x78\x9a\xbc" + b"\x20" * 6, b"\x12\x34\x56\x78\x9a\xbc", [[255] * 3, [32] * 3]),
    ],
)
def test_the_transparent_colour_of_a_png_at_every_depth(depth, colour_type, row, key, expected):
    data = png((2, 1), depth=depth, colour_type=colour_type, rows=[row], key=key)
    assert load_image(data).pixels.tolist() == [expected]
    assert load_image(Image.open(io.BytesIO(data))).pixels.tolist() == [expected]


# More than 8 bits: rescaled, not clipped --------------------------------------------------------------------------

GRADIENT = np.linspace(0, 65535, 300).round().astype(np.uint16).reshape(3, 100)


@pytest.mark.parametrize("file_format", ["PNG", "TIFF", "PPM"])
def test_a_16_bit_gradient_is_mapped_linearly(file_format):
    loaded = load_image(encode(Image.fromarray(GRADIENT), file_format)).pixels
    assert np.array_equal(loaded[..., 0], np.rint(GRADIENT / 257))  # 65535 / 255
    assert (loaded == loaded[..., :1]).all()


def test_a_dark_16_bit_file_stays_dark():
    dark = GRADIENT // 1000
    for file_format in ("PNG", "PPM"):
        assert load_image(encode(Image.fromarray(dark), file_format)).pixels.max() == 0


def test_16_bit_colour_is_mapped_linearly():
    levels = np.linspace(0, 65535, 30).round().astype(">u2")
    loaded = load_image(png((10, 1), depth=16, colour_type=2, rows=[levels.tobytes()])).pixels
    assert np.abs(loaded.reshape(-1) - levels / 257).max() <= 1


@pytest.mark.parametrize(("mode", "kind"), [("I;16", "<u2"), ("I;16L", "<u2"), ("I;16B", ">u2")])
def test_16_bit_modes_of_either_byte_order(mode, kind):
    image = Image.frombytes(mode, (100, 3), GRADIENT.astype(kind).tobytes())
    assert np.array_equal(load_image(image).pixels[..., 0], np.rint(GRADIENT / 257))


@pytest.mark.parametrize(
    ("mode", "values", "expected"),
    [
        ("I", [0, 100, 255], [0, 100, 255]),  # what Pillow's own conversion from L gives
        ("I", [0, 257, 65535], [0, 1, 255]),
        ("I", [-100, -20, 100], [0, 102, 255]),
        ("I", [0, 2**30, 2**31 - 1], [0, 128, 255]),
        ("F", [0.0, 0.2, 1.0], [0, 51, 255]),
        ("F", [0.0, 100.0, 255.0], [0, 100, 255]),
        ("F", [0.0, 25700.0, 65535.0], [0, 100, 255]),
        ("F", [-1e6, 2e5, 1e6], [0, 153, 255]),
        ("F", [1e9, 1e9, 1e9], [0, 0, 0]),
    ],
)
def test_32_bit_pictures_are_mapped_linearly(mode, values, expected):
    array = np.array([values], np.int32 if mode == "I" else np.float32)
    assert load_image(Image.fromarray(array)).pixels[0, :, 0].tolist() == expected


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_values_that_are_not_finite_are_refused(value):
    with pytest.raises(MediaDecodeError, match="not finite"):
        load_image(Image.fromarray(np.array([[0.0, value]], np.float32)))


# Colour spaces ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "RGBX", "YCbCr", "HSV", "LAB", "CMYK", "P"])
def test_white_black_and_grey_are_themselves_in_every_mode(mode):
    colours = {(255, 255, 255): "white", (0, 0, 0): "black"} | ({} if mode in {"1", "P"} else {(128, 128, 128): "grey"})
    for rgb in colours:
        image = Image.new("RGB", (4, 4), rgb)
        if mode == "LAB":
            image = ImageCms.profileToProfile(
                image, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
            )
        loaded = load_image(image.convert(mode)).pixels
        assert np.abs(loaded.astype(int) - rgb).max() <= 1, mode


def test_inks_of_an_adobe_cmyk_photograph():
    # Adobe writes inverted inks and marks it in APP14; a reader that ignores the mark sees the negative.
    inks = {(255, 0, 0, 0): (0, 255, 255), (0, 255, 0, 0): (255, 0, 255), (0, 0, 0, 0): (255, 255, 255)}
    for cmyk, rgb in inks.items():
        data = encode(Image.new("CMYK", (16, 16), cmyk), "JPEG", quality=100)
        assert b"Adobe" in data[:64]
        assert np.abs(load_image(data).pixels.astype(int) - rgb).max() <= 2


def srgb(linear: np.ndarray) -> np.ndarray:
    """IEC 61966-2-1: linear light in 0..1 to sRGB levels in 0..255."""
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_colour_profile_is_converted_to_srgb(mode):
    levels = np.repeat(np.arange(0, 256, 5, dtype=np.uint8)[None, :, None], 3, axis=2)
    image = Image.fromarray(levels).convert(mode)
    data = encode(image, icc_profile=linear_light_profile())
    expected = srgb(levels / 255)
    for source in (data, Image.open(io.BytesIO(data))):
        assert np.abs(load_image(source).pixels - expected).max() <= 1.5


def test_a_profile_that_is_srgb_changes_nothing():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert np.array_equal(load_image(encode(noise(20, 20), icc_profile=profile)).pixels, noise(20, 20))


def test_a_broken_profile_and_one_for_another_mode_are_ignored():
    grey = Image.fromarray(noise(20, 20)[..., 0])
    for profile in (b"no profile", linear_light_profile()[:200], b"\0" * 300):
        assert np.array_equal(load_image(encode(noise(20, 20), icc_profile=profile)).pixels, noise(20, 20))
    loaded = load_image(encode(grey, icc_profile=linear_light_profile())).pixels
    assert np.array_equal(loaded[..., 0], np.asarray(grey))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "I;16", "F"])
def test_large_pictures_are_converted_in_strips_which_changes_nothing(mode, monkeypatch):
    image = Image.fromarray(noise(37, 11, 4), "RGBA").resize((11, 37))
    opaque = image.convert("RGB")
    if mode in {"I;16", "F"}:
        image = Image.fromarray(np.asarray(opaque.convert("L")).astype(np.uint16 if mode == "I;16" else np.float32) * 3)
    elif mode == "LAB":
        image = ImageCms.applyTransform(
            opaque, ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
        )
    else:
        image = image if mode == "RGBA" else opaque.convert("L").convert("LA") if mode == "LA" else opaque.convert(mode)
    if mode in {"L", "P", "RGB"}:
        image.info["transparency"] = image.getpixel((3, 30))
    if mode in {"RGB", "RGBA"}:
        image.info["icc_profile"] = linear_light_profile()
    whole = load_image(image).pixels
    monkeypatch.setattr(pixels_module, "_STRIP_PIXELS", 60)  # strips of five rows, and a rest
    assert np.array_equal(load_image(image).pixels, whole)
    assert len(np.unique(whole)) > 1
