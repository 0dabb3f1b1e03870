import dataclasses

import pytest

from medialens.cli import main
from medialens.training.measuring import embedder, reranker


@dataclasses.dataclass
class Found:
    whole: str = "| all |\n"
    short: str = "| in short |\n"


@pytest.fixture
def measured(monkeypatch):
    """What was measured, by stand-ins for both measurements."""
    calls = []
    monkeypatch.setattr(embedder, "measure", lambda model: calls.append(("embedder", model)) or Found())
    monkeypatch.setattr(
        reranker, "measure", lambda model, embedder: calls.append(("reranker", model, embedder)) or Found()
    )
    return calls


def test_what_was_measured_is_printed_and_kept(measured, tmp_path, capsys):
    assert main(["measure", "--output", str(tmp_path / "table.md")]) == 0
    assert capsys.readouterr().out.startswith("| all |\n")
    assert (tmp_path / "table.md").read_text() == "| all |\n"
    assert measured == [("embedder", "demo")]


def test_files_are_written_where_they_are_marked(measured, tmp_path):
    whole, short = tmp_path / "whole.md", tmp_path / "short.md"
    whole.write_text("a\n<!-- measured: demo -->\n<!-- /measured -->\nz\n")
    short.write_text("<!-- measured: demo, in short -->\nold\n<!-- /measured -->\n")
    assert main(["measure", "demo", "--write", str(whole), str(short)]) == 0
    assert whole.read_text() == "a\n<!-- measured: demo -->\n| all |\n<!-- /measured -->\nz\n"
    assert short.read_text() == "<!-- measured: demo, in short -->\n| in short |\n<!-- /measured -->\n"


def test_a_file_that_is_not_marked_is_named_before_anything_is_measured(measured, tmp_path, capsys):
    (tmp_path / "plain.md").write_text("nothing here")
    assert main(["measure", "demo", "--write", str(tmp_path / "plain.md")]) == 2
    assert "plain.md" in capsys.readouterr().err
    assert measured == []


def test_a_reranker_is_measured_as_one(measured):
    main(["measure", "my/reranker", "--reranker", "--embedder", "some/folder"])
    main(["measure", "other", "--reranker"])
    assert measured == [("reranker", "my/reranker", "some/folder"), ("reranker", "other", "demo")]
