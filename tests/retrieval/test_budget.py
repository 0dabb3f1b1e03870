"""How much a chat model is handed."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medialens.errors import InputError
from medialens.retrieval.budget import Budget, Meter, base64_length


@given(st.binary(max_size=100))
def test_the_length_in_base64_is_that_of_base64(data):
    assert base64_length(len(data)) == len(base64.b64encode(data))


def test_what_does_not_fit_takes_nothing_and_the_next_may_fit():
    meter = Meter(Budget(max_items=9, max_pixels=100, max_bytes=None))
    assert meter.spend(n_pixels=60) == ""
    assert meter.spend(n_pixels=41) == "max_pixels=100, of which 60 used; it needs 41"
    assert meter.spend(n_pixels=40) == ""
    assert meter.n_items_left == 7


def test_each_maximum_holds_alone_and_none_is_without_end():
    assert Meter(Budget(max_items=0, max_bytes=None)).spend() == "max_items=0, of which 0 used; it needs 1"
    assert Meter(Budget(max_items=None, max_bytes=4)).spend(n_bytes=3) == ""
    assert Meter(Budget(max_items=None, max_bytes=4)).spend(n_bytes=4) == "max_bytes=4, of which 0 used; it needs 8"
    endless = Meter(Budget(max_items=None, max_pixels=None, max_bytes=None))
    assert (endless.spend(n_items=10**6, n_pixels=10**12, n_bytes=10**12), endless.n_items_left) == ("", None)


amounts = st.integers(0, 50)


@given(st.lists(st.tuples(amounts, amounts, amounts), max_size=30), amounts, amounts, amounts)
def test_what_is_taken_never_exceeds_the_budget_and_nothing_is_refused_that_fits(wanted, items, pixels, n_bytes):
    meter = Meter(Budget(max_items=items, max_pixels=pixels, max_bytes=n_bytes))
    spent = [0, 0, 0]
    for one in wanted:
        as_sent = (one[0], one[1], base64_length(one[2]))
        would_be = [have + more for have, more in zip(spent, as_sent, strict=True)]
        fits = all(amount <= most for amount, most in zip(would_be, (items, pixels, n_bytes), strict=True))
        assert (meter.spend(n_items=one[0], n_pixels=one[1], n_bytes=one[2]) == "") == fits
        spent = would_be if fits else spent


def test_a_negative_budget_is_refused():
    with pytest.raises(InputError, match=r"Budget\(max_pixels=-1\)"):
        Budget(max_pixels=-1)
