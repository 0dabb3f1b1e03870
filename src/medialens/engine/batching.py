"""Which waiting work goes together: costs and a budget in, a range out. Pure.

The cost of a batch is what the device really computes: every item with text is padded to the longest of them,
patches add up.

    n_tokens   5 |#####..
               6 |######.      3 items x 7 tokens = 21, of which 3 are padding
               7 |#######

A batch starts with the oldest item, so nothing starves, and takes its neighbours in length until the budget is spent
or padding would cost more than a batch of their own. Nobody waits for company: what is there now is planned now.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from medialens.models.protocol import Cost

_PADDING_SHARE = 0.125


@dataclasses.dataclass(frozen=True, kw_only=True)
class Budget:
    """The most that one batch may cost.

    Attributes:
        n_tokens: Padded text tokens.
        n_patches: Vision patches.
        launch_tokens: What starting a batch costs, in tokens: so much padding is cheaper than another batch.
    """

    n_tokens: int
    n_patches: int
    launch_tokens: int = 64

    def below(self, cost: Cost) -> Budget:
        """The budget after a batch of this cost did not fit the device: half of it, and never more than before."""
        return dataclasses.replace(
            self,
            n_tokens=min(self.n_tokens, max(1, cost.n_tokens // 2)) if cost.n_tokens else self.n_tokens,
            n_patches=min(self.n_patches, max(1, cost.n_patches // 2)) if cost.n_patches else self.n_patches,
        )

    def shared(self, waiting: Cost, n_lanes: int) -> Budget:
        """A fair part for one of several lanes that could work on all that is `waiting`; at least an eighth."""
        if n_lanes <= 1:
            return self
        return dataclasses.replace(
            self,
            n_tokens=min(self.n_tokens, max(-(-waiting.n_tokens // n_lanes), self.n_tokens // 8)),
            n_patches=min(self.n_patches, max(-(-waiting.n_patches // n_lanes), self.n_patches // 8)),
        )


def length(cost: Cost) -> tuple[int, int]:
    """The order in which neighbours pad little: by tokens, then by patches."""
    return cost.n_tokens, cost.n_patches


def batch_cost(costs: Sequence[Cost]) -> Cost:
    """What a batch of these costs the device."""
    with_text = [cost.n_tokens for cost in costs if cost.n_tokens]
    return Cost(
        n_tokens=len(with_text) * max(with_text, default=0),
        n_patches=sum(cost.n_patches for cost in costs),
    )


def take_batch(costs: Sequence[Cost], oldest: int, budget: Budget) -> range:
    """The positions of the next batch.

    Args:
        costs: Of the waiting items, ascending by `length`.
        oldest: The position that the batch grows from; it is always in.
        budget: Kept, unless the oldest item alone exceeds it: then it goes alone.

    Returns:
        A run of neighbours around `oldest`.
    """
    batch = _Growing(costs[oldest], budget)
    first, end = oldest, oldest + 1
    while first > 0 and batch.take(costs[first - 1]):  # shorter ones first: they do not make the batch longer
        first -= 1
    while end < len(costs) and batch.take(costs[end]):
        end += 1
    return range(first, end)


class _Growing:
    """The sums of a batch while it is put together."""

    def __init__(self, first: Cost, budget: Budget) -> None:
        self._budget = budget
        self._n_with_text = int(first.n_tokens > 0)
        self._longest = self._n_tokens = first.n_tokens
        self._n_patches = first.n_patches

    def take(self, cost: Cost) -> bool:
        """Whether there is room for one more; if so it is in."""
        n_with_text = self._n_with_text + (cost.n_tokens > 0)
        longest = max(self._longest, cost.n_tokens)
        n_tokens, n_patches = self._n_tokens + cost.n_tokens, self._n_patches + cost.n_patches
        padded = n_with_text * longest
        fits = padded <= self._budget.n_tokens and n_patches <= self._budget.n_patches
        if not fits or padded - n_tokens > self._budget.launch_tokens + _PADDING_SHARE * padded:
            return False
        self._n_with_text, self._longest, self._n_tokens, self._n_patches = n_with_text, longest, n_tokens, n_patches
        return True
