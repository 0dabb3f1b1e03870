"""Media of every kind in every vector store, unmodified: kept up to date, and found by another process."""

import base64
import io
import json
import os
import subprocess
import sys
import traceback
import wave
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from tests.langchain.scenario import all_seeing, index_everything, write_files
from tests.langchain.vector_stores import QUIETLY, STORES

# Seven stores bring much to import, and PostgreSQL has to start.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200), *(pytest.mark.filterwarnings(line) for line in QUIETLY)]
KEYS = [
    *("source", "media_type", "mime_type", "media_ref", "parent_ref", "thumbnail_ref", "width", "height", "page"),
    *("start_seconds", "end_seconds", "fps", "frame_times", "box", "caption"),
]


@pytest.fixture(scope="module")
def run(tmp_path_factory, postgres_address):
    """What indexing did in this process, and what a new process finds, by store."""
    root = tmp_path_factory.mktemp("scenario")
    steps = {}
    with all_seeing():
        for name in STORES:
            try:
                steps[name] = index_everything(name, root, write_files(root / f"files-{name}"))
            except Exception:  # noqa: BLE001  # the test of that store tells it
                steps[name] = traceback.format_exc()
    command = [sys.executable, "-W", "ignore", "-m", "tests.langchain.scenario", str(root), *STORES]
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


def decoded(block):
    return base64.b64decode(block["base64"])


def opened(data):
    return np.array(PIL.Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


def test_index_adds_skips_renews_and_deletes(steps):
    n_documents = steps[0]["num_added"]
    # 3 pictures, 3 tiles, 2 pages, 3 clips, 1 sound, 1 letter.
    assert n_documents == 13
    assert steps == [
        {"num_added": n_documents},
        {"num_skipped": n_documents},
        {"num_added": 1, "num_deleted": 1},
        {"num_skipped": n_documents - 1, "num_deleted": 1},
    ]


def test_a_new_process_knows_that_nothing_changed(found):
    assert found["again"] == {"num_skipped": 12}
    assert found["sources"] == [
        *("changing.png", "image.png", "letter.txt", "report.pdf", "screenshot.png", "talk.mp4", "tone.wav"),
    ]


def test_text_finds_each_kind_and_every_key_comes_back(found):
    sources = {
        "image": "image.png",
        "tile": "screenshot.png",
        "page": "report.pdf",
        "clip": "talk.mp4",
        "sound": "tone.wav",
        "text": "letter.txt",
    }
    for kind, source in sources.items():
        answer = found["answers"][kind]
        assert Path(answer["best"]["source"]).name == source
        assert Path(answer["plain"]["source"]).name == source
        assert [key for key in KEYS if key in answer["best"]] == KEYS
        assert len(answer["content"]) < 300


def test_each_answer_holds_every_kind_of_medium(found):
    for answer in found["answers"].values():
        assert set(answer["kinds"]) == {"text", "image", "audio", "video"}


def test_scores_of_all_stages_stand_beside_each_other(found):
    for answer in found["answers"].values():
        scores = [answer["best"][name] for name in ("retrieval_score", "fusion_score", "relevance_score")]
        assert [type(one) for one in scores] == [float] * 3


def test_a_picture_finds_a_picture_and_a_reference_its_page(found):
    assert Path(found["by_picture"]["source"]).name == "image.png"
    assert found["by_reference"]["media_ref"] == found["answers"]["page"]["best"]["media_ref"]


def test_the_bytes_are_those_of_the_file(found, run):
    for kind in ("image", "tile", "page", "clip", "sound"):
        answer = found["answers"][kind]
        assert base64.b64decode(answer["bytes"]) == Path(answer["best"]["source"]).read_bytes()


def test_a_picture_is_shown_as_it_is(found):
    answer = found["answers"]["image"]
    label, block = answer["blocks"]
    assert label == {"type": "text", "text": "[1] image.png"}
    assert (block["type"], block["mime_type"]) == ("image", "image/png")
    assert decoded(block) == Path(answer["best"]["source"]).read_bytes()
    assert (answer["best"]["width"], answer["best"]["height"], answer["best"]["page"]) == (128, 96, -1)


def test_a_tile_is_shown_by_its_box(found):
    answer = found["answers"]["tile"]
    x, y, width, height = map(int, answer["best"]["box"].split(","))
    assert (x, width) == (0, 100)
    assert (answer["best"]["width"], answer["best"]["height"]) == (width, height)
    (shown,) = [opened(decoded(block)) for block in answer["blocks"] if block["type"] == "image"]
    with PIL.Image.open(answer["best"]["source"]) as screenshot:
        assert (shown == np.array(screenshot.crop((x, y, x + width, y + height)))).all()
    assert shown.reshape(-1, 3).mean(axis=0)[2] > shown.reshape(-1, 3).mean(axis=0)[0] + 100  # the blue one
    assert answer["best"]["parent_ref"] == answer["best"]["media_ref"].partition("#")[0] + ">"


def test_a_page_is_shown_as_it_looks(found):
    answer = found["answers"]["page"]
    assert answer["best"]["page"] == 2
    assert (answer["best"]["mime_type"], answer["best"]["media_type"]) == ("application/pdf", "image")
    (shown,) = [opened(decoded(block)) for block in answer["blocks"] if block["type"] == "image"]
    assert shown.shape == (144, 144, 3)  # an inch at 144 dots
    assert np.abs(shown - (255, 0, 255)).max() < 3


def test_a_clip_is_shown_by_frames_of_its_window(found):
    answer = found["answers"]["clip"]
    assert (answer["best"]["start_seconds"], answer["best"]["end_seconds"]) == (10.0, 20.0)
    texts = [block["text"] for block in answer["blocks"] if block["type"] == "text"]
    assert texts[0].startswith("[1] talk.mp4, 0:10-0:20\nat 0:1")
    shown = [opened(decoded(block)) for block in answer["blocks"] if block["type"] == "image"]
    assert len(shown) == 4
    for frame in shown:
        assert np.abs(frame - (255, 255, 0)).max() < 12  # lossy coding


def test_a_sound_is_handed_over(found):
    answer = found["answers"]["sound"]
    assert (answer["best"]["media_type"], answer["best"]["start_seconds"], answer["best"]["end_seconds"]) == (
        "audio",
        0,
        1,
    )
    (block,) = [block for block in answer["blocks"] if block["type"] == "audio"]
    assert block["mime_type"] == "audio/wav"
    with wave.open(io.BytesIO(decoded(block))) as heard, wave.open(answer["best"]["source"]) as file:
        assert heard.getparams() == file.getparams()
        assert heard.readframes(heard.getnframes()) == file.readframes(file.getnframes())
