"""The cross-attention reranker against its definition written out, in fp32.

Noise floor, measured on the tiny model: batches of other shapes move a logit of about 1 by up to 1e-6.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import PIL.Image
import pytest
from tests import tiny
from tests.models.samples import SIDES
from tests.reference.plain_cross_attention import PlainCrossAttention
from tests.running import item, load

from medialens.media.decoded import DecodedImage

ATOL = 1e-5


def as_pil(side: list[Any]) -> list[Any]:
    return [PIL.Image.fromarray(part.pixels) if isinstance(part, DecodedImage) else part for part in side]


@pytest.mark.parametrize("finder", [False, True])
def test_logits_of_every_form_of_pair(tmp_path, finder):
    folder = tiny.cross_attention(tmp_path / "model", finder=finder)
    model = load(folder, task="score")

    prepared = [model.prepare((item(*query), item(*document)), instruction="") for query, document in SIDES]
    logits = model.forward(model.collate(prepared)).numpy()

    expected = PlainCrossAttention(folder).logits([(as_pil(query), as_pil(document)) for query, document in SIDES])
    np.testing.assert_allclose(logits, expected, rtol=0, atol=ATOL)
