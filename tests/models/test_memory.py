"""What a model remembers: computed once, bounded in bytes, near and far."""

from __future__ import annotations

import dataclasses
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from medialens.models.memory import Memory

CPU, META = torch.device("cpu"), torch.device("meta")


@dataclasses.dataclass(frozen=True, eq=False)
class Value:
    """Ten bytes, by name; `device` is where they are said to be."""

    name: str
    device: torch.device = CPU
    n_bytes: int = 10

    def to(self, device):
        return self if self.device == device else dataclasses.replace(self, device=device)

    def pinned(self):
        return self.to(CPU)


def make(calls, device=CPU):
    def compute(keys):
        calls.append(sorted(keys))
        return {key: Value(key, device) for key in keys}

    return compute


def names(values):
    return {key: value.name for key, value in values.items()}


def test_what_is_known_is_not_computed_again():
    memory, calls = Memory(CPU), []
    memory.limit(100)
    assert names(memory.fetch(["a", "b", "a"], make(calls))) == {"a": "a", "b": "b"}
    assert names(memory.fetch(["b", "c"], make(calls))) == {"b": "b", "c": "c"}
    assert calls == [["a", "b"], ["c"]]
    stats = memory.stats()
    assert (stats.n_misses, stats.n_hits, stats.n_entries, stats.n_bytes) == (3, 1, 3, 30)


def test_the_least_recently_used_goes_first():
    memory, calls = Memory(CPU), []
    memory.limit(20)
    memory.fetch(["a", "b"], make(calls))
    memory.fetch(["a"], make(calls))
    memory.fetch(["c"], make(calls))
    assert [memory.get(key) is not None for key in "abc"] == [True, False, True]
    assert memory.stats().n_evictions == 1
    memory.limit(0)
    assert memory.stats().n_bytes == memory.stats().n_entries == 0


def test_without_room_all_is_still_given():
    memory, calls = Memory(CPU), []
    assert names(memory.fetch(["a", "b"], make(calls))) == {"a": "a", "b": "b"}
    assert memory.get("a") is None


def test_what_has_no_room_near_goes_far_and_comes_back():
    memory, calls = Memory(META), []  # a device with memory of its own, as far as this is concerned
    memory.limit(10, 20)
    memory.fetch(["a"], make(calls, META))
    memory.fetch(["b"], make(calls, META))
    assert memory.get("a").device == CPU
    assert memory.fetch(["a"], make(calls, META))["a"].device == META
    assert memory.get("b").device == CPU
    assert calls == [["a"], ["b"]]
    assert memory.stats().n_bytes == 20


def test_the_cpu_has_no_far_memory():
    memory, calls = Memory(CPU), []
    memory.limit(10, 100)
    memory.fetch(["a", "b"], make(calls))
    assert memory.stats().n_bytes == 10


def test_what_was_got_counts_when_it_is_used():
    memory, calls = Memory(META), []
    memory.limit(0, 20)
    memory.fetch(["a"], make(calls, META))
    known = {"a": memory.get("a")}
    assert memory.stats().n_hits == 0
    assert memory.use(known)["a"].device == META
    assert memory.stats().n_hits == 1


def test_many_threads_compute_each_key_once():
    memory, calls, lock = Memory(CPU), [], threading.Lock()
    memory.limit(10_000)
    start = threading.Barrier(8)

    def compute(keys):
        with lock:
            calls.extend(keys)
        return {key: Value(key) for key in keys}

    def ask(number):
        start.wait()
        wanted = [str(key) for key in range(number, number + 40)]
        return names(memory.fetch(wanted, compute)) == {key: key for key in wanted}

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(8)))
    assert sorted(calls, key=int) == [str(key) for key in range(47)]


def test_two_that_need_each_others_do_not_lock_up():
    memory = Memory(CPU)
    memory.limit(100)
    both_claimed = threading.Barrier(2)

    def compute(keys):
        both_claimed.wait(timeout=20)  # the other one has claimed its own
        return {key: Value(key) for key in keys}

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(memory.fetch, ["a"], compute)
        while "a" not in memory._making:
            pass
        second = pool.submit(memory.fetch, ["b", "a"], compute)
        assert names(first.result(20)) == {"a": "a"}
        assert names(second.result(20)) == {"a": "a", "b": "b"}


def test_a_failure_is_its_own_and_the_next_one_tries_again():
    memory = Memory(CPU)
    memory.limit(100)
    failing, asked = threading.Event(), threading.Event()

    def fail(keys):
        failing.set()
        asked.wait(20)
        raise MemoryError("no room")

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(memory.fetch, ["a", "b"], fail)
        failing.wait(20)
        second = pool.submit(memory.fetch, ["a"], lambda keys: {key: Value(key) for key in keys})
        while memory.stats().n_hits == 0:  # it waits for the first
            pass
        asked.set()
        with pytest.raises(MemoryError):
            first.result(20)
        assert names(second.result(20)) == {"a": "a"}
    assert memory._making == {}
