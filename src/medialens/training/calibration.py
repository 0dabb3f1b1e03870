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
    cosine, match = torch.from_numpy(cosines.astype(np.float64).ravel()), torch.from_numpy(matches.ravel()).double()
    share = 1 / CANDIDATES_A_MATCH
    weight = torch.where(match > 0, share / match.sum(), (1 - share) / (1 - match).sum())
    # Scale as a logarithm keeps it positive: a greater cosine is never a smaller probability.
    parameters = torch.tensor([np.log(10.0), -5.0], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([parameters], max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        logits = parameters[0].exp() * cosine + parameters[1]
        loss = functional.binary_cross_entropy_with_logits(logits, match, weight=weight, reduction="sum")
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    log_scale, bias = parameters.detach().tolist()
    return Calibration(scale=float(np.exp(log_scale)), bias=bias)
