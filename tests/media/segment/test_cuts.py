import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medialens.media.segment.cuts import plan_spans

SIDES = st.tuples(st.integers(40, 600), st.floats(1.0, 60.0))
OVERLAPS = st.floats(0.0, 0.4)


def random_activity(longer, seed):
    """Text, gaps and pictures of any height, one after the other."""
    rng = np.random.default_rng(seed)
    bands = rng.choice([0.0, 1.0, 30.0, 90.0], longer)
    return np.repeat(bands, rng.integers(1, 60, longer))[:longer]


@pytest.mark.parametrize("aspect_ratio", [7.5, 100.0, 1e9])
@pytest.mark.parametrize("overlap", [0.0, 0.125, 0.49])
def test_a_picture_that_is_less_than_a_tile_long_is_one(aspect_ratio, overlap):
    assert plan_spans(np.zeros(750), 100, aspect_ratio=aspect_ratio, overlap=overlap) == [(0, 750)]


@settings(deadline=None)
@given(SIDES, st.integers(0, 2**16), OVERLAPS)
def test_tiles_cover_the_picture_in_order_and_overlap_as_asked(sides, seed, overlap):
    shorter, ratio = sides
    longer = int(shorter * ratio)
    spans = plan_spans(random_activity(longer, seed), shorter, aspect_ratio=1.4, overlap=overlap)

    assert spans[0][0] == 0
    assert spans[-1][1] == longer
    even = (longer / len(spans)) if len(spans) == 1 else longer / (len(spans) - (len(spans) - 1) * overlap)
    for (begin, end), (next_begin, next_end) in itertools.pairwise(spans):
        assert begin < next_begin < next_end
        assert end < next_end
        assert 0.8 * overlap * even <= end - next_begin <= 1.2 * overlap * even + 1


@settings(deadline=None)
@given(SIDES, st.integers(0, 2**16), st.floats(1.0, 3.0))
def test_tiles_have_about_the_shape_asked_for_and_none_is_a_sliver(sides, seed, aspect_ratio):
    shorter, ratio = sides
    longer = int(shorter * ratio)
    spans = plan_spans(random_activity(longer, seed), shorter, aspect_ratio=aspect_ratio, overlap=0.125)

    # One or two tiles are at worst sqrt(2 - 0.125) times too short or too long, and cuts move by up to 0.15 a side.
    off = (2 - 0.125) ** 0.5
    shapes = [(end - begin) / shorter / aspect_ratio for begin, end in spans]
    slack = 0.0 if len(spans) == 1 else 0.3 + 2 / shorter
    assert max(shapes) <= off * (1 + slack) + 1e-9
    assert len(spans) == 1 or min(shapes) >= (1 / off) * (1 - slack) - 2 / shorter


@pytest.mark.parametrize(("longer", "n_tiles"), [(1000, 1), (1400, 1), (1900, 1), (1930, 2), (2600, 2), (10_000, 8)])
def test_the_number_of_tiles_is_the_one_whose_shape_comes_nearest(longer, n_tiles):
    spans = plan_spans(np.zeros(longer), 1000, aspect_ratio=1.4, overlap=0.125)
    assert len(spans) == n_tiles


def test_without_anything_to_avoid_tiles_are_evenly_spaced():
    spans = plan_spans(np.zeros(10_000), 1000, aspect_ratio=1.4, overlap=0.125)
    lengths = [end - begin for begin, end in spans]
    even = 10_000 / (8 - 7 * 0.125)
    assert max(abs(length - even) for length in lengths) <= 1


@settings(deadline=None)
@given(st.integers(0, 2**16))
def test_tiles_begin_and_end_in_gaps_where_there_are_any(seed):
    rng = np.random.default_rng(seed)
    activity = np.full(12_000, 80.0)
    # A gap of 12 rows at least every 55, while the end of an overlap has 70 rows to choose from.
    for gap in np.cumsum(rng.integers(30, 55, 400)):
        activity[gap : gap + 12] = 0.0
    spans = plan_spans(activity, 1000, aspect_ratio=1.4, overlap=0.125)

    cuts = [begin for begin, _ in spans[1:]] + [end for _, end in spans[:-1]]
    for cut in cuts:
        assert activity[cut - 4 : cut + 4].max() == 0.0  # inside the gap, not at its edge


def test_noise_does_not_move_a_cut_far():
    quiet = plan_spans(np.zeros(10_000), 1000, aspect_ratio=1.4, overlap=0.125)
    noisy = plan_spans(np.random.default_rng(0).random(10_000) * 0.5, 1000, aspect_ratio=1.4, overlap=0.125)
    assert max(abs(one[0] - other[0]) for one, other in zip(quiet, noisy, strict=True)) <= 30
