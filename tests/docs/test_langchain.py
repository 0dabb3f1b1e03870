"""The Python of docs/langchain.md runs as it stands, one block after the other."""

import re
from pathlib import Path

import numpy as np
import pytest
from tests.langchain.scenario import write_files
from tests.media.clips import film
from tests.pictures import draw_picture

PAGE = Path(__file__).parents[2] / "docs" / "langchain.md"


@pytest.mark.slow
def test_every_block_runs(tmp_path, monkeypatch):
    write_files(tmp_path / "files")
    (tmp_path / "files" / "tone.wav").unlink()  # the page says that this model takes none
    red, blue = (np.full((48, 64, 3), colour, np.uint8) for colour in ((255, 0, 0), (0, 0, 255)))
    (tmp_path / "talk.mp4").write_bytes(film([red] * 20 + [blue] * 25, fps=1, keyframe_every=1))
    (tmp_path / "talk.srt").write_text("1\n00:00:01,000 --> 00:00:03,000\nHello there.\n")
    draw_picture(tmp_path / "like-this.png", "blue")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MEDIALENS_STORE", "memory://langchain-page")
    names: dict[str, object] = {}
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    for block in blocks:
        exec(compile(block, PAGE.name, "exec"), names)  # noqa: S102  # our own text
    assert len(blocks) == 6
    assert names["documents"][0].metadata["caption"] == "Hello there."
    assert names["wrong"] == {}
    assert names["blocks"]
