"""What every family must hold: subclass, say how to load a model and which items to give it.

A vector belongs to its item alone: the same numbers alone, in a batch, in another order, beside a much longer or
larger neighbour, from many threads at once. `ATOL` is five times the noise floor, measured in fp32 on one core: the
same item in another batch moves by up to 1e-6, because matrix products of other shapes round in another order.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from medialens.media.decoded import DecodedItem
from medialens.models.architectures import FAMILIES
from medialens.models.protocol import Model

RECORDED = Path(__file__).parent / "recorded"
ATOL = 5e-6


def recorded(name: str) -> dict[str, Any]:
    """Values of a reference library, with their provenance; see tests/reference/record.py."""
    content: dict[str, Any] = json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))
    assert content["provenance"]["versions"]["transformers"]
    return content


class FamilyContract:
    """Subclasses have a fixture `model` and the work to do: tuples of one item, or of two for a score."""

    family: str
    work: Sequence[tuple[DecodedItem, ...]]
    instruction = ""

    def run(self, model: Model, work: Sequence[tuple[DecodedItem, ...]]) -> npt.NDArray[np.float32]:
        prepared = [model.prepare(one, instruction=self.instruction) for one in work]
        return model.forward(model.collate(prepared)).numpy()

    def test_is_a_model_of_its_family(self, model):
        assert isinstance(model, Model)
        assert model.recipe.family == self.family
        assert self.family in {family.name for family in FAMILIES}

    def test_shape_and_dtype(self, model):
        result = self.run(model, self.work)

        width = (model.recipe.dimension,) if model.recipe.task == "embed" else ()
        assert result.shape == (len(self.work), *width)
        assert result.dtype == np.float32
        assert np.isfinite(result).all()

    def test_neighbours_do_not_matter(self, model):
        together = self.run(model, self.work)

        alone = np.stack([self.run(model, [one])[0] for one in self.work])
        turned = self.run(model, self.work[::-1])[::-1]
        pairs = np.stack([self.run(model, [one, max(self.work, key=self._size)])[0] for one in self.work])

        for other in (alone, turned, pairs):
            np.testing.assert_allclose(other, together, rtol=0, atol=ATOL)

    def _size(self, work: tuple[DecodedItem, ...]) -> int:
        return sum(len(item.text) + sum(part.n_bytes for part in item.media) for item in work)

    def test_different_work_gives_different_results(self, model):
        """Without it, a model that ignores its input would keep every promise above."""
        result = self.run(model, self.work).reshape(len(self.work), -1)

        gaps = np.abs(result[:, None] - result[None, :]).max(axis=-1) + np.eye(len(result))
        assert gaps.min() > 1e-4

    def test_threads_share_it(self, model):
        expected = self.run(model, self.work)

        with ThreadPoolExecutor(8) as threads:
            results = list(threads.map(lambda _: self.run(model, self.work), range(24)))

        for result in results:
            np.testing.assert_allclose(result, expected, rtol=0, atol=ATOL)

    def test_forward_writes_nothing_to_the_module(self, model):
        module = next(value for value in vars(model).values() if isinstance(value, torch.nn.Module))
        before = {name: copy.deepcopy(value) for name, value in module.state_dict().items()}
        attributes = {name: sorted(vars(child)) for name, child in module.named_modules()}

        self.run(model, self.work)

        assert {name: sorted(vars(child)) for name, child in module.named_modules()} == attributes
        assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())
        assert not module.training
        assert not any(parameter.requires_grad for parameter in module.parameters())

    def test_cost_and_size_are_known_before_the_forward(self, model):
        for one in self.work:
            prepared = model.prepare(one, instruction=self.instruction)
            has_text = any("text" in item.modalities for item in one)
            has_media = any(item.media for item in one)
            assert (prepared.cost.n_tokens > 0) == has_text
            assert (prepared.cost.n_patches > 0) == has_media
            assert prepared.n_bytes > 0

    def test_recipe_is_plain_data_with_a_fingerprint(self, model):
        assert json.loads(json.dumps(dict(model.recipe.settings))) == dict(model.recipe.settings)
        assert len(model.recipe.fingerprint()) == 16
        assert self.family in repr(model.recipe)
