import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from medialens.media.segment import activity
from medialens.media.segment.activity import row_activity


def test_a_row_of_one_colour_is_silent_and_any_other_is_not():
    pixels = np.full((4, 50, 3), (200, 30, 60), np.uint8)
    pixels[1, :25] = (10, 10, 10)
    pixels[3, 40, 2] = 255
    assert np.flatnonzero(row_activity(pixels)).tolist() == [1, 3]


def test_the_values_are_deviation_and_mean_step_of_the_busiest_channel():
    levels = np.random.default_rng(0).integers(0, 256, (7, 33, 3), np.uint8)
    exact = levels.astype(np.float64)
    steps = np.abs(exact[:, 1:] - exact[:, :-1]).sum(axis=1) / 33
    assert row_activity(levels) == pytest.approx((exact.std(axis=1) + steps).max(axis=1), rel=1e-5)


def test_a_transposed_view_gives_columns_and_strips_change_nothing(monkeypatch):
    pixels = np.random.default_rng(1).integers(0, 256, (40, 30, 3), np.uint8)
    rows, columns = row_activity(pixels), row_activity(pixels.transpose(1, 0, 2))
    assert columns == pytest.approx(row_activity(np.ascontiguousarray(pixels.transpose(1, 0, 2))))
    monkeypatch.setattr(activity, "_STRIP_VALUES", 3 * 30 * 7)
    assert row_activity(pixels) == pytest.approx(rows)


def test_text_beside_a_dark_column_is_busier_than_nothing_beside_one():
    page = Image.new("RGB", (800, 400), "white")
    draw = ImageDraw.Draw(page)
    draw.rectangle((0, 0, 480, 400), fill=(20, 20, 40))  # text darkens what is left, so that the deviation falls
    font = ImageFont.load_default(24)
    for line in range(4):
        draw.text((500, 40 + 90 * line), "every line of it has edges", fill="black", font=font)
    busy = row_activity(np.asarray(page))
    inked = (np.asarray(page)[:, 490:].min(axis=(1, 2)) < 128).nonzero()[0]
    empty = np.setdiff1d(np.arange(400), inked)
    assert np.median(busy[inked]) > busy[empty].max()
