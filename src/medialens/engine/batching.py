"""Which waiting work goes together: costs and a budget in, a range out. Pure.

The cost of a batch is what the device really computes: every item with text is padded to the longest of them, unless
the family packs them end to end; patches add up; what items share is computed once.

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
    packed = any(cost.packed for cost in costs)
    shared = {cost.shared.key: cost.shared for cost in costs if cost.shared is not None}.values()
    n_tokens = sum(with_text) if packed else len(with_text) * max(with_text, default=0)
    return Cost(
        n_tokens=n_tokens + sum(part.n_tokens for part in shared),
        n_patches=sum(cost.n_patches for cost in costs) + sum(part.n_patches for part in shared),
        packed=packed,
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
        self._shared = Cost()
        self._keys: set[str] = set()
        self._share(first)

    def take(self, cost: Cost) -> bool:
        """Whether there is room for one more; if so it is in."""
        n_with_text = self._n_with_text + (cost.n_tokens > 0)
        longest = max(self._longest, cost.n_tokens)
        n_tokens, n_patches = self._n_tokens + cost.n_tokens, self._n_patches + cost.n_patches
        padded = n_tokens if cost.packed else n_with_text * longest
        more = cost.shared if cost.shared is not None and cost.shared.key not in self._keys else Cost()
        fits = (
            padded + self._shared.n_tokens + more.n_tokens <= self._budget.n_tokens
            and n_patches + self._shared.n_patches + more.n_patches <= self._budget.n_patches
        )
        if not fits or padded - n_tokens > self._budget.launch_tokens + _PADDING_SHARE * padded:
            return False
        self._n_with_text, self._longest, self._n_tokens, self._n_patches = n_with_text, longest, n_tokens, n_patches
        self._share(cost)
        return True

    def _share(self, cost: Cost) -> None:
        """Count what `cost` shares with others, once for each key."""
        if cost.shared is None or cost.shared.key in self._keys:
            return
        self._keys.add(cost.shared.key)
        self._shared = Cost(
            n_tokens=self._shared.n_tokens + cost.shared.n_tokens,
            n_patches=self._shared.n_patches + cost.shared.n_patches,
        )
