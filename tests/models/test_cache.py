from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medialens.models.cache import Cache, OnceCache

OVERHEAD = 200


def size(value: bytes) -> int:
    return len(value)


@given(
    steps=st.lists(st.tuples(st.booleans(), st.integers(0, 5), st.integers(0, 400)), max_size=60),
    max_bytes=st.integers(0, 2000),
)
def test_it_is_a_bounded_dict_that_forgets_the_least_recently_used(steps, max_bytes):
    cache = Cache(max_bytes, size)
    model: dict[int, bytes] = {}  # most recently used last
    for put, key, n_bytes in steps:
        if put:
            model.pop(key, None)
            if n_bytes + OVERHEAD <= max_bytes:
                model[key] = bytes(n_bytes)
            while sum(len(value) + OVERHEAD for value in model.values()) > max_bytes:
                del model[next(iter(model))]
            cache.put(key, bytes(n_bytes))
        else:
            value = model.pop(key, None)
            if value is not None:
                model[key] = value
            assert cache.get(key) == value
        assert cache.stats().n_bytes == sum(len(value) + OVERHEAD for value in model.values()) <= max_bytes
        assert cache.stats().n_entries == len(model)


def test_counters():
    cache = Cache(2 * (OVERHEAD + 10), size)
    for key in "abc":
        cache.put(key, bytes(10))
    assert cache.get("a") is None
    assert cache.get("c") == bytes(10)
    stats = cache.stats()
    assert (stats.n_hits, stats.n_misses, stats.n_evictions, stats.n_entries) == (1, 1, 1, 2)


def test_a_value_is_made_once_for_all_who_ask_meanwhile():
    cache = OnceCache(10_000, size)
    made, may_go, asking = [], threading.Event(), threading.Barrier(9)

    def make():
        made.append(1)
        assert may_go.wait(30)
        return b"value"

    results = []

    def ask():
        asking.wait(30)
        results.append(cache.get_or_make("key", make))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    asking.wait(30)
    may_go.set()
    for thread in threads:
        thread.join(30)
    assert results == [b"value"] * 8
    assert made == [1]


def test_a_failure_is_raised_and_not_kept():
    cache = OnceCache(10_000, size)

    def fail():
        raise KeyError("first")

    with pytest.raises(KeyError):
        cache.get_or_make("key", fail)
    assert cache.get_or_make("key", lambda: b"second") == b"second"
