from __future__ import annotations

import pickle

import numpy as np
import pytest

from medialens import Encoder, Image, Reranker
from medialens.engine.engine import get_engine
from medialens.models.protocol import Model
from medialens.testing.fake_model import COLORS, FakeModel, fake_models, fake_recipe


def test_it_is_a_model():
    assert isinstance(FakeModel(), Model)
    assert isinstance(FakeModel(task="score"), Model)


@pytest.mark.parametrize("name", COLORS)
def test_a_colour_s_name_points_where_its_picture_does(name):
    with fake_models():
        encoder = Encoder("any")
        pixels = np.broadcast_to(np.array(COLORS[name], dtype=np.float64) * 127.5 + 127.5, (8, 8, 3))
        picture = encoder.encode(Image(pixels.astype(np.uint8)))
        np.testing.assert_allclose(encoder.encode(name), picture, atol=1e-6)


def test_vectors_are_the_same_in_every_process():
    with fake_models():
        # sha256("cat")[:4] = 77af778b; modulo 29 dimensions behind the first three.
        assert int(Encoder("any").encode("cat").argmax()) == 3 + 0x77AF778B % 29


def test_within_the_block_every_handle_is_fake():
    before = get_engine()
    with fake_models() as engine:
        assert get_engine() is engine
        assert Encoder("one/model").recipe.family == Reranker("another").recipe.family == "fake"
    assert get_engine() is before
    assert engine.closed


def test_it_travels():
    assert pickle.loads(pickle.dumps(FakeModel(identity="x"))).identity == "x"  # noqa: S301  # written by this test
    assert fake_recipe("score").task == "score"
