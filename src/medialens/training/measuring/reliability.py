"""Whether scores that are shown as probabilities can be believed: of all pairs shown as 0.8, do 8 in 10 match?"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from medialens.inputs import Input
from medialens.reranker import Reranker
from medialens.scoring.metrics import Floats
from medialens.training.calibration import CANDIDATES_A_MATCH
from medialens.training.captions import say
from medialens.training.drawing import Scene, describe, truths
from medialens.training.examples import holds_for
from medialens.training.language.speaker import Caption, Speaker
from medialens.training.measuring.gallery import Gallery
from medialens.training.measuring.table import markdown_table

_N_BINS = 10


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bin:
    """Pairs whose probability is between `low` and `high`.

    Attributes:
        n_pairs: How many.
        shown: Mean of their probabilities; NaN where there are none.
        matching: Share of them that do match; NaN where there are none.
    """

    low: float
    high: float
    n_pairs: int
    shown: float
    matching: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reliability:
    """All bins, and the expected calibration error: the mean of ``|shown - matching|`` over all pairs.

    (Naeini et al. 2015; Guo et al. 2017, arXiv:1706.04599.)
    """

    bins: tuple[Bin, ...]
    expected_error: float


def judge(probabilities: Floats, matches: npt.NDArray[np.bool_], *, n_bins: int = _N_BINS) -> Reliability:
    """How reliable the probabilities are, in bins of equal width.

    Args:
        probabilities: Shape (n,), in 0..1.
        matches: Shape (n,); which pairs do match.
        n_bins: Of them.
    """
    numbers = np.minimum((probabilities * n_bins).astype(np.int64), n_bins - 1)
    bins = tuple(_bin(probabilities, matches, numbers == number, number, n_bins) for number in range(n_bins))
    apart = sum(one.n_pairs * abs(one.shown - one.matching) for one in bins if one.n_pairs)
    return Reliability(bins=bins, expected_error=apart / len(probabilities))


def _bin(probabilities: Floats, matches: npt.NDArray[np.bool_], own: npt.NDArray[np.bool_], at: int, of: int) -> Bin:
    count = int(own.sum())
    shown, matching = (float(values[own].mean()) if count else float("nan") for values in (probabilities, matches))
    return Bin(low=at / of, high=(at + 1) / of, n_pairs=count, shown=shown, matching=matching)


def measure_reliability(
    reranker: Reranker, gallery: Gallery, say_of: Callable[[Scene, random.Random], Caption] = say
) -> Reliability:
    """Of one match among 20 candidates: each scene of the gallery and others that the caption does not hold for.

    Args:
        reranker: Whose scores are probabilities.
        gallery: Of the scenes.
        say_of: The query for a scene; as people type them, in whole and in part, unless said.
    """
    chance = random.Random(f"candidates/{gallery.seed}")
    captions = [say_of(scene, chance) for scene in gallery.scenes]
    held = holds_for([one.facts for one in captions], [truths(scene) for scene in gallery.scenes])
    pairs: list[tuple[Input, Input]] = []
    for at, caption in enumerate(captions):
        others = [number for number, holds in enumerate(held[at].tolist()) if not holds]
        chosen = [at, *chance.sample(others, CANDIDATES_A_MATCH - 1)]
        pairs += [(caption.text, gallery.documents[number]) for number in chosen]
    matches = np.tile(np.arange(CANDIDATES_A_MATCH) == 0, len(captions))
    return judge(reranker.score(pairs, priority="bulk"), matches)


def say_everything(scene: Scene, chance: random.Random) -> Caption:
    """The query in a sentence that tells all there is to tell."""
    speaker = Speaker(chance)
    caption = describe(scene, speaker)
    return dataclasses.replace(caption, text=speaker.frame(caption.text))


def reliability_to_markdown(reliability: Reliability) -> str:
    """The bins as a table; those without pairs are left out."""
    return markdown_table(
        ("probability shown", "pairs", "on average", "that match"),
        [
            (f"{one.low:.1f} to {one.high:.1f}", f"{one.n_pairs}", f"{one.shown:.3f}", f"{one.matching:.3f}")
            for one in _filled(reliability.bins)
        ],
    )


def _filled(bins: Sequence[Bin]) -> list[Bin]:
    return [one for one in bins if one.n_pairs]
