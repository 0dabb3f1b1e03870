"""The page's worked example is run: as another package's family, held to the same contract as our own."""

from __future__ import annotations

import re
import sys
import types
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from tests import tiny
from tests.models.contract import FamilyContract
from tests.running import embed, item, load

from medialens.models import registry
from medialens.models.protocol import Model

PAGE = Path(__file__).parents[2] / "docs" / "adding-a-model-family.md"
WORDS = ["a", "red", "circle", "blue", "square"]


@pytest.fixture
def family(monkeypatch):
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    module = types.ModuleType("acme_models")
    monkeypatch.setitem(sys.modules, "acme_models", module)
    exec(compile(code, str(PAGE), "exec"), vars(module))  # noqa: S102  # our own page
    families = registry.known_families()
    monkeypatch.setattr(registry, "known_families", lambda: (*families, module.FAMILY))
    return module.FAMILY


@pytest.fixture
def folder(tmp_path):
    tiny.write_json(tmp_path, "config.json", {"model_type": "bag-of-words", "words": WORDS})
    save_file({"table": torch.eye(5, 8)}, tmp_path / "model.safetensors")
    return tmp_path


def test_the_example_runs(family, folder):
    model = load(folder)

    assert isinstance(model, Model)
    vectors = embed(model, [item("a red circle"), item("Red"), item("nothing known")])
    np.testing.assert_allclose(vectors[0, :5], np.array([1, 1, 1, 0, 0]) / 3**0.5, rtol=1e-6)
    assert vectors[1].tolist() == [0, 1, 0, 0, 0, 0, 0, 0]
    assert not vectors[2].any()


def test_the_example_keeps_the_contract(family, folder):
    contract, model = FamilyContract(), load(folder)
    contract.work = tuple((item(text),) for text in ("a red circle", "blue", "square " * 9 + "red"))

    contract.test_shape_and_dtype(model)
    contract.test_neighbours_do_not_matter(model)
    contract.test_different_work_gives_different_results(model)
    contract.test_threads_share_it(model)
    contract.test_cost_and_size_are_known_before_the_forward(model)


def test_the_shapes_of_the_errors_are_told():
    from medialens import errors

    told = set(re.findall(r"`(\w+Error)`", PAGE.read_text(encoding="utf-8")))

    assert told == {kind.__name__ for kind in errors.RepositoryError.__subclasses__()}
