"""Limits belong to who set them: what they refuse to one caller is refused to nobody else."""

import threading

import numpy as np
import PIL.Image
import pytest
from tests.media.documents import document, square

from medialens import Encoder, Image, MediaLimits
from medialens.engine import decoding
from medialens.engine.config import EngineConfig
from medialens.engine.engine import Engine
from medialens.engine.request import Request, Source
from medialens.errors import MediaLimitError
from medialens.testing.fake_model import FakeModel, fake_models

PATIENCE_SECONDS = 30


@pytest.fixture
def picture():
    return PIL.Image.new("RGB", (40, 30), "red")


def test_equal_inputs_under_other_limits_do_not_share_a_failure(tmp_path, monkeypatch, picture):
    picture.save(tmp_path / "a.png")
    both, really_decode = threading.Barrier(2), decoding.decode

    def decode_together(*arguments, **options):
        both.wait(PATIENCE_SECONDS)  # breaks where one waits for the other's outcome
        return really_decode(*arguments, **options)

    monkeypatch.setattr(decoding, "decode", decode_together)
    limits = MediaLimits(max_pixels=1000), MediaLimits(max_pixels=2000)
    with Engine(EngineConfig(cpu_lanes=1, prepare_threads=2)) as engine:
        requests = [Request((Source(Image(tmp_path / "a.png")),), "", limit) for limit in limits]
        refused, allowed = engine.submit(FakeModel(), requests).future.result(PATIENCE_SECONDS)
    assert isinstance(refused, MediaLimitError)
    assert isinstance(allowed, np.ndarray)


def test_equal_inputs_under_equal_limits_are_computed_once(tmp_path, picture):
    picture.save(tmp_path / "a.png")
    with fake_models() as engine:
        encoders = [Encoder("any/model", limits=MediaLimits(max_pixels=2000)) for _ in range(2)]
        for encoder in encoders:
            encoder.encode([Image(tmp_path / "a.png")] * 5)
        assert engine.stats().vectors.n_misses == 1


def test_a_page_that_is_drawn_smaller_has_a_vector_of_its_own():
    page = Image(document([square("red", (0, 0, 36, 72)) + square("blue", (36, 0, 36, 72))]), page=1)
    with fake_models():
        usual, small = (Encoder("any/model", limits=MediaLimits(max_page_pixels=most)) for most in (20_000_000, 1))
        whole, point = usual.encode(page), small.encode(page)
        assert not np.array_equal(whole, point)
        np.testing.assert_array_equal(Encoder("any/model").encode(page), whole)
