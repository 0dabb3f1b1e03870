"""Where a model runs, and why."""

from __future__ import annotations

import pytest
import torch

from medialens.errors import InputError
from medialens.models.placement import cpu_computes_bfloat16, decide_placement


def test_a_cpu_computes_in_single_precision_unless_asked():
    placement = decide_placement(device="cpu")

    assert placement.device == torch.device("cpu")
    assert placement.dtype == torch.float32
    assert "as asked" in placement.because
    assert "float32: default on cpu" in placement.because


@pytest.mark.parametrize("dtype", ["float32", "torch.float32", torch.float32])
def test_spellings_of_a_dtype(dtype):
    assert decide_placement(device="cpu", dtype=dtype).dtype == torch.float32


def test_bfloat16_only_where_the_cpu_has_it():
    if cpu_computes_bfloat16():
        assert decide_placement(device="cpu", dtype="bfloat16").dtype == torch.bfloat16
    else:
        with pytest.raises(InputError, match="no bfloat16 arithmetic; use dtype='float32'"):
            decide_placement(device="cpu", dtype="bfloat16")


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"device": "cuda:99"}, "cuda:99"),
        ({"device": "abacus"}, "abacus"),
        ({"device": "cpu", "dtype": "float8"}, "not one of float32"),
        ({"device": "cpu", "dtype": "float16"}, "on a CPU"),
    ],
)
def test_what_is_not_there_is_said(wish, said):
    with pytest.raises(InputError, match=said):
        decide_placement(**wish)
