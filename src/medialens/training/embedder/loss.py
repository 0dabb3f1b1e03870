"""The contrastive loss: a caption should find its picture among the batch, and a picture its caption."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor
from torch.nn import functional

SHORT_DIM = 48
"""Vectors cut to so many dimensions are trained to be good as well."""
_SMALL = -1e4


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Features:
    """Un-normalised features.

    Attributes:
        images: (n, dim).
        captions: (n, dim), one of each picture.
        seconds: (m, dim), other captions of the first m pictures.
        scale: Scalar; cosines are multiplied by it.
    """

    images: Tensor
    captions: Tensor
    seconds: Tensor
    scale: Tensor


def contrastive_loss(queries: Tensor, documents: Tensor, scale: Tensor, same: Tensor) -> Tensor:
    """Symmetric InfoNCE (van den Oord et al. 2018; CLIP, Radford et al. 2021) over cosines.

    Args:
        queries: (n, dim).
        documents: (n, dim); row i belongs to row i of the queries.
        scale: Scalar temperature factor.
        same: (n, n) bool; pairs beside the diagonal that match as well, which do not count as negatives.
    """
    logits = scale * functional.normalize(queries, dim=-1) @ functional.normalize(documents, dim=-1).T
    own = torch.eye(len(logits), dtype=torch.bool, device=logits.device)
    logits = logits.masked_fill(same & ~own, _SMALL)
    target = torch.arange(len(logits), device=logits.device)
    return (functional.cross_entropy(logits, target) + functional.cross_entropy(logits.T, target)) / 2


def total_loss(features: Features, same: Tensor) -> Tensor:
    """Text to picture, with whole and with short vectors; and text to text and to picture-with-caption.

    The short vectors are those of Matryoshka representation learning (Kusupati et al. 2022). Picture-with-caption is
    what a mixed item is at search time, the sum of un-normalised features: training on it keeps the two parts of
    the sum at comparable lengths.
    """
    loss = contrastive_loss(features.captions, features.images, features.scale, same)
    short = contrastive_loss(features.captions[:, :SHORT_DIM], features.images[:, :SHORT_DIM], features.scale, same)
    loss = loss + 0.25 * short
    count = len(features.seconds)
    if not count:
        return loss
    mixed = torch.cat([features.images[:count] + features.seconds, features.images[count:]])
    loss = loss + 0.25 * contrastive_loss(features.captions, mixed, features.scale, same)
    some = same[:count, :count]
    return loss + 0.25 * contrastive_loss(features.captions[:count], features.seconds, features.scale, some | some.T)
