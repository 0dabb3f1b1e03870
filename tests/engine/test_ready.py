"""Batch planning over a queue: every work once, in the promised order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from medialens.engine.batching import Budget, batch_cost
from medialens.engine.ready import Ready
from medialens.engine.work import Deployment, Work
from medialens.media.limits import MediaLimits
from medialens.models.protocol import Cost
from medialens.testing.fake_model import FakeModel

DEPLOYMENTS = [Deployment(FakeModel(identity=name)) for name in "ab"]

WORKS = st.lists(
    st.tuples(
        st.sampled_from(["interactive", "bulk"]),
        st.sampled_from([0, 1]),
        st.sampled_from([0, 3, 4, 50]),
        st.sampled_from([0, 0, 49]),
    ),
    max_size=40,
)
BUDGETS = st.builds(Budget, n_tokens=st.integers(1, 120), n_patches=st.integers(1, 200), launch_tokens=st.just(8))


def fill(ready: Ready, works: list[tuple[str, int, int, int]]) -> list[Work]:
    made = []
    for at, (priority, model, n_tokens, n_patches) in enumerate(works):
        work = Work((bytes([at]), MediaLimits()), DEPLOYMENTS[model], priority)
        work.cost = Cost(n_tokens=n_tokens, n_patches=n_patches)
        ready.add(work)
        made.append(work)
    return made


def drain(ready: Ready, budget: Budget, n_lanes: int) -> list[list[Work]]:
    batches = []
    while batch := ready.take(lambda _: budget, n_lanes=n_lanes):
        batches.append(batch)
    return batches


@given(works=WORKS, budget=BUDGETS, n_lanes=st.integers(1, 3))
def test_every_work_is_in_exactly_one_batch(works, budget, n_lanes):
    ready = Ready()
    made = fill(ready, works)
    taken = [work for batch in drain(ready, budget, n_lanes) for work in batch]
    assert len(taken) == len(made)
    assert set(taken) == set(made)


@given(works=WORKS, budget=BUDGETS, n_lanes=st.integers(1, 3))
def test_no_batch_is_over_budget_unless_it_is_a_single_work(works, budget, n_lanes):
    ready = Ready()
    fill(ready, works)
    for batch in drain(ready, budget, n_lanes):
        cost = batch_cost([work.cost for work in batch])
        assert len(batch) == 1 or (cost.n_tokens <= budget.n_tokens and cost.n_patches <= budget.n_patches)


@given(works=WORKS, budget=BUDGETS)
def test_interactive_work_is_never_behind_bulk_work_and_models_are_not_mixed(works, budget):
    ready = Ready()
    fill(ready, works)
    batches = drain(ready, budget, 1)
    for batch in batches:
        assert len({(work.priority, work.deployment) for work in batch}) == 1
    priorities = [batch[0].priority for batch in batches]
    assert priorities == sorted(priorities, key=["interactive", "bulk"].index)


@given(works=WORKS, budget=BUDGETS)
def test_the_oldest_is_always_next(works, budget):
    ready = Ready()
    made = fill(ready, works)
    left = list(made)
    for batch in drain(ready, budget, 1):
        same = [work for work in left if work.priority == batch[0].priority]
        assert batch[0] is same[0]  # batches are oldest first, and grow from the oldest
        left = [work for work in left if work not in batch]


@given(n_works=st.integers(1, 40), budget=BUDGETS)
def test_equal_works_keep_their_order(n_works, budget):
    ready = Ready()
    made = fill(ready, [("bulk", 0, 3, 0)] * n_works)
    assert [work for batch in drain(ready, budget, 1) for work in batch] == made


@given(works=WORKS, data=st.data())
def test_discarded_work_is_never_taken(works, data):
    ready = Ready()
    made = fill(ready, works)
    gone = [work for work in made if data.draw(st.booleans())]
    for work in gone:
        ready.discard(work)
    taken = [work for batch in drain(ready, Budget(n_tokens=9, n_patches=60), 1) for work in batch]
    assert set(taken) == set(made) - set(gone)
