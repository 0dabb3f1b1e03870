"""The embedded model as it is shipped, through the public handles."""

import json
import random
from pathlib import Path

import numpy as np
import pytest

from medialens import Encoder, Image, Item, Reranker
from medialens.models.catalogue import find_embedded
from medialens.training.drawing import describe
from medialens.training.language.speaker import Speaker
from medialens.training.measuring.embedder import measure_headline
from medialens.training.measuring.gallery import make_gallery
from medialens.training.measuring.table import recall_row

HEADLINE = 0.80


@pytest.fixture(scope="module")
def encoder():
    return Encoder("demo")


@pytest.mark.slow
def test_text_finds_its_picture_among_200_that_training_never_saw(encoder):
    row = measure_headline(encoder)
    assert row.n_candidates == 200
    assert row.recall_at_1 >= HEADLINE


@pytest.mark.slow
def test_pictures_drawn_at_other_sizes_are_found_as_well(encoder):
    # The recipe draws up to 320 pixels a side; these are larger and less square.
    from medialens.training.drawing import draw

    gallery = make_gallery(100, seed=31)
    chance = random.Random(31)
    sizes = [(640, 480), (300, 200), (800, 600), (360, 500)]
    pictures = [Image(draw(scene, chance.choice(sizes), chance)) for scene in gallery.scenes]
    row = recall_row("other sizes", encoder.encode_queries(gallery.queries), encoder.encode_documents(pictures))
    assert row.recall_at_1 >= HEADLINE


@pytest.mark.slow
def test_a_picture_with_its_caption_is_found_no_worse_than_the_picture(encoder):
    gallery, chance = make_gallery(100, seed=32), random.Random(32)
    captions = [describe(scene, Speaker(chance)).text for scene in gallery.scenes]
    mixed = [Item(Image(one), text) for one, text in zip(gallery.pictures, captions, strict=True)]
    row = recall_row("mixed", encoder.encode_queries(gallery.queries), encoder.encode_documents(mixed))
    assert row.recall_at_1 >= HEADLINE


@pytest.mark.slow
def test_probabilities_tell_matches_from_others():
    gallery = make_gallery(40, seed=33)
    pictures = [Image(one) for one in gallery.pictures]
    reranker = Reranker("demo")
    assert reranker.score_kind == "probability"
    own = np.array([reranker.score([(q, d)])[0] for q, d in zip(gallery.queries, pictures, strict=True)])
    other = np.array(
        [reranker.score([(q, d)])[0] for q, d in zip(gallery.queries, pictures[1:] + pictures[:1], strict=True)]
    )
    assert np.median(own) > 0.5
    assert np.median(other) < 0.1


def test_it_is_small_and_says_where_it_comes_from():
    folder = find_embedded("demo")
    assert sum(path.stat().st_size for path in Path(folder).iterdir()) < 12e6
    card = (folder / "README.md").read_text()
    assert all(word in card for word in ("medialens train demo", "seed", "minutes", "recall@1"))
    assert json.loads((folder / "config.json").read_text())["medialens"]["fusion"] == "sum"


def test_the_documentation_has_the_cards_table():
    card = (find_embedded("demo") / "README.md").read_text()
    table = card[card.index("| task |") :].partition("\n\n")[0].partition('\n"among')[0]
    documentation = Path(__file__).parents[2] / "docs" / "embedded-models.md"
    assert table.count("\n") > 10
    assert table in documentation.read_text()
