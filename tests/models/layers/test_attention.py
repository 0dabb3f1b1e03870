"""Attention of packed sequences: the formula's numbers by every kernel, and which kernel is taken."""

from __future__ import annotations

import sys
import types

import pytest
import torch

from medialens.models.layers import attention
from medialens.models.layers.attention import Reach, Spans, attend, attend_by_length, choose_kernel, packed_kernels

CPU = torch.device("cpu")


def formula(q, k, v, reach):
    """One sequence at a time, as the definition says; the queries are the last rows."""
    outs = []
    queries, keys, causal = reach.queries, reach.keys, reach.causal
    for q1, k1, v1 in zip(
        q.double().split(queries.lengths), k.double().split(keys.lengths), v.double().split(keys.lengths), strict=True
    ):
        repeats = q.shape[1] // k.shape[1]
        k2, v2 = (part.repeat_interleave(repeats, 1).transpose(0, 1) for part in (k1, v1))
        scores = q1.transpose(0, 1) @ k2.transpose(1, 2) / q.shape[2] ** 0.5
        if causal:
            rows = torch.arange(len(q1))[:, None] + len(k1) - len(q1)
            scores = scores.masked_fill(torch.arange(len(k1))[None] > rows, float("-inf"))
        outs.append((scores.softmax(-1) @ v2).transpose(0, 1))
    return torch.cat(outs).to(q.dtype)


def tensors(queries, keys, causal=True):
    torch.manual_seed(0)
    shapes = ((sum(queries), 4), (sum(keys), 2), (sum(keys), 2))
    return (*(torch.randn(*shape, 16) for shape in shapes), reach(queries, keys, causal))


def reach(queries, keys, causal):
    return Reach(queries=Spans.of(queries, CPU), keys=Spans.of(keys, CPU), causal=causal)


LENGTHS = [
    ((5,), (5,)),
    ((3, 3, 7, 7, 7, 1), (3, 3, 7, 7, 7, 1)),
    ((1, 1, 1), (4, 4, 9)),
    ((2, 2, 5), (6, 6, 5)),
    ((1100, 3), (1300, 3)),
    ((600, 2), (600, 4)),
]


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize(("queries", "keys"), LENGTHS)
def test_neighbours_of_equal_length_give_the_formulas_numbers(queries, keys, causal):
    given = tensors(queries, keys, causal)
    torch.testing.assert_close(attend_by_length(*given), formula(*given), atol=2e-6, rtol=1e-5)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize(("queries", "keys"), [((300, 300, 5), (300, 700, 5)), ((513,), (600,)), ((1,), (900,))])
def test_single_products_give_the_formulas_numbers(monkeypatch, queries, keys, causal):
    monkeypatch.setattr(attention, "multiplies_faster", lambda _: True)
    monkeypatch.setattr(attention, "_LONG", 1000)
    *given, both = tensors(queries, keys, causal)
    wanted = formula(*given, both)
    torch.testing.assert_close(attend_by_length(*given, both), wanted, atol=2e-6, rtol=1e-5)
    half = attend_by_length(*(part.bfloat16() for part in given), both)
    torch.testing.assert_close(half.float(), wanted, atol=2e-2, rtol=2e-2)


def test_pieces_of_larger_tensors_are_taken_as_they_are():
    mixed = torch.randn(8, 8, 16)
    q, k, v = mixed.split((4, 2, 2), dim=1)
    both = reach((3, 5), (3, 5), causal=True)
    torch.testing.assert_close(attend(q, k, v, both), formula(q, k, v, both), atol=2e-6, rtol=1e-5)


def test_a_cpu_takes_the_plain_kernel():
    for dtype in (torch.float32, torch.bfloat16):
        assert choose_kernel(CPU, dtype, 4, 2, 16) is attend_by_length


def varlen_2_10(query, key, value, *bounds, is_causal=False, return_aux=None):
    """torch 2.10's, which takes as many heads of keys as of queries."""
    if query.shape[1] != key.shape[1]:
        raise RuntimeError("heads differ")
    return _by_formula(query, key, value, bounds, is_causal)


def varlen_2_11(query, key, value, *bounds, scale=None, window_size=(-1, -1)):
    """torch 2.11's: a window instead of the flag."""
    return _by_formula(query, key, value, bounds, window_size == (-1, 0))


def varlen_2_13(query, key, value, *bounds, window_size=(-1, -1), enable_gqa=False):
    """torch 2.13's: grouped heads are to be asked for."""
    if not enable_gqa and query.shape[1] != key.shape[1]:
        raise ValueError("Expect query and key/value to have the same number of heads")
    return _by_formula(query, key, value, bounds, window_size == (-1, 0))


def flash(q, k, v, *bounds, dropout_p=0.0, causal=False):
    return _by_formula(q, k, v, bounds, causal)


def top_left(query, key, value, *bounds, window_size=(-1, -1), enable_gqa=False):
    """A kernel that aligns the mask at the other corner: row i sees the keys up to i."""
    if window_size != (-1, 0):
        return _by_formula(query, key, value, bounds, False)
    queries, keys = _spans(bounds[0]), _spans(bounds[1])
    k, v = (
        torch.cat([part[:n] for part, n in zip(each.split(keys.lengths), queries.lengths, strict=True)])
        for each in (key, value)
    )
    return formula(query, k, v, Reach(queries=queries, keys=queries, causal=True))


def _by_formula(q, k, v, bounds, causal):
    ends_q, ends_k, longest_q, longest_k = bounds
    assert ends_q.dtype == ends_k.dtype == torch.int32
    queries, keys = _spans(ends_q), _spans(ends_k)
    assert (longest_q, longest_k) == (queries.longest, keys.longest)
    return formula(q, k, v, Reach(queries=queries, keys=keys, causal=causal))


def _spans(ends):
    return Spans(lengths=tuple(ends.diff().tolist()), ends=ends)


def kernels_with(monkeypatch, varlen=None, flash_attn=None):
    module = types.ModuleType("torch.nn.attention.varlen")
    if varlen is not None:
        module.varlen_attn = varlen
    monkeypatch.setitem(sys.modules, "torch.nn.attention.varlen", module)
    package = types.ModuleType("flash_attn")
    if flash_attn is not None:
        package.flash_attn_varlen_func = flash_attn
    monkeypatch.setitem(sys.modules, "flash_attn", package)
    return [kernel for kernel in packed_kernels() if attention._is_right(kernel, CPU, torch.float32, (4, 2, 16))]


@pytest.mark.parametrize("varlen", [varlen_2_10, varlen_2_11, varlen_2_13])
def test_torchs_kernel_is_called_as_each_version_wants_it(monkeypatch, varlen):
    kernel, *_ = kernels_with(monkeypatch, varlen=varlen)
    for lengths in LENGTHS[:4]:
        for causal in (False, True):
            given = tensors(*lengths, causal)
            torch.testing.assert_close(kernel(*given), formula(*given))


def test_flash_attn_is_taken_where_torch_has_no_kernel(monkeypatch):
    (kernel,) = kernels_with(monkeypatch, flash_attn=flash)
    given = tensors((2, 5), (4, 5))
    torch.testing.assert_close(kernel(*given), formula(*given))


def test_a_kernel_that_gives_other_numbers_is_not_taken(monkeypatch):
    assert kernels_with(monkeypatch, varlen=top_left) == []


def test_a_kernel_that_does_not_run_here_is_not_taken(monkeypatch):
    def broken(*_, **__):
        raise NotImplementedError("no such operator")

    assert kernels_with(monkeypatch, varlen=broken, flash_attn=flash) != []
    assert kernels_with(monkeypatch, varlen=broken) == []
