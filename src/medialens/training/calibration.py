"""From cosines to probabilities: the scale and bias with which ``sigmoid(scale * cosine + bias)`` can be believed."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from medialens.scoring.metrics import Floats

CANDIDATES_A_MATCH = 20


@dataclasses.dataclass(frozen=True, kw_only=True)
class Calibration:
    """Of ``sigmoid(scale * cosine + bias)``."""

    scale: float
    bias: float

    def probability(self, cosines: Floats) -> npt.NDArray[np.float64]:
        """Of being a match, same shape as the cosines."""
        return np.asarray(1 / (1 + np.exp(-(self.scale * cosines.astype(np.float64) + self.bias))))


def fit_calibration(cosines: Floats, matches: npt.NDArray[np.bool_]) -> Calibration:
    """Platt scaling (Platt 1999): logistic regression of "is a match" on the cosine.

    Matches and others are weighted as if one candidate in `CANDIDATES_A_MATCH` were a match, which is what a
    reranker typically sees; the probabilities are calibrated for that.

    Args:
        cosines: Any shape.
        matches: Same shape; both kinds must occur.
    """
    (scale,), bias = fit_blend(cosines.reshape(-1, 1), matches.ravel())
    return Calibration(scale=scale, bias=bias)


def fit_blend(opinions: Floats, matches: npt.NDArray[np.bool_]) -> tuple[tuple[float, ...], float]:
    """How much each of several opinions counts, and the bias: logistic regression, weighted as in `fit_calibration`.

    Args:
        opinions: (n, k).
        matches: (n,); both kinds must occur.

    Returns:
        k factors above 0, so that no opinion is ever turned around, and the bias.
    """
    given, match = torch.from_numpy(opinions.astype(np.float64)), torch.from_numpy(matches).double()
    share = 1 / CANDIDATES_A_MATCH
    weight = torch.where(match > 0, share / match.sum(), (1 - share) / (1 - match).sum())
    # Scales as logarithms are positive: a greater opinion is never a smaller probability.
    first = torch.log(2 / given.std(0).clamp(min=0.01) / given.shape[1])
    parameters = torch.cat([first, torch.tensor([-5.0], dtype=torch.float64)]).requires_grad_()
    optimizer = torch.optim.LBFGS([parameters], max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        logits = given @ parameters[:-1].exp() + parameters[-1]
        loss = functional.binary_cross_entropy_with_logits(logits, match, weight=weight, reduction="sum")
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    *logarithms, bias = parameters.detach().tolist()
    return tuple(float(np.exp(one)) for one in logarithms), bias
