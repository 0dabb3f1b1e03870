import numpy as np
import pytest

from medialens.training.card import Origin, write_card
from medialens.training.embedder.recipe import RecipeSettings
from medialens.training.measuring.gallery import make_gallery
from medialens.training.measuring.table import Row, recall_row, to_markdown

ROW = Row(what="text to image", n_candidates=200, recall_at_1=0.9, interval=(0.855, 0.94), recall_at_5=0.99)


def test_recall_compares_directions_not_lengths():
    documents = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], dtype=np.float32)
    queries = documents * np.array([[9.0], [0.1], [3.0]], dtype=np.float32)
    row = recall_row("same", queries, documents * np.array([[1.0], [50.0], [2.0]], dtype=np.float32))
    assert (row.recall_at_1, row.recall_at_5, row.interval) == (1.0, 1.0, (1.0, 1.0))


def test_recall_of_swapped_documents():
    documents = np.eye(8, dtype=np.float32)
    queries = documents.copy()
    queries[[0, 1]] = queries[[1, 0]]
    row = recall_row("swapped", queries, documents)
    assert row.recall_at_1 == pytest.approx(6 / 8)
    assert row.interval[0] < 6 / 8 < row.interval[1]


def test_the_table_is_markdown():
    head, rule, line = to_markdown([ROW]).splitlines()
    assert head.count("|") == rule.count("|") == line.count("|")
    assert line == "| text to image | 200 | 0.900 | 0.855 to 0.940 | 0.990 |"


def test_the_card_says_how_the_weights_came_about(tmp_path):
    origin = Origin(
        command="medialens train demo", settings=RecipeSettings(seed=5, half=True, steps=10, batch_size=100),
        minutes=12.3, device="two cores", n_parameters=4_250_000, dimension=192,
    )  # fmt: skip
    write_card(tmp_path, origin, [ROW])
    card = (tmp_path / "README.md").read_text()
    for fact in (
        "medialens train demo",
        "seed 5",
        "12 minutes on two cores",
        "1,000 pictures",
        "4.2 million",
        "bfloat16",
    ):
        assert fact in card
    assert to_markdown([ROW]) in card
    assert "{" not in card


@pytest.mark.parametrize("unseen", [{}, {"unseen_words": True}, {"unseen_frames": True}])
def test_galleries_are_held_out_distinct_and_the_same_each_time(unseen):
    gallery, again = make_gallery(30, seed=4, **unseen), make_gallery(30, seed=4, **unseen)
    assert all(scene.held_out for scene in gallery.scenes)
    assert len({scene.key for scene in gallery.scenes}) == 30
    assert gallery.queries == again.queries
    assert [picture.tobytes() for picture in gallery.pictures] == [picture.tobytes() for picture in again.pictures]


def test_a_gallery_of_a_small_kind_ends_where_its_combinations_do():
    gallery = make_gallery(500, seed=1, kind="document")
    assert 20 < len(gallery.scenes) < 60
    assert {scene.kind for scene in gallery.scenes} == {"document"}
