import dataclasses
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from tests.media.clips import animate, grey
from tests.media.encoding import encode, noise

from medialens.errors import InputError, MediaDecodeError, MediaLimitError
from medialens.media.limits import MediaLimits
from medialens.media.videos.frames import load_frames

FRAMES = np.stack([noise(6, 8, seed=seed) for seed in range(5)])
LIMITS = MediaLimits()


def load(source, fps=None, **limits):
    return load_frames(source, fps=fps, limits=dataclasses.replace(LIMITS, **limits))


@pytest.mark.parametrize(
    "source",
    [
        FRAMES,
        torch.from_numpy(FRAMES),
        torch.from_numpy(FRAMES).permute(0, 3, 1, 2),
        FRAMES.transpose(0, 3, 1, 2),
        FRAMES.astype(np.float32) / 255,
        list(FRAMES),
        [Image.fromarray(frame) for frame in FRAMES],
        tuple(torch.from_numpy(frame).permute(2, 0, 1) for frame in FRAMES),
        [encode(frame) for frame in FRAMES],
        {"array": FRAMES, "video_metadata": None},
        {"array": torch.from_numpy(FRAMES), "video_metadata": {"total_num_frames": 5}},
    ],
    ids=lambda source: type(source).__name__,
)
def test_every_form_of_the_same_frames_is_the_same_clip(source):
    clip = load(source)

    assert all(map(np.array_equal, clip.frames, FRAMES))
    assert clip.digest == load(FRAMES).digest


def test_grey_and_transparent_frames():
    levels = FRAMES[:, :, :, 0]
    clear = np.concatenate([FRAMES, np.zeros((5, 6, 8, 1), np.uint8)], axis=3)

    for grey_clip in (levels, levels[:, :, :, None], torch.from_numpy(levels), torch.from_numpy(levels)[:, None]):
        assert all(
            np.array_equal(frame, np.stack([one] * 3, axis=2))
            for frame, one in zip(load(grey_clip).frames, levels, strict=True)
        )
    assert all((frame == 255).all() for frame in load(clear).frames)


def test_frames_may_differ_in_size():
    frames = [noise(4, 6), noise(9, 3)]
    assert all(map(np.array_equal, load(frames).frames, frames))


def test_a_still_image_is_a_clip_of_one_frame():
    assert len(load(Image.fromarray(FRAMES[0])).frames) == 1


@pytest.mark.parametrize(
    ("source", "fps"),
    [
        (FRAMES, 2.5),
        (FRAMES, np.float32(2.5)),
        ({"array": FRAMES, "video_metadata": {"fps": 2.5}}, None),
        ({"array": FRAMES, "video_metadata": SimpleNamespace(fps=2.5)}, None),
        ({"array": FRAMES, "video_metadata": {"fps": 30}}, 2.5),
    ],
)
def test_the_rate_gives_the_times(source, fps):
    clip = load(source, fps)

    assert clip.starts == tuple(Fraction(number) * 2 / 5 for number in range(5))
    assert clip.duration == 2
    assert clip.digest != load(FRAMES).digest  # its windows are others


def test_without_a_rate_frames_are_counted():
    assert load(FRAMES).starts == (0, 1, 2, 3, 4)
    assert load(FRAMES).fps is None


def test_drawing_on_the_array_afterwards_changes_nothing():
    mine = FRAMES.copy()
    clip = load(mine)
    mine[:] = 0
    assert all(map(np.array_equal, clip.frames, FRAMES))


def test_other_frames_and_another_order_are_other_clips():
    changed = FRAMES.copy()
    changed[4, 5, 7, 2] ^= 1
    assert len({load(clip).digest for clip in (FRAMES, changed, FRAMES[::-1], FRAMES[:4])}) == 4


# What goes wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source", [FRAMES[0], torch.from_numpy(FRAMES[0]).permute(2, 0, 1), FRAMES[0, 0], FRAMES[None]]
)
def test_what_is_no_clip(source):
    with pytest.raises(InputError, match="is no clip; expected"):
        load(source)


@pytest.mark.parametrize("source", [object(), {"frames": FRAMES}, 3 + 4j])
def test_what_holds_no_frames(source):
    with pytest.raises(InputError, match="clip"):
        load(source)


@pytest.mark.parametrize("source", [[], FRAMES[:0], torch.zeros(0, 3, 4, 4), {"array": [], "video_metadata": None}])
def test_no_frames_at_all(source):
    with pytest.raises(MediaDecodeError, match="no frames"):
        load(source)


def test_frames_without_pixels():
    with pytest.raises(MediaDecodeError, match="no pixels"):
        load(np.zeros((4, 0, 8, 3), np.uint8))


@pytest.mark.parametrize("fps", [0, -1, float("nan"), float("inf"), "30", True])
def test_a_rate_that_is_none(fps):
    with pytest.raises(InputError, match="above 0"):
        load({"array": FRAMES, "video_metadata": {"fps": fps}})


def test_an_opened_animation_is_refused_with_the_remedy(tmp_path):
    (tmp_path / "clip.gif").write_bytes(animate([grey(1), grey(99)]))
    with Image.open(tmp_path / "clip.gif") as image, pytest.raises(InputError, match="pass its path or bytes"):
        load(image)


def test_a_bad_frame_is_named():
    with pytest.raises(MediaDecodeError, match=r"^frame 1 of the clip: "):
        load([encode(FRAMES[0]), b"\x89PNG\r\n\x1a\n", encode(FRAMES[1])])


@pytest.mark.parametrize(
    ("limit", "value"),
    [
        ("max_frames", 4),
        ("max_frame_pixels", 47),
        ("max_clip_pixels", 48 * 5 - 1),
        ("max_pixels", 47),
        ("max_bytes", 719),
    ],
)
def test_limits_hold(limit, value):
    with pytest.raises(MediaLimitError, match=limit) as caught:
        load(FRAMES, **{limit: value})
    assert caught.value.maximum == value
    assert load(FRAMES, **{limit: value + 1})


def test_too_many_bytes_are_refused_at_the_first_frame():
    """Not after converting 3 GB of them."""
    endless = np.broadcast_to(noise(100, 100), (10_000, 100, 100, 3))
    with pytest.raises(MediaLimitError, match="max_bytes"):
        load(endless, max_bytes=10**8)
