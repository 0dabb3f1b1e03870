"""The last steps from pooled features to a vector, always in fp32."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812  # the name that torch users know
from jaxtyping import Float
from torch import Tensor


def to_unit_length(vectors: Float[Tensor, "n dim"]) -> Float[Tensor, "n dim"]:
    """Vectors of length 1, in fp32; a zero vector stays zero."""
    return F.normalize(vectors.to(torch.float32), p=2, dim=-1)
