import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from tests.media.encoding import noise

from medialens.errors import InputError
from medialens.media.pictures.image import load_image

LEVELS = np.arange(256, dtype=np.uint8).reshape(16, 16)


@pytest.mark.parametrize(
    "array",
    [
        LEVELS,
        LEVELS[:, :, None],
        np.repeat(LEVELS[:, :, None], 3, axis=2),
        LEVELS.astype(np.uint16) * 257,
        LEVELS.astype(np.float32) / 255,
        LEVELS.astype(np.float64) / 255,
        LEVELS.astype(np.float16) / np.float16(255),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)
def test_every_type_and_rank_gives_the_same_grey(array):
    for source in (array, np.asfortranarray(array), array[::-1][::-1]):
        loaded = load_image(source).pixels
        assert (loaded == LEVELS[:, :, None]).all()


def test_bool_is_black_and_white():
    assert load_image(np.array([[True, False]])).pixels.tolist() == [[[255] * 3, [0] * 3]]


@given(hnp.arrays(np.uint16, (3, 4)))
def test_16_bit_values_are_rescaled_to_the_nearest_level(array):
    assert np.array_equal(load_image(array).pixels[..., 0], np.rint(array / 257))


def test_alpha_is_laid_on_white():
    array = np.array([[[10, 20, 30, 0], [10, 20, 30, 255]]], np.uint8)
    assert load_image(array).pixels.tolist() == [[[255] * 3, [10, 20, 30]]]
    assert load_image(array / 255).pixels.tolist() == [[[255] * 3, [10, 20, 30]]]
    assert load_image(torch.from_numpy(array).permute(2, 0, 1)).pixels.tolist() == [[[255] * 3, [10, 20, 30]]]


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32, torch.bfloat16, torch.float64])
def test_a_tensor_has_its_channels_first(channels, dtype):
    array = np.where(noise(6, 5, channels) > 100, 255, 0).astype(np.uint8)  # exact in bfloat16, too
    tensor = torch.from_numpy(array).permute(2, 0, 1)
    tensor = tensor if dtype == torch.uint8 else (tensor / 255).to(dtype).requires_grad_()
    assert np.array_equal(load_image(tensor).pixels, load_image(array).pixels)


@pytest.mark.parametrize(
    ("shape", "array_size", "tensor_size"),  # (width, height)
    [
        ((3, 5, 3), (5, 3), (3, 5)),  # both ends can be channels: each convention has its way
        ((5, 7, 3), (7, 5), (7, 5)),  # only the last can
        ((3, 5, 7), (7, 5), (7, 5)),  # only the first can
        ((1, 9, 9), (9, 9), (9, 9)),
        ((4, 4, 4), (4, 4), (4, 4)),
        ((6, 8), (8, 6), (8, 6)),
    ],
)
def test_which_axis_holds_the_channels(shape, array_size, tensor_size):
    array = np.zeros(shape, np.uint8)
    for source, size in ((array, array_size), (torch.from_numpy(array), tensor_size)):
        loaded = load_image(source)
        assert (loaded.width, loaded.height) == size


@pytest.mark.parametrize("shape", [(), (3,), (5, 5, 2), (5, 5, 5), (1, 3, 8, 8), (2, 3, 8, 8)])
def test_shapes_that_are_no_picture(shape):
    for source in (np.zeros(shape, np.uint8), torch.zeros(shape)):
        with pytest.raises(InputError, match="is no picture") as caught:
            load_image(source)
        assert caught.value.shape == shape


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.int8, np.uint32, np.complex64, object, "U1"])
def test_types_that_do_not_say_their_range(dtype):
    with pytest.raises(InputError, match="expected uint8"):
        load_image(np.zeros((4, 4), dtype))


@given(st.sampled_from([float("nan"), float("inf"), float("-inf"), -0.01, 1.01, 255.0]))
def test_floats_out_of_range(value):
    array = np.full((3, 3), 0.5, np.float32)
    array[1, 1] = value
    for source in (array, torch.from_numpy(array)):
        with pytest.raises(InputError, match=r"0\.\.1"):
            load_image(source)


def test_loading_pictures_imports_no_torch():
    code = (
        "import sys, numpy; from medialens.media.pictures.image import load_image; "
        "load_image(numpy.zeros((2, 2), numpy.uint8)); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)  # our own code


@pytest.mark.parametrize(
    "tensor",
    [
        torch.empty(3, 8, 8, device="meta"),
        torch.zeros(8, 8).to_sparse(),
        torch.zeros(3, 8, 8).to(torch.float8_e4m3fn),
        torch.zeros(3, 8, 8, dtype=torch.complex64).conj(),
    ],
    ids=["meta", "sparse", "float8", "complex"],
)
def test_tensors_without_readable_numbers(tensor):
    with pytest.raises(InputError, match="expected"):
        load_image(tensor)


def test_tensors_that_are_views_of_a_sort():
    picture = torch.rand(3, 4, 5)
    expected = load_image(picture).digest
    assert load_image(torch._neg_view(-picture)).digest == expected
    assert load_image(picture.clone().requires_grad_()).digest == expected
    assert load_image(torch.nn.Parameter(picture)).digest == expected


def test_values_of_the_other_byte_order_and_subclasses():
    picture = noise(4, 5).astype(np.uint16) * 257
    expected = load_image(picture).digest
    assert load_image(picture.astype(">u2")).digest == expected
    assert load_image(np.ma.array(picture)).digest == expected
