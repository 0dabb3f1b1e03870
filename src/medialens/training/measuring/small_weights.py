"""Weights in int8: what a repository would weigh, and a copy that computes with what is left of them.

Every matrix is rounded per output channel, symmetrically (Jacob et al. 2018, arXiv:1712.05877, without a zero point):

    scale[r] = max |w[r, :]| / 127        int8[r, c] = round(w[r, c] / scale[r])        w[r, c] ~ scale[r] * int8[r, c]
"""

from __future__ import annotations

import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save, save_file
from torch import Tensor

WEIGHTS = "model.safetensors"
_LARGEST = 127


def quantize_channels(weight: Tensor) -> tuple[Tensor, Tensor]:
    """int8 values and float32 scales, one for each output channel.

    Args:
        weight: Shape (out, ...): of a linear layer, a convolution, or an embedding, whose rows are its tokens.

    Returns:
        int8 of the same shape, and scales of shape (out,); the scale of a channel of zeros is 0.
    """
    rows = weight.float().flatten(1)
    scales = rows.abs().amax(dim=1) / _LARGEST
    levels = torch.round(rows / torch.where(scales > 0, scales, 1.0)[:, None])
    return levels.to(torch.int8).view(weight.shape), scales


def dequantize_channels(levels: Tensor, scales: Tensor) -> Tensor:
    """float32 weights that the int8 values stand for."""
    return levels.float() * scales.view(-1, *[1] * (levels.ndim - 1))


def n_bytes_in_int8(folder: Path) -> int:
    """Size of the repository's weight file with its matrices in int8; vectors and scalars stay as they are."""
    stored: dict[str, Tensor] = {}
    for name, tensor in load_file(folder / WEIGHTS).items():
        if _is_matrix(tensor):
            stored[name], stored[f"{name}.scale"] = quantize_channels(tensor)
        else:
            stored[name] = tensor
    return len(save(stored))


def copy_in_int8(folder: Path, copy: Path) -> Path:
    """A copy of the repository whose matrices have been to int8 and back, in float32; the copy."""
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns(WEIGHTS))
    weights = {name: _there_and_back(tensor) for name, tensor in load_file(folder / WEIGHTS).items()}
    save_file(weights, copy / WEIGHTS, {"format": "pt"})
    return copy


def _there_and_back(tensor: Tensor) -> Tensor:
    if not tensor.is_floating_point():
        return tensor
    return dequantize_channels(*quantize_channels(tensor)) if _is_matrix(tensor) else tensor.float()


def _is_matrix(tensor: Tensor) -> bool:
    return tensor.ndim > 1 and tensor.is_floating_point()
