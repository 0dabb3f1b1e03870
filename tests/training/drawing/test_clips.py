from __future__ import annotations

import random
import statistics

import numpy as np
import pytest

from medialens.media.moments import moments
from medialens.models.layers.clip_sheet import ClipSheet
from medialens.training.drawing import KINDS, Scene, draw, film, invent, on_sheet
from medialens.training.drawing.clips import MOTIONS, OPPOSITES, SHEET
from medialens.training.language.words import SEEN, UNSEEN

SIZE = (128, 96)
N_FILMS = 12


def _clip(motion, company=("", ""), colour="red", shape="circle"):
    facts = {"colour": colour, "shape": shape, "motion": motion}
    return Scene("clip", {**facts, "second colour": company[0], "second shape": company[1]})


def _mask(frame):
    """Where something red is; red alone is far from paper, dark ground and blue company."""
    pixels = np.asarray(frame).astype(np.int32)
    return (pixels[..., 0] > 150) & (pixels[..., 1] < 110) & (pixels[..., 2] < 110)


def _seen(motion, company=("", "")):
    """For films of the motion: what can be seen of the moving shape at eight moments, (frames, height, width) bool."""
    for seed in range(N_FILMS):
        shown = film(_clip(motion, company), SIZE, random.Random(f"{motion}/{seed}"))
        yield np.stack([_mask(shown(time)) for time in moments(8)])


def _centres(masks):
    """(frames, 2): where the shape's middle is, x to the right and y down."""
    return np.array([[axis.mean() for axis in np.nonzero(mask)[::-1]] for mask in masks])


@pytest.mark.parametrize("company", [("", ""), ("blue", "square")])
@pytest.mark.parametrize(
    ("motion", "way"),
    [("moves left", (-1, 0)), ("moves right", (1, 0)), ("moves up", (0, -1)), ("moves down", (0, 1))],
)
def test_what_moves_goes_where_it_is_said_to(motion, way, company):
    for masks in _seen(motion, company):
        steps = np.diff(_centres(masks), axis=0)
        along, across = steps @ np.array(way), steps @ np.array(way[::-1])
        assert np.all(along > 1)
        assert np.all(np.abs(across) < 1)


@pytest.mark.parametrize("company", [("", ""), ("blue", "square")])
@pytest.mark.parametrize(("motion", "sign"), [("grows", 1), ("shrinks", -1)])
def test_what_grows_or_shrinks_stays_where_it_is(motion, sign, company):
    for masks in _seen(motion, company):
        areas = masks.sum(axis=(1, 2))
        assert np.all(sign * np.diff(areas) > 0)
        assert max(areas) > 4 * min(areas)
        assert np.all(np.abs(np.diff(_centres(masks), axis=0)) < 1.5)


@pytest.mark.parametrize(("motion", "first", "last"), [("appears", False, True), ("disappears", True, False)])
def test_what_comes_or_goes_does_so_once_and_for_good(motion, first, last):
    for masks in _seen(motion):
        there = masks.any(axis=(1, 2))
        assert (there[0], there[-1]) == (first, last)
        assert np.count_nonzero(np.diff(there)) == 1


@pytest.mark.parametrize("motion", MOTIONS)
def test_company_stands_still_and_can_be_seen_in_most_frames(motion):
    for seed in range(N_FILMS):
        shown = film(_clip(motion, ("red", "square"), "blue"), SIZE, random.Random(seed))
        masks = [_mask(shown(time)) for time in moments(8)]
        whole = max(masks, key=np.count_nonzero)
        assert whole.sum() > 0.9 * (0.26 * 0.85) ** 2 * SIZE[0] * SIZE[1]
        assert not any((mask & ~whole).any() for mask in masks)
        assert statistics.median(mask.sum() for mask in masks) > 0.4 * whole.sum()  # something may pass before it


@pytest.mark.parametrize("motion", MOTIONS)
def test_what_moves_can_be_seen_whatever_it_is(motion):
    chance = random.Random(motion)
    for _ in range(60):
        scene = invent(chance, kind="clip")
        scene = Scene("clip", {**scene.facts, "motion": motion})
        shown = film(scene, (96, 96), chance)
        frames = np.stack([np.asarray(shown(time)).astype(np.int32) for time in moments(4)])
        changed = np.abs(frames[0] - frames[-1]).max(axis=2) > 40
        assert changed.mean() > 0.005, scene.key


def test_a_film_shows_the_same_whenever_it_is_asked():
    chance = random.Random(5)
    shown = film(invent(chance, kind="clip"), SIZE, chance)
    later, again = np.asarray(shown(0.7)), np.asarray(shown(0.7))
    np.asarray(shown(0.1))
    assert np.array_equal(later, again)
    assert shown(0.3).size == SIZE


def test_only_clips_have_films():
    assert [name for name, kind in KINDS.items() if kind.film] == ["clip"]
    assert film(invent(random.Random(0), kind="shape"), SIZE, random.Random(0)) is None


def test_a_sheet_has_its_frames_in_reading_order():
    colours = {0.125: (255, 0, 0), 0.375: (0, 255, 0), 0.625: (0, 0, 255), 0.875: (255, 255, 0)}

    def shown(time):
        from PIL import Image

        return Image.new("RGB", (40, 30), colours[time])

    sheet = np.asarray(on_sheet(shown, (96, 96)))
    corners = [sheet[0, 0], sheet[0, -1], sheet[-1, 0], sheet[-1, -1]]
    assert [tuple(corner.tolist()) for corner in corners] == list(colours.values())
    assert not sheet[47:49].any()  # the gutter
    assert not sheet[:, 47:49].any()


def test_drawing_a_clip_gives_the_sheet_that_the_model_looks_at():
    scene = invent(random.Random(3), kind="clip")
    expected = on_sheet(film(scene, (96, 96), random.Random(4)), (96, 96))
    assert np.array_equal(np.asarray(draw(scene, (96, 96), random.Random(4))), np.asarray(expected))
    assert ClipSheet() == SHEET


def test_every_motion_has_its_opposite_and_words_of_its_own():
    assert set(OPPOSITES) == set(MOTIONS)
    assert all(OPPOSITES[OPPOSITES[motion]] == motion != OPPOSITES[motion] for motion in MOTIONS)
    ways = [way for motion in MOTIONS for way in (*SEEN[motion], UNSEEN[motion])]
    assert len(ways) == len(set(ways))
    assert all(len(SEEN[motion]) >= 3 for motion in MOTIONS)
