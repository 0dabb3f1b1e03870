"""The Python of docs/llama-index.md runs as it stands, one block after the other.

What is found by the embedded model itself, the notebook and the README's test say; here a fake that is there at once
stands in for it.
"""

import re
from pathlib import Path

import PIL.Image
from tests.llama_index.files import write_report, write_screenshot
from tests.media.clips import animate, grey, levels
from tests.pictures import draw_picture

from medialens.testing.fake_model import fake_models

PAGE = Path(__file__).parents[2] / "docs" / "llama-index.md"


def test_every_block_runs(tmp_path, monkeypatch):
    (tmp_path / "files").mkdir()
    (tmp_path / "more").mkdir()
    draw_picture(tmp_path / "files" / "red.png", "red")
    draw_picture(tmp_path / "more" / "another.png", "blue")
    write_report(tmp_path / "files")
    write_screenshot(tmp_path / "files")
    (tmp_path / "files" / "moving.gif").write_bytes(animate([grey(level) for level in levels(5)]))
    PIL.Image.new("RGB", (40, 40), "green").save(tmp_path / "files" / "green.png")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    with fake_models(modalities=("text", "image", "video")):
        for block in blocks:
            exec(compile(block, PAGE.name, "exec"), names)  # noqa: S102  # our own text
    assert len(blocks) == 5
    assert names["renewed"] == [False] * 5
    assert len(names["first"]) == 6
    assert names["again"] == []
    assert names["hits"]
    assert names["answer"].source_nodes[0].metadata["source"] == str(tmp_path / "files" / "red.png")
