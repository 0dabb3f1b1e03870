"""Every family is complete: in the tuple, with files, tests and a row in the docs."""

from __future__ import annotations

from pathlib import Path

import pytest

from medialens.models import architectures
from medialens.models.architectures import FAMILIES

_SOURCE = Path(architectures.__file__).parent
_ROOT = Path(__file__).parents[3]
FOLDERS = sorted(path.name for path in _SOURCE.iterdir() if path.is_dir() and path.name != "__pycache__")


def test_the_tuple_holds_the_folders():
    assert sorted(family.name for family in FAMILIES) == FOLDERS


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_family_has_its_files(folder):
    names = {path.stem for path in (_SOURCE / folder).iterdir() if path.suffix == ".py" or path.is_dir()}

    assert {"__init__", "_repo", "model"} <= names
    assert "processing" in names or {"prompts", "pictures", "forward"} <= names  # the stages of a large family


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_family_is_held_to_the_contract_and_compared_with_a_reference(folder):
    one = Path(__file__).parent / f"test_{folder}.py"
    offline = (one if one.is_file() else one.parent / folder / "test_family.py").read_text(encoding="utf-8")
    live = _ROOT / "tests" / "reference" / f"test_{folder}.py"

    assert f'(FamilyContract):\n    family = "{folder}"' in offline
    assert "recorded(" in offline
    assert live.is_file()


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_family_has_a_row_in_the_docs(folder):
    page = (_ROOT / "docs" / "adding-a-model-family.md").read_text(encoding="utf-8")

    assert f"| `{folder}` |" in page
