"""Several searches into one answer, in which no kind of medium crowds out the others. Pure.

Scores of a text and of a picture are not comparable, even where one model gave both: of all texts and pictures that
fit a question equally well, a dual encoder puts the texts first (the modality gap), and what is only known to a search
for words has no picture in it at all. So ranks count, and each kind has its own:

    vector search   t1 t2 t3 t4 p1 p2  -->  texts t1 t2 t3 t4, pictures p1 p2   p1 is as good as t1: both are first
    search for words        t2 p2 t5   -->  texts t2 t5,       pictures p2      t2 and p2 are found by both
"""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Mapping, Sequence

from medialens.errors import InputError
from medialens.scoring.fusion import RRF_K, fuse_ranks


@dataclasses.dataclass(frozen=True, kw_only=True)
class Candidate:
    """One thing that a search found.

    Attributes:
        key: What it is known by in all searches, such as the text that stands for it.
        modality: Its kind: "text", "image", "audio", "video"; or any other name.
    """

    key: Hashable
    modality: str = "text"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Fused:
    """One thing that the searches found together.

    Attributes:
        candidate: As the first search that found it has it.
        fusion_score: The sum of ``weight / (rrf_k + its rank among its kind)``; greater is better.
    """

    candidate: Candidate
    fusion_score: float


def fuse_candidates(
    rankings: Sequence[Sequence[Candidate]], *, rrf_k: float = RRF_K, weights: Sequence[float] | None = None
) -> list[Fused]:
    """All that was found, best first, ranked among its own kind.

    Equal scores keep the order in which the searches have them, the first search first.

    Args:
        rankings: Of each search, best first. Something that comes twice in one counts where it comes first.
        rrf_k: See `fuse_ranks`.
        weights: One a search; None weighs all the same, by 1.

    Raises:
        InputError: `rrf_k` or a weight is negative, or there are not as many weights as searches.
    """
    kinds: dict[Hashable, Candidate] = {}
    for ranking in rankings:
        for one in ranking:
            kinds.setdefault(one.key, one)
    fused: list[Fused] = []
    for modality in dict.fromkeys(one.modality for one in kinds.values()):
        among = [
            list(dict.fromkeys(one.key for one in ranking if kinds[one.key].modality == modality))
            for ranking in rankings
        ]
        scored = fuse_ranks(among, k=rrf_k, weights=weights)
        fused += [Fused(candidate=kinds[key], fusion_score=score) for key, score in scored]
    if not fused:
        fuse_ranks([[] for _ in rankings], k=rrf_k, weights=weights)  # what is wrong is wrong without a find, too
    met = {key: position for position, key in enumerate(kinds)}
    return sorted(fused, key=lambda one: (-one.fusion_score, met[one.candidate.key]))


def choose(modalities: Sequence[str], k: int | None, *, quotas: Mapping[str, int] | None = None) -> list[int]:
    """Positions of the `k` that are kept of things best first, in their order.

    Each kind first gets the places that are its own, as far as it has things for them; the rest goes to the best of
    what is left, whatever kind it is.

    Args:
        modalities: The kind of each thing, best first.
        k: How many are kept; None is all.
        quotas: How many places are a kind's own. None shares the places equally among the kinds that are there. A
            kind that is not named has none of its own, and so ``{}`` takes the best `k`.

    Raises:
        InputError: A quota is negative, or together they are more than `k`.
    """
    if k is None or k >= len(modalities):
        return list(range(len(modalities)))
    if k < 0:
        msg = f"k={k!r} must be at least 0, or None for all"
        raise InputError(msg, value=k)
    kinds = list(dict.fromkeys(modalities))
    own = dict.fromkeys(kinds, k // len(kinds)) if quotas is None else check_quotas(quotas, k)
    taken: list[int] = []
    for kind, n_places in own.items():
        taken += [at for at, modality in enumerate(modalities) if modality == kind][:n_places]
    rest = [at for at in range(len(modalities)) if at not in set(taken)]
    return sorted(taken + rest[: k - len(taken)])


def check_quotas(quotas: Mapping[str, int], k: int | None) -> dict[str, int]:
    """The quotas.

    Raises:
        InputError: One is negative, or together they are more than `k`.
    """
    total = sum(quotas.values())
    if any(value < 0 for value in quotas.values()) or (k is not None and total > k):
        msg = f"quotas={dict(quotas)!r} come to {total}; expected numbers of at least 0, together no more than k={k}"
        raise InputError(msg, quotas=dict(quotas), k=k)
    return dict(quotas)
