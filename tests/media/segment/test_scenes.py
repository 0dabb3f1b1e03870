import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medialens.errors import InputError, MissingExtraError
from medialens.media.segment.scenes import SceneSettings, cut_scenes, find_cuts


def shot(level: int, n_frames: int, seed: int = 0):
    noise = np.random.default_rng(seed).integers(0, 6, (36, 64, 3))
    return [(level + noise + at % 3).astype(np.uint8) for at in range(n_frames)]


@pytest.mark.parametrize("detector", ["content", "adaptive"])
@pytest.mark.parametrize("step", [0.04, 1.0])
def test_cuts_are_where_a_shot_begins_by_our_times(detector, step):
    pytest.importorskip("scenedetect", reason="PySceneDetect is not installed: pip install 'medialens[scenes]'")
    frames = [*shot(20, 20), *shot(120, 15), *shot(230, 9), *shot(70, 20)]
    times = [step * number**1.1 for number in range(len(frames))]  # no constant rate

    cuts = find_cuts(zip(times, frames, strict=True), SceneSettings(detector=detector))

    assert cuts == [times[20], times[35], times[44]]


def test_nothing_happens():
    pytest.importorskip("scenedetect", reason="PySceneDetect is not installed: pip install 'medialens[scenes]'")
    assert find_cuts([], SceneSettings()) == []
    assert find_cuts([(0.0, shot(20, 1)[0])], SceneSettings()) == []
    assert find_cuts(enumerate(shot(20, 50)), SceneSettings()) == []


def test_a_threshold_decides():
    pytest.importorskip("scenedetect", reason="PySceneDetect is not installed: pip install 'medialens[scenes]'")
    frames = list(enumerate([*shot(100, 10), *shot(130, 10)]))  # a step of 30 of 255 in one of three channels
    assert find_cuts(frames, SceneSettings(detector="content", threshold=5)) == [10]
    assert find_cuts(frames, SceneSettings(detector="content", threshold=60)) == []


def test_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "scenedetect", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'medialens\[scenes\]'"):
        find_cuts([], SceneSettings())


def test_short_scenes_are_joined_and_long_ones_cut():
    settings = SceneSettings(min_seconds=2, max_seconds=10)
    assert cut_scenes([3, 4, 6, 31], 32.5, settings) == [(0, 3), (3, 6), (6, 14.833), (14.833, 23.666), (23.666, 32.5)]
    assert cut_scenes([], 5, settings) == [(0, 5)]
    assert cut_scenes([0.5], 1, settings) == [(0, 1)]
    assert cut_scenes([], 0.0001, settings) == [(0, 0.001)]


@given(
    st.lists(st.integers(1, 90_000), unique=True).map(sorted),
    st.integers(1, 100_000),
    st.integers(1, 5_000),
    st.integers(2, 20),
)
def test_scenes_cover_everything_once(cuts, duration, shortest, times):
    cuts = [cut / 1000 for cut in cuts if cut < duration]
    settings = SceneSettings(min_seconds=shortest / 1000, max_seconds=shortest * times / 1000)

    windows = cut_scenes(cuts, duration / 1000, settings)

    assert windows[0][0] == 0
    assert windows[-1][1] == duration / 1000
    assert all(one[1] == other[0] for one, other in itertools.pairwise(windows))
    lengths = [round(end * 1000) - round(start * 1000) for start, end in windows]
    assert max(lengths) <= shortest * times
    assert min(lengths) >= min(shortest, duration)


@pytest.mark.parametrize(
    "wrong",
    [
        {"detector": "guess"},
        {"min_seconds": 0},
        {"min_seconds": 20},
        {"max_seconds": float("inf")},
        {"threshold": 0},
        {"threshold": float("nan")},
    ],
)
def test_settings_are_checked(wrong):
    with pytest.raises(InputError):
        SceneSettings(**wrong)
