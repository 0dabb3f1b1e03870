"""The README's Python runs as it stands, one block after the other, in a folder with the pictures it names."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest
from tests.media.clips import animate, grey, levels

ROOT = Path(__file__).parents[1]
BLOCKS = re.findall(
    r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
)


@pytest.fixture
def pictures(tmp_path, monkeypatch):
    paths = runpy.run_path(str(ROOT / "tests" / "quick_start.py"))["draw"](tmp_path)
    for name in ("chart.png", "good.png"):
        (tmp_path / name).write_bytes(paths[0].read_bytes())
    (tmp_path / "clip.gif").write_bytes(animate([grey(level) for level in levels(5)]))
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and then nothing")
    monkeypatch.chdir(tmp_path)


def test_every_block_runs(pictures, capsys):
    assert len(BLOCKS) >= 4
    names: dict[str, object] = {}
    for block in BLOCKS:
        exec(compile(block, "README.md", "exec"), names)  # noqa: S102  # our own text
    assert "relevance_score" in BLOCKS[2]
    assert names["clip"].shape == names["vectors"][0].shape
    assert names["result"].errors.keys() == {1}
    assert len(names["best"]) == 1
    assert "Ranked(index=" in capsys.readouterr().out
