"""Several searches into one answer."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medialens.errors import InputError
from medialens.retrieval.fusing import Candidate, choose, fuse_candidates

KINDS = {"t": "text", "p": "image", "v": "video"}


def ranking(names):
    return [Candidate(key=name, modality=KINDS[name[0]]) for name in names.split()]


def keys(fused):
    return [one.candidate.key for one in fused]


def test_the_first_of_each_kind_are_equally_good_however_late_a_search_has_them():
    fused = fuse_candidates([ranking("t1 t2 t3 p1 p2 v1")])
    assert keys(fused) == ["t1", "p1", "v1", "t2", "p2", "t3"]
    assert [one.fusion_score for one in fused] == [1 / 61, 1 / 61, 1 / 61, 1 / 62, 1 / 62, 1 / 63]


def test_what_two_searches_find_is_better_than_what_one_finds():
    fused = fuse_candidates([ranking("t1 t2 p1 p2"), ranking("t2 p2 t5")])
    scores = {one.candidate.key: one.fusion_score for one in fused}
    # Worked out by hand from 1 / (60 + rank): t2 is second and first, t5 second in the other search only.
    assert scores["t2"] == pytest.approx(float(Fraction(1, 62) + Fraction(1, 61)))
    assert scores["p2"] == scores["t2"]
    assert scores["t5"] == pytest.approx(1 / 62)
    assert keys(fused) == ["t2", "p2", "t1", "p1", "t5"]


def test_weights_count():
    fused = fuse_candidates([ranking("t1"), ranking("t2")], weights=[1, 3], rrf_k=0)
    assert [(one.candidate.key, one.fusion_score) for one in fused] == [("t2", 3.0), ("t1", 1.0)]


def test_something_twice_in_a_search_counts_where_it_comes_first():
    assert [one.fusion_score for one in fuse_candidates([ranking("t1 t1 t2")])] == [1 / 61, 1 / 62]


def test_nothing_found_is_nothing_and_what_is_wrong_is_wrong_all_the_same():
    assert fuse_candidates([]) == fuse_candidates([[], []]) == []
    with pytest.raises(InputError, match="2 rankings need as many weights, got 1"):
        fuse_candidates([[], []], weights=[1])


names = st.lists(st.sampled_from([f"{kind}{n}" for kind in "tpv" for n in range(6)]), max_size=18)


@given(
    st.lists(names, max_size=3),
    st.integers(0, 20),
    st.none() | st.dictionaries(st.sampled_from([*KINDS.values()]), st.integers(0, 4)),
)
def test_each_kind_has_its_places_nothing_is_lost_and_the_order_stays(rankings, k, quotas):
    fused = fuse_candidates([ranking(" ".join(one)) for one in rankings])
    assert sorted(keys(fused)) == sorted({name for one in rankings for name in one})
    assert [one.fusion_score for one in fused] == sorted((one.fusion_score for one in fused), reverse=True)
    modalities = [one.candidate.modality for one in fused]
    if quotas is not None and sum(quotas.values()) > k and k < len(modalities):
        with pytest.raises(InputError, match="come to"):
            choose(modalities, k, quotas=quotas)
        return
    kept = choose(modalities, k, quotas=quotas)
    assert len(kept) == min(k, len(modalities))
    assert kept == sorted(set(kept))
    kinds = set(modalities)
    for kind in kinds:
        own = k // len(kinds) if quotas is None else quotas.get(kind, 0)
        assert sum(modalities[at] == kind for at in kept) >= min(own, modalities.count(kind))


def test_without_places_of_their_own_the_best_are_kept():
    assert choose(["text"] * 5 + ["image"], 3, quotas={}) == [0, 1, 2]
    assert choose(["text"] * 5 + ["image"], 3) == [0, 1, 5]
    assert choose(["text"] * 5 + ["image"], None) == [0, 1, 2, 3, 4, 5]
    assert choose(["text"] * 5 + ["image"], 0) == []


@pytest.mark.parametrize("arguments", [{"k": -1}, {"k": 1, "quotas": {"image": -1}}, {"k": 1, "quotas": {"image": 2}}])
def test_what_makes_no_sense_is_refused(arguments):
    with pytest.raises(InputError):
        choose(["text", "image"], **arguments)
