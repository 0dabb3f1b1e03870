import dataclasses
import platform
import re
from pathlib import Path

import pytest
import torch
import yaml

from medialens.training import card as cards
from medialens.training.card import CardText, Origin, describe_device, fill, origin_of, write_card
from medialens.training.measuring.report import marked_text, rewrite

TEXT = CardText(
    name="demo", title="a model", measured_by="medialens measure demo", task="sentence-similarity",
    tags="one, two-words", about="What it is.", making="What was special.", limits="What it cannot do: 100 %.",
)  # fmt: skip
ORIGIN = Origin(
    command="medialens train demo --seed 5", beginning="nothing", examples="1,000 pictures", seed=5, minutes=12.3,
    device="two cores", half=True, n_parameters=4_250_000,
)  # fmt: skip


@dataclasses.dataclass
class Found:
    whole: str = "| measured {as it is} |\n"
    short: str = "| in short |\n"


@pytest.fixture
def card(tmp_path):
    write_card(tmp_path, TEXT, ORIGIN, Found())
    return (tmp_path / "README.md").read_text(encoding="utf-8")


def test_the_card_says_what_it_is_and_how_the_weights_came_about(card):
    told = " ".join(card.split())
    for fact in (
        "# demo: a model", "What it is.", "medialens train demo --seed 5", "from nothing on 1,000 pictures",
        "12 minutes on two cores", "bfloat16", "seed 5", f"torch {torch.__version__}", "4.2 million", "curve.svg",
        "What was special.", "What it cannot do: 100 %.",
    ):  # fmt: skip
        assert fact in told
    assert "\n    medialens train demo --seed 5\n" in card  # as code


def test_its_head_is_what_the_hub_reads(card):
    _, head, _ = card.split("---\n", 2)
    assert yaml.safe_load(head) == {
        "license": "apache-2.0", "pipeline_tag": "sentence-similarity", "tags": ["one", "two-words"],
    }  # fmt: skip


def test_its_measured_part_can_be_written_anew(card):
    assert marked_text(card, "demo") == Found().whole
    again = rewrite(card, "demo", Found(whole="| other numbers |"))
    assert again == card.replace(Found().whole, "| other numbers |\n")


def test_a_run_knows_its_seed_time_size_and_arithmetic():
    class Stopped:
        settings = type("Settings", (), {"seed": 3, "half": False})()
        minutes = 7.5
        network = torch.nn.Linear(10, 5)

    origin = origin_of(Stopped(), command="train it", examples="9 pairs", beginning="the embedder")
    assert (origin.seed, origin.minutes, origin.half, origin.n_parameters) == (3, 7.5, False, 55)
    assert "from the embedder on 9 pairs" in origin.sentence
    assert "float32" in origin.sentence


def test_text_is_filled_by_paragraph_and_by_point():
    long = "word " * 40
    text = f"One\nline.\n\n{long}\n\n- a {long}\n- b\n  goes on"
    lines = fill(text).splitlines()
    assert lines[:2] == ["One line.", ""]
    assert max(map(len, lines)) <= 120
    assert lines[-1] == "- b goes on"
    a = lines.index(next(line for line in lines if line.startswith("- a")))
    assert lines[a + 1].startswith("  word")
    assert fill(fill(text)) == fill(text)


@pytest.mark.parametrize(
    ("cpuinfo", "name"),
    [("processor : 0\nmodel name\t: A Fine CPU\nmodel name\t: A Fine CPU\n", "A Fine CPU"), (None, platform.machine())],
)
def test_the_processor_is_called_by_its_name_where_it_has_one(tmp_path, monkeypatch, cpuinfo, name):
    file = tmp_path / "cpuinfo"
    if cpuinfo:
        file.write_text(cpuinfo)
    monkeypatch.setattr(cards, "Path", lambda _: Path(file))
    count = torch.get_num_threads()
    assert re.fullmatch(rf"{count} threads? of a CPU \({re.escape(name)}\)", describe_device())
