from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from medialens.engine.batching import Budget, batch_cost, length, take_batch
from medialens.models.protocol import Cost, SharedCost

SHARED = {
    key: SharedCost(key=key, n_tokens=n_tokens, n_patches=3 * n_tokens)
    for key, n_tokens in zip("abc", (3, 40, 150), strict=True)
}
PADDED = st.builds(Cost, n_tokens=st.sampled_from([0, 1, 5, 6, 30, 200]), n_patches=st.sampled_from([0, 0, 49, 300]))
PACKED = st.builds(
    Cost,
    n_tokens=st.sampled_from([0, 1, 5, 6, 30, 200]),
    n_patches=st.sampled_from([0, 0, 49, 300]),
    packed=st.just(value=True),
    shared=st.sampled_from([None, *SHARED.values()]),
)
COSTS = PADDED
BUDGETS = st.builds(
    Budget, n_tokens=st.integers(1, 400), n_patches=st.integers(1, 700), launch_tokens=st.integers(0, 64)
)


@given(
    costs=st.one_of(st.lists(PADDED, min_size=1, max_size=40), st.lists(PACKED, min_size=1, max_size=40)),
    budget=BUDGETS,
    data=st.data(),
)
def test_a_batch_is_a_run_around_the_oldest_within_the_budget(costs, budget, data):
    costs = sorted(costs, key=length)
    oldest = data.draw(st.integers(0, len(costs) - 1))
    run = take_batch(costs, oldest, budget)
    assert oldest in run
    assert 0 <= run.start < run.stop <= len(costs)
    assert run.step == 1
    cost = batch_cost([costs[at] for at in run])
    if len(run) > 1:
        assert cost.n_tokens <= budget.n_tokens
        assert cost.n_patches <= budget.n_patches


@given(costs=st.lists(COSTS, min_size=1, max_size=40), budget=BUDGETS)
def test_padding_costs_at_most_a_launch_and_an_eighth(costs, budget):
    costs = sorted(costs, key=length)
    run = [costs[at] for at in take_batch(costs, len(costs) // 2, budget)]
    padded = batch_cost(run).n_tokens
    assert padded - sum(cost.n_tokens for cost in run) <= budget.launch_tokens + padded / 8


@given(costs=st.lists(COSTS, min_size=1, max_size=20))
def test_a_large_budget_and_cheap_padding_take_everything(costs):
    costs = sorted(costs, key=length)
    endless = Budget(n_tokens=10**9, n_patches=10**9, launch_tokens=10**9)
    assert list(take_batch(costs, 0, endless)) == list(range(len(costs)))


def test_cost_is_what_the_device_computes():
    costs = [Cost(n_tokens=5), Cost(n_tokens=7, n_patches=49), Cost(n_patches=49)]
    assert batch_cost(costs) == Cost(n_tokens=14, n_patches=98)  # the picture alone has no text to pad


@given(budget=BUDGETS, cost=COSTS)
def test_a_budget_only_shrinks_and_stays_usable(budget, cost):
    smaller = budget.below(cost)
    assert 1 <= smaller.n_tokens <= budget.n_tokens
    assert 1 <= smaller.n_patches <= budget.n_patches
    if cost.n_tokens > 1:
        assert smaller.n_tokens < cost.n_tokens


@given(budget=BUDGETS, waiting=COSTS, n_lanes=st.integers(1, 8))
def test_lanes_share_what_is_there(budget, waiting, n_lanes):
    part = budget.shared(waiting, n_lanes)
    assert part.n_tokens <= budget.n_tokens
    assert part.n_patches <= budget.n_patches
    assert part.n_tokens * n_lanes >= min(waiting.n_tokens, budget.n_tokens)


def test_packed_items_cost_their_tokens_and_what_they_share_once():
    query = SharedCost(key="query", n_tokens=100, n_patches=400)
    costs = [Cost(n_tokens=n_tokens, packed=True, shared=query) for n_tokens in (5, 30)]
    costs.append(Cost(n_tokens=50, n_patches=8, packed=True))
    assert batch_cost(costs) == Cost(n_tokens=185, n_patches=408, packed=True)


def test_fifty_documents_of_one_long_query_are_one_batch():
    query = SharedCost(key="query", n_tokens=1000, n_patches=4000)
    costs = [Cost(n_tokens=20, packed=True, shared=query) for _ in range(50)]
    assert list(take_batch(costs, 0, Budget(n_tokens=2000, n_patches=4000))) == list(range(50))
    assert list(take_batch([cost.alone() for cost in costs], 0, Budget(n_tokens=2000, n_patches=4000))) == [0]


@given(cost=PACKED)
def test_alone_an_item_pays_for_all_of_itself(cost):
    alone = cost.alone()
    assert alone.shared is None
    assert batch_cost([alone]) == batch_cost([cost])
