"""The promises about the package as a whole: its layers, its weight at import, its public names."""

from __future__ import annotations

import ast
import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import medialens

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "medialens"
PACKAGES = sorted(path.parent for path in SOURCE.rglob("__init__.py"))


def run_python(code: str) -> str:
    """What `code` prints in a fresh interpreter."""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=120)
    return done.stdout.strip()


def imported_by(statement: str) -> set[str]:
    """Top-level modules in memory after `statement`, in a fresh interpreter."""
    code = (
        f"{statement}\nimport sys, json; print(json.dumps(sorted({{name.partition('.')[0] for name in sys.modules}})))"
    )
    return set(json.loads(run_python(code).splitlines()[-1]))


def test_importing_medialens_is_light():
    loaded = imported_by("import medialens")
    assert not loaded & {"torch", "transformers", "numpy", "PIL", "langchain_core", "llama_index", "huggingface_hub"}


def test_importing_medialens_takes_at_most_a_tenth_of_a_second():
    # Processor time and the best of five: other load on the machine must not fail it.
    code = "import time; t = time.process_time(); import medialens; print(time.process_time() - t)"
    assert min(float(run_python(code)) for _ in range(5)) <= 0.1


@pytest.mark.parametrize("adapter", ["langchain", "llama_index"])
def test_adapters_import_no_torch(adapter):
    loaded = imported_by(f"import medialens.{adapter}")
    assert not loaded & {"torch", "transformers", "langchain_community"}


def test_each_framework_is_imported_by_its_own_adapter_only():
    assert "llama_index" not in imported_by("import medialens.langchain")
    assert "langchain_core" not in imported_by("import medialens.llama_index")


def test_public_names_are_sorted_and_resolve():
    assert list(medialens.__all__) == sorted(medialens.__all__)
    for name in medialens.__all__:
        assert getattr(medialens, name) is not None
    assert set(medialens.__all__) <= set(dir(medialens))


def test_version_is_the_one_of_the_project_file():
    declared = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert declared is not None
    assert medialens.__version__ == declared[1]


def test_unknown_public_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Encodr'"):
        _ = medialens.Encodr


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: str(path.relative_to(SOURCE.parent)))
def test_every_package_says_where_it_stands(package):
    docstring = ast.get_docstring(ast.parse((package / "__init__.py").read_text()))
    assert docstring is not None
    assert len(docstring) > 40


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda path: str(path.relative_to(SOURCE)))
def test_every_module_imports_and_is_one_idea_long(path):
    lines = path.read_text().count("\n")
    assert lines <= 400, f"{path.name} has {lines} lines: is it one idea?"
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    if not name.endswith("__main__"):
        importlib.import_module(name)


def test_error_tree_in_the_docstring_is_the_tree():
    from medialens import errors

    drawn = set(re.findall(r"\b\w+Error\b", errors.__doc__ or ""))
    defined = {name for name, value in vars(errors).items() if isinstance(value, type) and name.endswith("Error")}
    assert defined <= drawn


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "docs/architecture.md"])
def test_documents_name_files_that_exist(document):
    text = (ROOT / document).read_text()
    for target in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", text):
        assert ((ROOT / document).parent / target).exists(), f"{document} links to {target}"
