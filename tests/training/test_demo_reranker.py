"""The shipped reranker: the headline of its table, drawn anew, and what its repository says."""

import json
from pathlib import Path

import numpy as np
import pytest

from medialens import Encoder, Reranker
from medialens.models.catalogue import find_embedded
from medialens.training.measuring.near_duplicates import make_crowded_gallery
from medialens.training.measuring.report import marked_text
from medialens.training.measuring.reranker import SEED, lift, rerank, retrieve

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_it_finds_a_tenth_more_among_near_duplicates():
    gallery = make_crowded_gallery(160, seed=SEED + 7)
    assert all(scene.held_out for scene in gallery.scenes[:160])
    found = retrieve(Encoder("demo"), gallery.queries, gallery.documents)

    gained = lift("near-duplicates", found.ranks, rerank(Reranker("demo-reranker"), found))

    assert gained.gain >= 0.10
    assert gained.interval[0] > 0


def test_the_table_says_that_no_kind_of_scene_gets_worse():
    card = (find_embedded("demo-reranker") / "README.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in marked_text(card, "demo-reranker").splitlines() if line.startswith("| ")]
    gains = {row[1].strip(): float(row[5]) for row in rows if len(row) == 8 and row[2].strip().isdigit()}
    assert gains["text to picture, near-duplicates"] >= 0.10
    assert min(gains.values()) >= 0
    assert {"relations", "counts", "words", "clips"} <= set(gains)


def test_its_card_says_where_it_comes_from():
    card = (find_embedded("demo-reranker") / "README.md").read_text(encoding="utf-8")
    assert all(word in card for word in ("medialens train demo-reranker", "seed", "minutes on", "curve.svg"))


def test_its_config_says_what_it_is():
    config = json.loads((find_embedded("demo-reranker") / "config.json").read_text(encoding="utf-8"))
    assert config["model_type"] == "medialens-cross-attention"
    assert config["finder"] is True


def test_it_is_not_large():
    assert sum(path.stat().st_size for path in find_embedded("demo-reranker").iterdir()) < 24e6


@pytest.mark.parametrize(
    ("path", "name"), [("docs/embedded-models.md", "demo-reranker"), ("README.md", "demo-reranker, in short")]
)
def test_documents_say_what_the_card_says(path, name):
    card = marked_text((find_embedded("demo-reranker") / "README.md").read_text(encoding="utf-8"), "demo-reranker")
    told = marked_text((ROOT / path).read_text(encoding="utf-8"), name)
    assert told.count("\n") > 3
    assert told.strip() in card


def test_scores_are_probabilities():
    scores = Reranker("demo-reranker").score([("a red circle", "a red circle"), ("a red circle", "a blue bar chart")])
    assert np.all((scores > 0) & (scores < 1))
    assert scores[0] > scores[1]
