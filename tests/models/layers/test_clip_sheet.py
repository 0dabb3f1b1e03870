"""Sheets of frames, compared with Pillow's resampling, and what repositories say of them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tests.running import clip, picture

from medialens.errors import RepositoryError
from medialens.hub.manifest import Manifest
from medialens.hub.repository import Repository
from medialens.models.layers.clip_sheet import ClipSheet, as_picture, read_clip_sheet

SIZE = (32, 48)
NUMBERS = st.integers(1, 5)


def manifest(clip_sheet):
    return saying({"medialens": {"clip_sheet": clip_sheet}})


def saying(config):
    repository = Repository(name="a/model", folder=Path(), revision=None)
    return Manifest(repository=repository, folder=Path(), config=config)


@given(rows=NUMBERS, columns=NUMBERS, gutter=st.integers(0, 4), height=st.integers(40, 70), width=st.integers(40, 70))
def test_where_frames_lie(rows, columns, gutter, height, width):
    """Flat frames of levels 1, 2, ...: equal cells in reading order, black between them and at an odd rest."""
    sheet = ClipSheet(rows=rows, columns=columns, gutter=gutter)
    frames = [np.full((3 + at, 7, 3), at + 1, np.uint8) for at in range(rows * columns)]

    pixels = sheet.compose(frames, (height, width))

    expected = np.zeros((height, width), np.uint8)
    tall, wide = (height - gutter * (rows - 1)) // rows, (width - gutter * (columns - 1)) // columns
    for at in range(rows * columns):
        top, left = at // columns * (tall + gutter), at % columns * (wide + gutter)
        expected[top : top + tall, left : left + wide] = at + 1
    assert (pixels == expected[:, :, None]).all()


def test_frames_are_resampled_as_by_pillow():
    frames = [picture(60, 90, seed).pixels for seed in range(4)]

    pixels = ClipSheet().compose(frames, SIZE)

    for at, frame in enumerate(frames):
        top, left = at // 2 * (15 + 2), at % 2 * (23 + 2)
        by_pillow = np.asarray(Image.fromarray(frame).resize((23, 15), Image.Resampling.BICUBIC))
        assert np.abs(pixels[top : top + 15, left : left + 23].astype(int) - by_pillow).max() <= 1  # rounding


def test_frames_are_as_many_as_cells():
    with pytest.raises(ValueError, match="takes 4 frames, got 3"):
        ClipSheet().compose([picture(4, 4).pixels] * 3, SIZE)


def test_a_picture_stays_and_a_clip_becomes_its_sheet():
    still, frames = picture(5, 6), [picture(5, 6, seed).pixels for seed in range(4)]

    assert as_picture(still, None, None) is still.pixels
    assert np.array_equal(as_picture(clip(*frames), ClipSheet(), SIZE), ClipSheet().compose(frames, SIZE))
    with pytest.raises(ValueError, match="without a clip sheet"):
        as_picture(clip(*frames), None, SIZE)


@pytest.mark.parametrize("config", [{}, {"medialens": None}, {"medialens": {}}, {"medialens": "x"}])
def test_a_repository_that_says_nothing_has_none(config):
    assert read_clip_sheet(saying(config), None) is None


def test_what_a_repository_says_is_read():
    settings = {"rows": 3, "columns": 1, "gutter": 0, "resample": "lanczos"}

    sheet = read_clip_sheet(manifest(settings), SIZE)

    assert sheet == ClipSheet(**settings)
    assert sheet.as_settings() == settings
    assert read_clip_sheet(manifest({}), SIZE) == ClipSheet()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["rows"], "an object with the keys rows, columns, gutter, resample"),
        ({"cells": 4}, "an object with the keys"),
        ({"rows": 0}, "whole numbers"),
        ({"columns": True}, "whole numbers"),
        ({"columns": 10**9}, "whole numbers"),
        ({"gutter": "2"}, "whole numbers"),
        ({"resample": "area"}, "one of nearest-exact, bilinear"),
        ({"resample": ["bicubic"]}, "one of nearest-exact, bilinear"),
        ({"rows": 33, "gutter": 0}, "no room for frames in pictures of 48x32"),
        ({"columns": 2, "gutter": 47}, "no room"),
    ],
)
def test_what_is_no_sheet(settings, words):
    with pytest.raises(RepositoryError, match=words) as caught:
        read_clip_sheet(manifest(settings), SIZE)
    assert caught.value.repository == "a/model"


def test_a_sheet_needs_pictures_of_one_size():
    with pytest.raises(RepositoryError, match="every picture the same size"):
        read_clip_sheet(manifest({}), None)


def test_fields_are_what_the_settings_have():
    assert set(ClipSheet().as_settings()) == {field.name for field in dataclasses.fields(ClipSheet)}
