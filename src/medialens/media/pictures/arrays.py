"""Pictures that come as arrays: numpy and torch, to uint8 RGB. torch is recognised, never imported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from medialens.errors import InputError
from medialens.media.pictures.pixels import on_white

_CHANNELS = (1, 3, 4)
_RGBA = 4


def is_array(value: Any) -> bool:
    """Whether `value` is a numpy array or a torch tensor."""
    return isinstance(value, np.ndarray) or _is_tensor(value)


def tensor_to_array(value: Any) -> tuple[npt.NDArray[Any], bool]:
    """The values as numpy, and whether channels come first by convention (they do in torch)."""
    if not _is_tensor(value):
        return np.asarray(value), False  # subclasses such as numpy.matrix have arithmetic of their own
    try:
        tensor = value.detach().cpu()
        if str(tensor.dtype) == "torch.bfloat16":  # numpy has no such type
            tensor = tensor.float()
        return tensor.resolve_conj().resolve_neg().numpy(), True
    except (RuntimeError, TypeError, NotImplementedError) as error:  # sparse, nested, quantised, on "meta" ...
        msg = f"a tensor of {value.dtype} on {value.device} cannot be read: {error}; expected dense uint8 or float32"
        raise InputError(msg, dtype=str(value.dtype)) from error


def array_to_rgb(
    array: npt.NDArray[Any], *, channels_first: bool, check: Callable[[int, int], None]
) -> npt.NDArray[np.uint8]:
    """uint8 RGB of shape (height, width, 3), in memory of its own.

    The channel axis is the one the convention says: the first of a tensor, the last of an array. Only where that
    axis cannot be channels (1, 3 or 4 of them) and the one at the other end can, the other one is taken; so a
    (3, 5, 3) tensor is 5x3 pixels with channels first, and a (5, 7, 3) tensor 5x7 with channels last.

    Args:
        array: uint8, uint16 (0..65535), bool, or floating point in 0..1; rank 2 or 3.
        channels_first: The convention.
        check: Called with width and height before anything is computed.

    Raises:
        InputError: Another rank, type or number of channels, or values out of range.
    """
    picture = _channels_last(array, channels_first=channels_first)
    height, width = picture.shape[:2]
    check(width, height)
    pixels = _to_uint8(picture)
    if pixels.shape[2] == 1:
        pixels = np.repeat(pixels, 3, axis=2)
    if pixels.shape[2] == _RGBA:
        pixels = on_white(pixels[:, :, :3], pixels[:, :, 3])
    return np.array(pixels, dtype=np.uint8, order="C", copy=True)


def _channels_last(array: npt.NDArray[Any], *, channels_first: bool) -> npt.NDArray[Any]:
    if array.ndim == 2:  # noqa: PLR2004  # (height, width)
        return array[:, :, None]
    if array.ndim == 3:  # noqa: PLR2004  # with channels
        first, last = array.shape[0] in _CHANNELS, array.shape[2] in _CHANNELS
        if first and (channels_first or not last):
            return array.transpose(1, 2, 0)
        if last:
            return array
    msg = (
        f"an array of shape {tuple(array.shape)} is no picture; expected (height, width), "
        "(height, width, channels) or, for tensors, (channels, height, width), with 1, 3 or 4 channels"
    )
    raise InputError(msg, shape=tuple(array.shape))


def _to_uint8(picture: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    kind = picture.dtype
    if kind == np.uint8:
        return picture
    if kind == np.bool_:
        return picture.astype(np.uint8) * np.uint8(255)
    if kind.newbyteorder("=") == np.uint16:
        return np.rint(picture * np.float32(255 / 65535)).astype(np.uint8)
    if np.issubdtype(kind, np.floating):
        return np.rint(_in_unit_range(picture) * 255).astype(np.uint8)
    msg = f"an array of {kind} is no picture; expected uint8 (0..255), uint16 (0..65535) or floating point (0..1)"
    raise InputError(msg, dtype=str(kind))


def _in_unit_range(picture: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    low, high = float(picture.min()), float(picture.max())  # NaN if there is one
    if not (low >= 0 and high <= 1):
        msg = (
            f"a floating-point picture must hold values in 0..1, got {low:g}..{high:g}; undo the normalisation, "
            "or for 0..255 convert it to uint8"
        )
        raise InputError(msg, low=low, high=high)
    return picture.astype(np.float32)


def _is_tensor(value: Any) -> bool:
    return any(
        kind.__module__.partition(".")[0] == "torch" and kind.__name__ == "Tensor" for kind in type(value).__mro__
    )
