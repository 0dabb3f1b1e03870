"""Media of every kind in every vector store, unmodified: kept up to date, and found by another process."""

import base64
import io
import json
import os
import subprocess
import sys
import traceback
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from tests.llama_index.files import write_files
from tests.llama_index.scenario import index_everything
from tests.llama_index.vector_stores import QUIETLY, STORES

from medialens.llama_index import file_id
from medialens.testing.fake_model import MEDIA, fake_models

pytestmark = [pytest.mark.filterwarnings(line) for line in QUIETLY]
KEYS = [
    *("source", "media_type", "mime_type", "media_ref", "parent_ref", "thumbnail_ref", "width", "height", "page"),
    *("start_seconds", "end_seconds", "fps", "frame_times", "box", "caption"),
]
SOURCES = {
    "image": "image.png",
    "tile": "screenshot.png",
    "page": "report.pdf",
    "clip": "talk.mp4",
    "sound": "tone.wav",
    "text": "",
}


@pytest.fixture(scope="module")
def run(tmp_path_factory, postgres_address):
    """What indexing did in this process, and what a new process finds, by store."""
    root = tmp_path_factory.mktemp("scenario")
    steps = {}
    with fake_models(modalities=MEDIA):
        for name in STORES:
            try:
                steps[name] = index_everything(name, root, write_files(root / f"files-{name}"))
            except Exception:  # noqa: BLE001  # the test of that store tells it
                steps[name] = traceback.format_exc()
    command = [sys.executable, "-W", "ignore", "-m", "tests.llama_index.scenario", str(root), *STORES]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2], env=os.environ
    )
    assert done.returncode == 0, done.stderr
    return steps, json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(params=STORES)
def steps(request, run):
    assert isinstance(run[0][request.param], list), run[0][request.param]
    return run[0][request.param]


@pytest.fixture(params=STORES)
def found(request, run):
    assert "error" not in run[1][request.param], run[1][request.param]["error"]
    return run[1][request.param]


def opened(block):
    data = base64.b64decode(block["image"])
    return np.array(PIL.Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


def texts(answer):
    return [block["text"] for block in answer["blocks"] if block["block_type"] == "text"]


def test_refreshing_adds_skips_renews_and_deletes(steps):
    # 3 pictures, 3 tiles, 2 pages, 2 clips, 1 sound, 1 letter, of 8 documents.
    assert steps == [(8, 12), (0, 12), (1, 12), (0, 11)]


def test_a_new_process_knows_that_nothing_changed(found):
    assert found["renewed"] == 0
    assert found["sources"] == [
        *("changing.png", "image.png", "letter", "report.pdf", "screenshot.png", "talk.mp4", "tone.wav"),
    ]


def test_text_finds_each_kind_and_every_key_comes_back(found):
    for kind, source in SOURCES.items():
        answer = found["answers"][kind]
        assert Path(answer["best"]["source"]).name == Path(answer["plain"]["source"]).name == source
        assert set(KEYS) <= set(answer["best"])
        expected = "letter" if kind == "text" else file_id(answer["best"]["source"])
        assert answer["ref_doc_id"] == expected


def test_each_answer_holds_every_kind_of_medium(found):
    for answer in found["answers"].values():
        assert set(answer["kinds"]) == {"text", "image", "audio", "video"}


def test_a_picture_finds_a_picture_and_reaches_the_language_model(found):
    assert [Path(source).name for source in found["by_picture"]] == ["image.png"] * 2
    answer, asked = found["images"]
    assert answer.endswith(found["answers"]["image"]["bytes"])
    assert asked.endswith(found["red"])


def test_the_bytes_are_those_of_the_file(found):
    for kind in ("image", "tile", "page", "clip", "sound"):
        answer = found["answers"][kind]
        assert base64.b64decode(answer["bytes"]) == Path(answer["best"]["source"]).read_bytes()


def test_a_picture_is_sent_as_it_is(found):
    answer = found["answers"]["image"]
    assert texts(answer) == ["[1] image.png"]
    assert answer["blocks"][1]["image"] == answer["bytes"]
    assert (answer["best"]["width"], answer["best"]["height"], answer["best"]["page"]) == (128, 96, -1)


def test_a_tile_is_sent_by_its_box(found):
    answer = found["answers"]["tile"]
    x, y, width, height = map(int, answer["best"]["box"].split(","))
    assert (x, width) == (0, 100)
    (shown,) = [opened(block) for block in answer["blocks"] if block["block_type"] == "image"]
    with PIL.Image.open(answer["best"]["source"]) as screenshot:
        assert (shown == np.array(screenshot.crop((x, y, x + width, y + height)))).all()
    assert shown.reshape(-1, 3).mean(axis=0)[2] > shown.reshape(-1, 3).mean(axis=0)[0] + 100  # the blue one


def test_a_page_is_sent_as_it_looks_with_its_text(found):
    answer = found["answers"]["page"]
    assert answer["best"]["page"] == 1
    assert (answer["best"]["mime_type"], answer["best"]["media_type"]) == ("application/pdf", "image")
    assert texts(answer) == ["[1] report.pdf, page 1", "caption: alpha"]
    (shown,) = [opened(block) for block in answer["blocks"] if block["block_type"] == "image"]
    assert shown.shape == (144, 144, 3)
    assert (np.median(shown.reshape(-1, 3), axis=0) == (0, 255, 0)).all()


def test_a_clip_is_sent_by_frames_of_its_window(found):
    answer = found["answers"]["clip"]
    assert (answer["best"]["start_seconds"], answer["best"]["end_seconds"]) == (10.0, 20.0)
    assert texts(answer)[0].startswith("[1] talk.mp4, 0:10-0:20\nat 0:1")
    shown = [opened(block) for block in answer["blocks"] if block["block_type"] == "image"]
    assert len(shown) == 4
    for frame in shown:
        assert np.abs(frame - (255, 255, 0)).max() < 12  # lossy coding


def test_a_sound_is_handed_over(found):
    answer = found["answers"]["sound"]
    (block,) = [block for block in answer["blocks"] if block["block_type"] == "audio"]
    assert (block["format"], block["audio"]) == ("wav", answer["bytes"])
