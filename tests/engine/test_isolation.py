from __future__ import annotations

import gc
import weakref

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from medialens.engine.isolation import is_out_of_memory, item_error, run_isolated
from medialens.errors import DeviceMemoryError, InputError, ItemFailedError


def run_all(works, run, remember=lambda group: None):
    return [(list(done.works), done.rows, done.error) for done in run_isolated(works, run, remember)]


@given(works=st.lists(st.booleans(), min_size=1, max_size=20))
def test_exactly_the_bad_ones_fail_and_order_is_kept(works):
    numbered = list(enumerate(works))

    def run(group):
        if not all(good for _, good in group):
            raise KeyError("bad")
        return [at for at, _ in group]

    results = run_all(numbered, run)
    assert [at for group, _, _ in results for at, _ in group] == list(range(len(works)))
    for group, rows, error in results:
        if error is None:
            assert rows == [at for at, _ in group]
        else:
            assert [good for _, good in group] == [False]
            assert isinstance(error, ItemFailedError)
            assert isinstance(error.__cause__, KeyError)


@given(sizes=st.lists(st.integers(1, 9), min_size=1, max_size=20))
def test_what_fits_alone_is_done_and_the_rest_is_a_memory_error(sizes):
    capacity = 8
    too_large = []

    def run(group):
        if sum(group) > capacity:
            raise torch.OutOfMemoryError("fake")
        return list(group)

    for group, rows, error in run_all(sizes, run, too_large.append):
        if error is None:
            assert rows == group
        else:
            assert isinstance(error, DeviceMemoryError)
            assert len(group) == 1
            assert group[0] > capacity
    assert all(sum(group) > capacity for group in too_large)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate"), True),
        (MemoryError(), True),
        (RuntimeError("[enforce fail at alloc_cpu.cpp:128] DefaultCPUAllocator: can't allocate memory"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), True),
        (RuntimeError("The size of tensor a (3) must match the size of tensor b (4)"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_out_of_memory_is_recognised(error, expected):
    assert is_out_of_memory(error) is expected


def test_a_real_allocation_that_is_too_large_is_recognised():
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60, dtype=torch.uint8)
    assert is_out_of_memory(caught.value)


def test_our_own_errors_stay_as_they_are():
    error = InputError("no")
    assert item_error(error) is error


def test_a_failed_attempt_keeps_no_tensor_alive():
    alive = []

    def run(group):
        activations = torch.zeros(8)
        alive.append(weakref.ref(activations))
        raise RuntimeError("late")

    results = run_all([1], run)
    gc.collect()
    assert results[0][2] is not None
    assert alive[0]() is None
