"""Our patches against transformers' torchvision-backed processors of Qwen3-VL: sizes, bounds, clips, frame rates.

Noise floor: 0.0. Resizing is the same kernel on the same bytes and normalising the same fp32 arithmetic, so the
comparison is for equality, not for closeness.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch
import transformers
from tests import tiny_qwen
from tests.models.architectures.qwen3_vl.pictures.visions import vision_recipe
from tests.running import clip as clip_of
from tests.running import picture

from medialens.hub.manifest import read_manifest
from medialens.hub.repository import Repository
from medialens.inputs import Item, Video
from medialens.media.decode import decode, resolve
from medialens.media.decoded import DecodedVideo, MediaNeeds
from medialens.media.limits import MediaLimits
from medialens.models.architectures.qwen3_vl.pictures.pixels import clip, clip_tokens, normalise, still, still_tokens
from medialens.models.architectures.qwen3_vl.pictures.vision_settings import read_vision_recipe

SIZES = [
    (1, 1),
    (1, 150),
    (150, 1),
    (10, 1980),
    (1999, 10),
    (32, 32),
    (31, 37),
    (97, 89),
    (33, 32),
    (480, 640),
    (16, 48),
]
BOUNDS = [(4, 64), (1, 4), (1, 1), (64, 1280), (200, 210)]
HALF = {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}
STILL = {"patch_size": 16, "temporal_patch_size": 2, "merge_size": 2, **HALF}


def still_settings(least: int, most: int) -> dict[str, Any]:
    return {**STILL, "size": {"shortest_edge": least * 1024, "longest_edge": most * 1024}}


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("bounds", BOUNDS, ids=str)
def test_pictures(size, bounds):
    settings = still_settings(*bounds)
    image = picture(*size)
    recipe = vision_recipe(still=settings)
    ours = still(image, recipe)

    processor = transformers.Qwen2VLImageProcessor(**settings)
    assert processor.backend == "torchvision"
    theirs = processor(PIL.Image.fromarray(image.pixels), return_tensors="pt")

    assert theirs["image_grid_thw"].tolist() == [list(ours.grid)]
    assert ours.n_tokens == still_tokens(image, recipe)
    assert torch.equal(_twice(normalise(ours.patches, recipe)), theirs["pixel_values"])


def _twice(rows: torch.Tensor) -> torch.Tensor:
    """The reference has both frames of a pair in a row, colour by colour; of a still both are the same."""
    return rows.view(len(rows), 3, 1, -1).expand(-1, -1, 2, -1).reshape(len(rows), -1)


@pytest.mark.parametrize(
    "change",
    [
        {"do_normalize": False},
        {"do_rescale": False},
        {"do_rescale": False, "do_normalize": False},
        {"resample": 2},
        {"image_mean": [0.1, 0.2, 0.3], "image_std": [0.4, 0.5, 0.6]},
        {"rescale_factor": 1 / 127},
        {"min_pixels": 100 * 1024, "max_pixels": 120 * 1024},
        {"max_pixels": 5 * 1024},
    ],
    ids=str,
)
def test_settings(change):
    settings = {**still_settings(4, 64), **change}
    image = picture(97, 150)
    recipe = vision_recipe(still=settings, clip=settings)
    ours = normalise(still(image, recipe).patches, recipe)

    theirs = transformers.Qwen2VLImageProcessor(**settings)(PIL.Image.fromarray(image.pixels), return_tensors="pt")

    assert torch.equal(_twice(ours), theirs["pixel_values"].float())


def clip_settings(least: int, most: int, **more: Any) -> dict[str, Any]:
    size = {"shortest_edge": least * 1024, "longest_edge": most * 1024}
    return {**STILL, "size": size, "cap_pixels_per_frame": False, **more}


def _frames(n_frames: int, height: int, width: int) -> list[Any]:
    return [picture(height, width, seed).pixels for seed in range(n_frames)]


@pytest.mark.parametrize("n_frames", range(1, 10))
@pytest.mark.parametrize("size", [(1, 1), (20, 90), (97, 130), (3, 500), (240, 320)], ids=str)
@pytest.mark.parametrize(
    "settings",
    [
        clip_settings(4, 128),
        clip_settings(1, 20),
        clip_settings(128, 768),
        clip_settings(4, 128, cap_pixels_per_frame=True),
        clip_settings(4, 128, cap_pixels_per_frame=True, max_video_tokens=6),
        clip_settings(10, 40, cap_pixels_per_frame=True),
    ],
    ids=["uncapped", "small", "large", "capped", "capped-to-6", "floor"],
)
def test_clips(n_frames, size, settings):
    frames = _frames(n_frames, *size)
    recipe = vision_recipe(clip=settings)
    video = clip_of(*frames)
    ours, times = clip(video, recipe)

    processor = transformers.Qwen3VLVideoProcessor(**settings, do_sample_frames=False)
    # It refuses a single frame; ours fills the pair, as it does itself where frames are odd.
    given = torch.from_numpy(np.stack(frames if n_frames > 1 else frames * 2)).permute(0, 3, 1, 2)
    theirs = processor([given], input_data_format="channels_first", return_tensors="pt")

    assert theirs["video_grid_thw"].tolist() == [list(ours.grid)]
    assert ours.n_tokens == clip_tokens(video, recipe)
    assert len(times) == ours.grid[0]
    assert torch.equal(normalise(ours.patches, recipe), theirs["pixel_values_videos"])


@pytest.mark.parametrize("n_frames", [1, 2, 3, 5, 40, 61, 100, 997])
@pytest.mark.parametrize("fps", [None, 1.0, 5.0, 10, 23.976, 24, 29.97, 30000 / 1001, 60.0, 1000.0])
@pytest.mark.parametrize(
    "told", [{}, {"fps": 1, "max_frames": 64}, {"fps": 0.3, "min_frames": 1}, {"fps": 7.5}], ids=str
)
def test_frames_are_chosen_alike(n_frames, fps, told):
    rate = vision_recipe(clip=clip_settings(4, 128, **told)).frame_rate
    ours = rate.choose(n_frames, fps or rate.assumed_fps)

    processor = transformers.Qwen3VLVideoProcessor(**clip_settings(4, 128, **told))
    metadata = transformers.video_utils.VideoMetadata(total_num_frames=n_frames, fps=fps)
    theirs = processor.sample_frames(metadata, fps=processor.fps)

    assert list(ours) == theirs.tolist()


@pytest.mark.parametrize("n_frames", [1, 2, 3, 8, 9])
def test_times_of_pairs(n_frames):
    numbers, fps = [0, 7, 15, 22, 30, 37, 45, 52, 60][:n_frames], 30.0
    frames = tuple(_frames(n_frames, 32, 32))
    video = DecodedVideo(frames=frames, times_seconds=tuple(number / fps for number in numbers), digest="x")
    _, ours = clip(video, vision_recipe())

    theirs = transformers.Qwen3VLProcessor._calculate_timestamps(None, list(numbers), fps, 2)

    assert list(ours) == theirs


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"min_pixels": 8 * 1024, "max_pixels": 16 * 1024},
        {"max_pixels": 7 * 1024},
        {"size": {"shortest_edge": 2 * 1024, "longest_edge": 10 * 1024}},
        {"fps": 5, "max_frames": 8},
        {"min_frames": 1},
        {"cap_pixels_per_frame": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("saved_again", [False, True], ids=["flat files", "processor_config.json"])
def test_a_callers_settings_reach_the_same_processor(asked, saved_again, tmp_path):
    """Through ``AutoProcessor.from_pretrained(folder, **processor_kwargs)``, as Sentence Transformers does."""
    folder = tiny_qwen.qwen3_vl_embedder(tmp_path)
    if saved_again:
        processor = transformers.AutoProcessor.from_pretrained(folder)
        for file in ("preprocessor_config.json", "video_preprocessor_config.json"):
            (folder / file).unlink()
        processor.save_pretrained(folder)
        assert not (folder / "video_preprocessor_config.json").exists()
    ours = read_vision_recipe(read_manifest(Repository(name="x", folder=folder)), asked)

    processor = transformers.AutoProcessor.from_pretrained(folder, **asked)

    stills, clips = processor.image_processor, processor.video_processor
    assert (ours.min_pixels, ours.max_pixels) == (stills.size["shortest_edge"], stills.size["longest_edge"])
    assert (ours.clip_min_pixels, ours.clip_max_pixels) == (clips.size["shortest_edge"], clips.size["longest_edge"])
    rate = ours.frame_rate
    assert (rate.fps, rate.min_frames, rate.max_frames) == (clips.fps, clips.min_frames, clips.max_frames)
    assert ours.cap_pixels_per_frame is bool(clips.cap_pixels_per_frame)
    assert (ours.mean, ours.std) == (tuple(stills.image_mean), tuple(stills.image_std))
    assert ours.scale == stills.rescale_factor


@pytest.mark.parametrize("fps", [None, 5.0, 10, 24, 29.97])
@pytest.mark.parametrize("n_frames", [2, 3, 9, 40, 73])
def test_the_whole_way_of_an_array(n_frames, fps, tmp_path):
    """From what a caller passes to patches and times, through ``Qwen3VLProcessor``, which writes the times."""
    folder = tiny_qwen.qwen3_vl_embedder(tmp_path)
    recipe = read_vision_recipe(read_manifest(Repository(name="x", folder=folder)), {})
    frames = np.stack(_frames(n_frames, 64, 96))
    item = resolve(Item(Video(frames, fps=fps)), MediaLimits())
    needs = MediaNeeds(modalities=("video",), frame_rate=recipe.frame_rate)
    ours, times = clip(decode(item, needs, MediaLimits()).videos[0], recipe)

    processor = transformers.AutoProcessor.from_pretrained(folder)
    metadata = [{"fps": fps, "total_num_frames": n_frames}]
    theirs = processor(text=["<|video_pad|>"], videos=[frames], video_metadata=metadata, return_tensors="pt")

    assert theirs["video_grid_thw"].tolist() == [list(ours.grid)]
    assert torch.equal(normalise(ours.patches, recipe), theirs["pixel_values_videos"])
    written = re.findall(r"<([0-9.]+) seconds>", processor.tokenizer.decode(theirs["input_ids"][0]))
    assert written == [f"{time:.1f}" for time in times]
