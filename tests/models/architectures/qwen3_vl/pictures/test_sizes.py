"""Sizes of pictures and clips: known cases of the reference's arithmetic, and what holds for all of them."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.models.architectures.qwen3_vl.pictures.visions import CLIP, vision_recipe

from medialens.errors import InputError
from medialens.models.architectures.qwen3_vl.pictures.sizes import fit_clip, fit_still, tightest

SIDES = st.integers(1, 4000)


def _bounded(least, most, **clip):
    size = {"size": {"shortest_edge": least * 1024, "longest_edge": most * 1024}}
    return vision_recipe(still=size | {"patch_size": 16, **HALF}, clip={**CLIP, **size, **clip})


HALF = {"image_mean": [0.5] * 3, "image_std": [0.5] * 3}


@given(height=SIDES, width=SIDES, least=st.integers(1, 20), most=st.integers(100, 2000))
def test_pictures_keep_to_their_bounds(height, width, least, most):
    assume(max(height, width) < 200 * min(height, width))
    high, wide = fit_still(height, width, _bounded(least, most))

    assert high % 32 == wide % 32 == 0
    assert min(high, wide) >= 32
    # Only of a picture so long that its shorter side is one token, the reference lets the longer one be.
    assert high * wide <= most * 1024 or min(high, wide) == 32
    assert high * wide >= least * 1024


@given(height=SIDES, width=SIDES, tokens=st.integers(1, 2000))
def test_a_tighter_bound_holds_in_any_case(height, width, tokens):
    assume(max(height, width) < 200 * min(height, width))
    recipe = _bounded(4, 1800)
    high, wide = fit_still(height, width, recipe, tokens)

    assert high % 32 == wide % 32 == 0
    assert 1 <= high // 32 * (wide // 32) <= tokens
    assert fit_still(height, width, recipe.narrowed(max_visual_tokens=tokens)) == (high, wide)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((48, 80), (64, 64)),  # 1.5 and 2.5 tokens: both to the even neighbour
        ((1, 1), (64, 64)),  # at least four tokens
        ((10, 1980), (32, 928)),  # its height rounds to none, so that it counts as too small, and is scaled for that
        ((1754, 1240), (1600, 1120)),  # a page of A4 at 150 dpi, in 1,800 tokens
    ],
    ids=str,
)
def test_known_pictures(size, expected):
    assert fit_still(*size, _bounded(4, 1800)) == expected


@pytest.mark.parametrize(
    ("n_frames", "more", "expected"),
    [
        (2, {}, (256, 256)),  # 64 tokens a frame: as it is
        (5, {}, (160, 160)),  # 128 tokens for all five frames, and 26 are no square
        (5, {"cap_pixels_per_frame": True}, (160, 160)),
        (2, {"cap_pixels_per_frame": True, "max_video_tokens": 9}, (96, 96)),
        (50, {"cap_pixels_per_frame": True}, (64, 64)),  # the floor: 1.05 times the least of the clip
    ],
    ids=str,
)
def test_known_clips(n_frames, more, expected):
    assert fit_clip(n_frames, 256, 256, _bounded(4, 128, **more)) == expected


@given(n_frames=st.integers(1, 60), height=SIDES, width=SIDES, pixels=st.integers(1, 10**6))
def test_a_bound_on_frames_holds(n_frames, height, width, pixels):
    assume(max(height, width) < 150 * min(height, width))
    high, wide = fit_clip(n_frames, height, width, _bounded(4, 768).narrowed(max_pixels=pixels))

    # The reference counts an odd number of frames as the even neighbour, which lets each be a little larger.
    assert (
        high * wide <= pixels * max(1.0, n_frames / (n_frames - 1)) if n_frames > 1 and min(high, wide) > 32 else True
    )


@pytest.mark.parametrize("size", [(1, 200), (200, 1), (3000, 15), (7, 5000)], ids=str)
def test_what_is_too_long(size):
    height, width = size
    for fit in (lambda recipe: fit_still(*size, recipe), lambda recipe: fit_clip(4, *size, recipe)):
        with pytest.raises(InputError, match=f"is {width}x{height} pixels .* 200 times the other .* crop it") as caught:
            fit(_bounded(4, 64))
        assert (caught.value.height, caught.value.width, caught.value.maximum) == (height, width, 200)


def test_tightest():
    assert tightest(None, None) is None
    assert tightest(3, None) == 3
    assert tightest(3, 2, None) == 2
