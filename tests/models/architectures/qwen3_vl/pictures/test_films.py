"""Frames of video files and their times: those that transformers' own reader hands to the processor."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

import numpy as np
import pytest
import torch
from tests.media.clips import film
from tests.models.architectures.qwen3_vl.pictures.visions import vision_recipe
from transformers import video_utils

from medialens.inputs import Item, Video
from medialens.media.decode import decode, resolve
from medialens.media.decoded import MediaNeeds
from medialens.media.frame_rate import FrameRate
from medialens.media.limits import MediaLimits
from medialens.media.videos.backends import torchcodec_problem
from medialens.models.architectures.qwen3_vl.pictures.frames import pair_times
from medialens.models.architectures.qwen3_vl.pictures.pixels import FrameShrink, clip, clip_tokens

pytest.importorskip("av", reason="PyAV is not installed: pip install 'medialens[video]'")
pytestmark = pytest.mark.skipif(bool(torchcodec_problem()), reason=f"torchcodec: {torchcodec_problem()}")

_RNG = np.random.default_rng(0)
FRAMES = [_RNG.integers(0, 256, (6, 8, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1) for _ in range(73)]
FILMS = {
    "mp4": {},
    "23.976": {"fps": Fraction(24000, 1001)},
    "30": {"fps": 30},
    "webm": {"container": "webm", "codec": "libvpx-vp9", "deadline": "realtime", "fps": 30},
    "mkv": {"container": "matroska", "fps": Fraction(30000, 1001)},
}
RATES = [FrameRate(fps=2.0, min_frames=4), FrameRate(fps=1.0, min_frames=4, max_frames=64), FrameRate(fps=5.0)]


@pytest.mark.parametrize("name", FILMS)
@pytest.mark.parametrize("rate", RATES, ids=lambda rate: f"{rate.fps} fps")
def test_as_transformers_reads_them(name, rate, tmp_path):
    path = tmp_path / "film"
    path.write_bytes(film(FRAMES, **FILMS[name]))
    item = resolve(Item(Video(str(path))), MediaLimits())
    ours = decode(item, MediaNeeds(modalities=("video",), frame_rate=rate), MediaLimits()).videos[0]

    theirs, metadata = video_utils.read_video_torchcodec(
        str(path), lambda metadata, **_: list(rate.choose(metadata.total_num_frames, metadata.fps))
    )

    assert np.array_equal(np.stack(ours.frames), theirs.permute(0, 2, 3, 1).numpy())
    assert ours.times_seconds == pytest.approx(metadata.timestamps, abs=1e-9)
    # As prompts have them, rounded: where halves of pairs fall on a tie, the last bit counts.
    expected = [f"{time:.1f}" for time in pair_times(metadata.timestamps)]
    assert [f"{time:.1f}" for time in pair_times(ours.times_seconds)] == expected


def _decoded(path, needs):
    return decode(resolve(Item(Video(str(path))), MediaLimits()), needs, MediaLimits()).videos[0]


@pytest.mark.parametrize("tokens", [None, 100, 12])
def test_frames_are_kept_as_small_as_they_are_looked_at(tokens, tmp_path):
    path = tmp_path / "film"
    large = [frame.repeat(5, 0).repeat(5, 1) for frame in FRAMES[:30]]  # 240 by 320
    path.write_bytes(film(large))
    recipe = vision_recipe().narrowed(max_visual_tokens=tokens)
    needs = MediaNeeds(modalities=("video",), frame_rate=FrameRate(fps=4.0))
    whole = _decoded(path, needs)
    small = _decoded(path, dataclasses.replace(needs, shrink=FrameShrink(recipe)))

    assert small.full_size == (240, 320)
    assert small.times_seconds == whole.times_seconds
    assert small.n_bytes < whole.n_bytes / 2
    assert clip_tokens(small, recipe) == clip_tokens(whole, recipe)
    ours, expected = clip(small, recipe)[0], clip(whole, recipe)[0]
    assert ours.grid == expected.grid
    assert torch.equal(ours.patches, expected.patches)


def test_small_frames_are_kept_as_they_are(tmp_path):
    path = tmp_path / "film"
    path.write_bytes(film(FRAMES[:4]))
    needs = MediaNeeds(modalities=("video",), frame_rate=FrameRate(fps=10.0), shrink=FrameShrink(vision_recipe()))

    assert _decoded(path, needs).frames[0].shape == (48, 64, 3)
