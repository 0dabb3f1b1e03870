import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medialens.errors import InputError, MediaLimitError
from medialens.media.segment.windows import MAX_WINDOWS, cut_windows


@pytest.mark.parametrize(
    ("duration", "window", "overlap", "expected"),
    [
        (60, 30, 0, [(0, 30), (30, 60)]),
        (70, 30, 5, [(0, 30), (25, 55), (40, 70)]),  # the last ends with the whole, and overlaps by 15
        (62, 30, 0, [(0, 30), (30, 62)]),  # 2 seconds are no window of their own
        (12.5, 30, 3, [(0, 12.5)]),
        (30, 30, 3, [(0, 30)]),
        (0.0001, 30, 3, [(0, 0.001)]),  # a reference's window is a millisecond at least
        (0.3, 0.1, 0, [(0, 0.1), (0.1, 0.2), (0.2, 0.3)]),  # though 3 * 0.1 > 0.3 in floats
    ],
)
def test_worked_examples(duration, window, overlap, expected):
    assert cut_windows(duration, window_seconds=window, overlap_seconds=overlap) == expected


@pytest.mark.parametrize(("window", "share", "step"), [(10, 0.5, 5), (2, 0.5, 1), (1, 0.1, 0.9), (4, 0, 4)])
def test_what_is_shared_by_default_is_a_part_of_the_window(window, share, step):
    cut = cut_windows(40, window_seconds=window, usual_overlap=share)
    assert cut[:2] == [(0, window), (step, step + window)]


@settings(deadline=None)
@given(total=st.integers(1, 5_000), window=st.integers(1, 1_000), share=st.floats(0, 0.99))
def test_windows_cover_the_whole_in_steps_and_none_is_tiny(total, window, share):
    overlap = min(int(window * share), window - 1)
    step = window - overlap

    cut = cut_windows(total / 1000, window_seconds=window / 1000, overlap_seconds=overlap / 1000)
    windows = [(round(start * 1000), round(end * 1000)) for start, end in cut]

    assert cut == [(start / 1000, end / 1000) for start, end in windows]  # whole milliseconds
    assert windows[0][0] == 0
    assert windows[-1][1] == total
    lengths = [end - start for start, end in windows]
    assert all(length == window for length in lengths[:-1])
    assert lengths[-1] == total if len(windows) == 1 and total < window else window <= lengths[-1] < window + step / 4
    starts = [start for start, _ in windows]
    assert all(later - earlier == step for earlier, later in itertools.pairwise(starts[:-1]))
    for (_, end), (start, later_end) in itertools.pairwise(windows):
        assert end - start >= overlap  # at least the overlap that was asked for, and nothing left out
        assert (later_end - end) * 4 >= step  # at least a quarter of a step is new


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"duration_seconds": 0}, "duration_seconds=0"),
        ({"duration_seconds": -1}, "duration_seconds=-1"),
        ({"duration_seconds": float("nan")}, "duration_seconds=nan"),
        ({"duration_seconds": "10"}, "duration_seconds='10'"),
        ({"duration_seconds": True}, "duration_seconds=True"),
        ({"window_seconds": 0}, "window_seconds=0"),
        ({"window_seconds": float("inf")}, "window_seconds=inf"),
        ({"overlap_seconds": -1}, "overlap_seconds=-1"),
        ({"overlap_seconds": 10}, "overlap_seconds=10"),
    ],
)
def test_what_is_no_length_is_refused_by_name(arguments, named):
    given = {"duration_seconds": 100, "window_seconds": 10, "overlap_seconds": 0, **arguments}
    with pytest.raises(InputError) as caught:
        cut_windows(given.pop("duration_seconds"), **given)
    assert named in str(caught.value)


def test_windows_without_number_are_refused_before_they_are_made():
    with pytest.raises(MediaLimitError) as caught:
        cut_windows(21_600, window_seconds=1, overlap_seconds=0.999)
    assert caught.value.maximum == MAX_WINDOWS
