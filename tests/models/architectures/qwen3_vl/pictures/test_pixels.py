"""Patches of Qwen3-VL: recorded values of transformers' torchvision-backed processors, and first principles."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.models.architectures.qwen3_vl.pictures.visions import CLIP, CLIPS, vision_recipe
from tests.models.contract import recorded
from tests.models.samples import PICTURES
from tests.running import clip as clip_of
from tests.running import picture

from medialens.errors import InputError
from medialens.models.architectures.qwen3_vl.pictures.pixels import (
    clip,
    clip_tokens,
    folded_weight,
    normalise,
    still,
    still_tokens,
)

RECIPE = vision_recipe()


def _twice(rows):
    """The reference has both frames of a pair in a row, colour by colour; of a still both are the same."""
    return rows.view(len(rows), 3, 1, -1).expand(-1, -1, 2, -1).reshape(len(rows), -1)


def _check(ours, grid, expected):
    assert list(grid) == expected["grid"]
    assert ours.double().mean().item() == pytest.approx(expected["mean"], abs=1e-6)
    assert ours.double().std().item() == pytest.approx(expected["std"], abs=1e-6)
    sampled = ours.flatten()[:: expected["step"]][: len(expected["values"])]
    np.testing.assert_allclose(sampled.numpy(), expected["values"], rtol=0, atol=1e-6)


@pytest.mark.parametrize("number", range(len(PICTURES)))
def test_recorded_pictures(number):
    ours = still(PICTURES[number], RECIPE)

    assert ours.patches.dtype == torch.uint8
    _check(_twice(normalise(ours.patches, RECIPE)), ours.grid, recorded("qwen3_vl_pixels")["stills"][number])


@pytest.mark.parametrize("number", range(len(CLIPS)))
def test_recorded_clips(number):
    frames, settings = CLIPS[number]
    recipe = vision_recipe(clip={**CLIP, **settings})
    ours, times = clip(clip_of(*frames), recipe)

    assert len(times) == ours.grid[0] == (len(frames) + 1) // 2
    _check(normalise(ours.patches, recipe), ours.grid, recorded("qwen3_vl_pixels")["clips"][number])


def test_rows_go_token_by_token():
    image = picture(64, 96)  # keeps its size
    patches = still(image, RECIPE).patches

    # The second token's third patch: below its first, columns 32 to 47, rows 16 to 31.
    expected = torch.from_numpy(image.pixels[16:32, 32:48]).permute(2, 0, 1).flatten()
    assert torch.equal(patches[4 + 2], expected)


def test_rows_of_clips_hold_both_frames_colour_by_colour():
    frames = [picture(64, 96, seed).pixels for seed in range(3)]
    visual, _ = clip(clip_of(*frames), RECIPE)

    assert visual.grid == (2, 4, 6)
    row = visual.patches[24 + 4 + 2].view(3, 2, 16, 16)  # of the second pair, whose frames both are the last one
    expected = torch.from_numpy(frames[2][16:32, 32:48]).permute(2, 0, 1)
    assert torch.equal(row[:, 0], expected)
    assert torch.equal(row[:, 1], expected)


def test_a_picture_is_a_clip_of_two_equal_frames_for_the_folded_weight():
    weight = torch.randn(5, 3, 2, 16, 16, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    image = picture(64, 96)
    one = normalise(still(image, RECIPE).patches, RECIPE).double()
    two = normalise(clip(clip_of(image.pixels, image.pixels), RECIPE)[0].patches, RECIPE).double()

    torch.testing.assert_close(one @ folded_weight(weight).T, two @ weight.flatten(1).T, rtol=0, atol=1e-10)


def test_normalising_leaves_the_patches_alone():
    patches = still(picture(64, 96), RECIPE).patches
    before = patches.clone()

    values = normalise(patches, RECIPE)

    assert torch.equal(patches, before)
    assert torch.equal(values, (patches.float() - 127.5) / 127.5)


def test_equal_keys_mean_equal_patches():
    image, other = picture(64, 96), picture(64, 96, seed=1)
    small = RECIPE.narrowed(max_visual_tokens=2)

    assert still(image, RECIPE).key == still(image, RECIPE.narrowed(max_visual_tokens=6)).key
    assert still(image, RECIPE, 2).key == still(image, small).key
    assert len({still(image, RECIPE).key, still(other, RECIPE).key, still(image, small).key}) == 3
    video = clip_of(image.pixels, other.pixels)
    later = dataclasses.replace(video, times_seconds=(0.0, 7.0))
    assert clip(video, RECIPE)[0].key != clip(later, RECIPE)[0].key


def test_one_frame_fills_its_pair():
    frame = picture(64, 96).pixels
    visual, times = clip(clip_of(frame), RECIPE)

    assert visual.grid == (1, 4, 6)
    assert times == (0.0,)
    assert torch.equal(visual.patches, clip(clip_of(frame, frame), RECIPE)[0].patches)


@given(height=st.integers(1, 300), width=st.integers(1, 300), tokens=st.integers(1, 70))
def test_a_picture_keeps_to_its_tokens(height, width, tokens):
    image = picture(height, width)
    if max(height, width) >= 200 * min(height, width):
        return
    free, bound = still(image, RECIPE), still(image, RECIPE, tokens)

    assert free.n_tokens == still_tokens(image, RECIPE)
    assert bound.n_tokens <= tokens
    assert bound.n_patches == len(bound.patches) == 4 * bound.n_tokens
    if free.n_tokens <= tokens:
        assert torch.equal(free.patches, bound.patches)


@given(n_frames=st.integers(1, 12), height=st.integers(1, 90), width=st.integers(1, 90), tokens=st.integers(1, 60))
def test_a_clip_keeps_to_its_tokens(n_frames, height, width, tokens):
    video = clip_of(*[picture(height, width, seed).pixels for seed in range(n_frames)])
    bound, times = clip(video, RECIPE, tokens)
    narrow, narrow_times = clip(video, RECIPE.narrowed(max_visual_tokens=tokens))

    assert bound.n_tokens <= tokens
    assert len(times) == bound.grid[0]
    assert list(times) == sorted(times)
    assert (narrow.grid, narrow_times) == (bound.grid, times)
    assert torch.equal(narrow.patches, bound.patches)
    assert clip_tokens(video, RECIPE.narrowed(max_visual_tokens=tokens)) == bound.n_tokens
    if clip_tokens(video, RECIPE) <= tokens:
        assert torch.equal(clip(video, RECIPE)[0].patches, bound.patches)


def test_frames_are_left_out_where_little_would_be_left_of_them():
    video = clip_of(*[picture(64, 96, seed).pixels for seed in range(9)])
    visual, times = clip(video, RECIPE, 8)

    assert visual.grid[0] == 2  # four tokens for each pair
    assert times == ((0 + 3) / 2, (5 + 8) / 2)


def test_no_room():
    with pytest.raises(InputError, match="no room") as caught:
        still(PICTURES[2], RECIPE, 0)

    assert caught.value.max_tokens == 0
