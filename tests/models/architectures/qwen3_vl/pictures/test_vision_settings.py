"""Settings of the processors as repositories and callers spell them; what is not reproduced is refused once."""

from __future__ import annotations

import dataclasses
import json

import pytest
from tests.models.architectures.qwen3_vl.pictures.visions import CLIP, STILL, VISION, vision_recipe

from medialens.errors import IncompleteRepositoryError, RepositoryError
from medialens.media.frame_rate import FrameRate

TOKEN = 32 * 32


def test_what_a_repository_says():
    recipe = vision_recipe(clip={**CLIP, "fps": 3, "min_frames": 2, "max_frames": 20, "cap_pixels_per_frame": True})

    assert (recipe.min_pixels, recipe.max_pixels) == (4 * TOKEN, 64 * TOKEN)
    assert (recipe.clip_min_pixels, recipe.clip_max_pixels) == (4 * TOKEN, 128 * TOKEN)
    assert recipe.frame_rate == FrameRate(fps=3.0, min_frames=2, max_frames=20)
    assert recipe.cap_pixels_per_frame
    assert recipe.factor == 32


def test_silence_means_the_processors_own_numbers():
    """Of ``Qwen3VLVideoProcessor``; that of pictures is never silent about its patches, which are 14 there."""
    recipe = vision_recipe(clip={})

    assert recipe.frame_rate == FrameRate(fps=2.0, min_frames=4, max_frames=768)
    assert (recipe.clip_min_pixels, recipe.clip_max_pixels) == (128 * TOKEN, 768 * TOKEN)
    assert not recipe.cap_pixels_per_frame
    assert vision_recipe(clip={**CLIP, "cap_pixels_per_frame": None}).cap_pixels_per_frame is False


def test_plain_repositories_have_the_authors_bounds():
    recipe = vision_recipe(plain=True, still={**STILL, "max_pixels": 7 * TOKEN})

    assert (recipe.min_pixels, recipe.max_pixels) == (4096, 1_843_200)
    assert recipe.frame_rate == FrameRate(fps=1.0, min_frames=4, max_frames=64)
    assert recipe.cap_pixels_per_frame
    assert recipe.clip_max_pixels // 16 == 983_040  # of each frame of a clip of 16, says their README
    assert vision_recipe(plain=True, asked={"max_pixels": 9 * TOKEN, "fps": 4}).max_pixels == 9 * TOKEN


def test_what_a_caller_asks():
    """As transformers' processors take it: `size` is for both, the older names for pictures, frames for clips."""
    asked = vision_recipe(asked={"min_pixels": 2 * TOKEN, "max_pixels": 5 * TOKEN})
    assert (asked.min_pixels, asked.max_pixels) == (2 * TOKEN, 5 * TOKEN)
    assert (asked.clip_min_pixels, asked.clip_max_pixels) == (4 * TOKEN, 128 * TOKEN)

    both = vision_recipe(asked={"size": {"shortest_edge": TOKEN, "longest_edge": 9 * TOKEN}, "padding_side": "left"})
    assert (both.min_pixels, both.max_pixels, both.clip_max_pixels) == (TOKEN, 9 * TOKEN, 9 * TOKEN)

    frames = vision_recipe(asked={"fps": 5, "max_frames": 8})
    assert frames.frame_rate == FrameRate(fps=5.0, min_frames=4, max_frames=8)
    assert vision_recipe(asked={"num_frames": 6}).frame_rate.choose(100, 10.0) == (0, 20, 40, 59, 79, 99)
    assert vision_recipe(asked={"do_sample_frames": False}).frame_rate.choose(3, 10.0) == (0, 1, 2)


def test_the_older_names_count_before_size():
    recipe = vision_recipe(still={**STILL, "min_pixels": 3 * TOKEN, "max_pixels": 6 * TOKEN})

    assert (recipe.min_pixels, recipe.max_pixels) == (3 * TOKEN, 6 * TOKEN)


def test_a_call_narrows():
    recipe = vision_recipe()
    narrow = recipe.narrowed(max_pixels=2 * TOKEN)

    assert (narrow.min_pixels, narrow.max_pixels, narrow.max_frame_pixels) == (2 * TOKEN, 2 * TOKEN, 2 * TOKEN)
    assert recipe.narrowed(max_pixels=10**9).max_pixels == recipe.max_pixels
    assert recipe.narrowed(max_visual_tokens=3) == dataclasses.replace(recipe, max_tokens=3)
    assert recipe.narrowed() == recipe


def test_settings_are_json():
    recipe = vision_recipe()

    assert json.loads(json.dumps(recipe.as_settings())) == recipe.as_settings()


def test_bounds_are_no_part_of_the_kernel():
    """What was computed of a picture is found again under another bound that leaves its size."""
    assert vision_recipe().kernel == vision_recipe(asked={"max_pixels": 9 * TOKEN, "fps": 5}).kernel
    bilinear = vision_recipe(asked={"resample": 2})
    assert vision_recipe().kernel != bilinear.kernel


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"resample": 4}, "resample=4 of the image processor"),
        ({"do_resize": False}, "do_resize=False"),
        ({"patch_size": 14}, "patch_size is 14 for images and 16 for videos"),
        ({"image_mean": [0.1, 0.2, 0.3]}, "normalised by different numbers"),
        ({"size": {"longest_edge": 100}}, "cannot be read"),
        ({"size": 5}, "cannot be read"),
        ({"max_pixels": "many"}, "cannot be read"),
        ({"min_pixels": 0}, "the bounds of images are 0 and 65536"),
        ({"min_pixels": 70_000}, "the bounds of images are 70000 and 65536"),
        ({"size": {"shortest_edge": 10**10, "longest_edge": 10**12}}, "no picture or clip has less than 10000000000"),
    ],
)
def test_what_is_refused_of_pictures(changes, said):
    with pytest.raises(RepositoryError, match=said) as caught:
        vision_recipe(still={**STILL, **changes})

    assert caught.value.repository == "x"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"fps": 0}, "fps=0.0"),
        ({"fps": "fast"}, "cannot be read"),
        ({"min_frames": 9, "max_frames": 8}, "the bounds of frames are 9 and 8"),
        ({"max_video_tokens": 0}, "max_video_tokens=0"),
        ({"size": {"shortest_edge": -1, "longest_edge": 5}}, "the bounds of videos are -1 and 5"),
        ({"size": {"shortest_edge": 10**10, "longest_edge": 10**12}}, "no picture or clip has less than 10000000000"),
    ],
)
def test_what_is_refused_of_clips(changes, said):
    with pytest.raises(RepositoryError, match=said):
        vision_recipe(clip={**CLIP, **changes})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"image_std": [0.5, 0.5, 0.0]}, "divide by image_std"),
        ({"image_mean": [0.5, 0.5]}, "expected 3 finite numbers"),
        ({"rescale_factor": float("inf")}, "expected 1 finite"),
        ({"merge_size": 4}, "its vision_config has 2"),
        ({"patch_size": 14}, "its vision_config has 16"),
    ],
)
def test_what_is_refused_of_both(changes, said):
    with pytest.raises(RepositoryError, match=said):
        vision_recipe(still={**STILL, **changes}, clip={**CLIP, **changes})


def test_another_merge_is_refused_even_where_the_model_has_it():
    vision = {**VISION, "spatial_merge_size": 4}
    changes = {"merge_size": 4}

    with pytest.raises(RepositoryError, match="merges 4 patches a side"):
        vision_recipe(still={**STILL, **changes}, clip={**CLIP, **changes}, vision=vision)


def test_settings_that_are_not_there_are_named():
    with pytest.raises(
        IncompleteRepositoryError, match=r"no preprocessor_config\.json or processor_config\.json"
    ) as caught:
        vision_recipe(still={}, clip={})

    assert caught.value.missing == ("preprocessor_config.json",)
