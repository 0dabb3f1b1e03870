"""Tall screenshots, asked in words, through the embedded model: the hit's box holds what was asked for."""

from __future__ import annotations

import io
import random

import numpy as np
import pytest
from PIL import Image as Picture
from PIL import ImageDraw

from medialens import Encoder
from medialens.media.segment.tiles import split_tiles
from medialens.media.store import MediaStore
from medialens.retrieval.hits import Hit
from medialens.retrieval.parents import best_of_parents
from medialens.training.drawing import Scene, draw

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

WIDTH, HEIGHT = 900, 10_000
SECTION, STRIPE = 1070, 41


def screen(name, theme, accent):
    return Scene("screen", {"screen": name, "theme": theme, "accent": accent, "device": "desktop"})


def thing(name, colour, detail, time):
    return Scene("thing", {"thing": name, "colour": colour, "detail": detail, "time": time})


def chart(name, trend, slices, colour, topic):
    return Scene("chart", {"chart": name, "trend": trend, "slices": slices, "colour": colour, "topic": topic})


def word(text, letters, ground):
    return Scene("word", {"word": text, "letters": letters, "ground": ground})


ASKED = {
    "a login screen with green buttons": screen("login", "light", "green"),
    "a bar chart with rising sales": chart("bar", "rising", "", "blue", "sales"),
    "a red car by day": thing("car", "red", "facing left", "day"),
    "a table with a green header": Scene(
        "table", {"rows": "5", "columns": "2", "header": "green", "topic": "salaries"}
    ),
    "the word coffee": word("coffee", "brown", "white"),
    "an error message": screen("error", "light", "red"),
    "a happy face": thing("face", "yellow", "happy", "plain"),
    "a pie chart about the budget": chart("pie", "", "4", "", "budget"),
    "three blue stars": Scene("count", {"count": "3", "colour": "blue", "shape": "star"}),
}
OTHERS = (
    screen("player", "dark", "purple"), word("exit", "red", "white"), chart("bar", "falling", "", "red", "visitors"),
    thing("boat", "red", "facing right", "day"), screen("settings", "light", "orange"),
    thing("tree", "green", "", "day"),
    Scene("shape", {"shape": "triangle", "colour": "green", "size": "large", "position": "center"}),
    thing("cup", "brown", "facing right", "plain"), screen("gallery", "dark", "blue"),
)  # fmt: skip


def draw_page(scenes, seed, scale=1.0):
    """Full-width sections, one below the other, with a stripe between them; and the boxes of what is drawn on each."""
    width, height, section, stripe = (round(side * scale) for side in (WIDTH, HEIGHT, SECTION, STRIPE))
    chance = random.Random(seed)
    page, boxes = Picture.new("RGB", (width, height), "white"), []
    for index, scene in enumerate(scenes):
        top = index * (section + stripe)
        shown = draw(scene, (width, section), chance)
        page.paste(shown, (0, top))
        ImageDraw.Draw(page).rectangle((0, top + section, width, top + section + stripe - 1), fill=(236, 238, 242))
        boxes.append(drawn_on(shown, top))
    file = io.BytesIO()
    page.save(file, "PNG", compress_level=1)
    return file.getvalue(), boxes


def drawn_on(section, top):
    """The box of all that is not the colour of its ground."""
    levels = np.asarray(section).astype(int)
    rows, columns = (np.abs(levels - levels[0, 0]).max(axis=2) > 40).nonzero()
    x, y = columns.min(), rows.min()
    return int(x), int(top + y), int(columns.max() - x + 1), int(rows.max() - y + 1)


def contains(box, element):
    x, y, width, height = box
    return (
        x <= element[0]
        and y <= element[1]
        and x + width >= element[0] + element[2]
        and y + height >= element[1] + element[3]
    )


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """Three screenshots in one store: the asked one, with the boxes of what is on it, and two more, smaller ones."""
    store = MediaStore(tmp_path_factory.mktemp("screenshots"))
    page, boxes = draw_page(list(ASKED.values()), seed=0)
    pages = [page, *(draw_page(OTHERS, seed, scale=0.4)[0] for seed in (1, 2))]
    split = [split_tiles(data, store=store) for data in pages]
    encoder = Encoder("demo", device="cpu")
    vectors = [encoder.encode_documents([tile.part for tile in tiles]) for tiles in split]
    queries = encoder.encode_queries(list(ASKED))
    return split, vectors, queries, dict(zip(ASKED, boxes, strict=True))


def hits_of(tiles, scores):
    return [Hit(reference=tile.reference, score=float(score)) for tile, score in zip(tiles, scores, strict=True)]


def test_every_element_lies_whole_in_a_tile(shelf):
    split, _, _, boxes = shelf
    for element in boxes.values():
        assert any(contains(tile.reference.box, element) for tile in split[0])


def test_the_box_of_the_best_hit_contains_what_was_asked_for(shelf):
    split, vectors, queries, boxes = shelf
    right = {}
    for query, vector in zip(ASKED, np.asarray(queries), strict=True):
        (best,) = best_of_parents(hits_of(split[0], np.asarray(vectors[0]) @ vector))
        right[query] = contains(best.reference.box, boxes[query])
    print(f"one screenshot: {sum(right.values())} of {len(right)}", [query for query, is_ in right.items() if not is_])
    assert sum(right.values()) >= 7


def test_beside_other_screenshots_the_right_one_comes_first_with_the_right_box(shelf):
    split, vectors, queries, boxes = shelf
    right = {}
    for query, vector in zip(ASKED, np.asarray(queries), strict=True):
        hits = [
            hit for tiles, rows in zip(split, vectors, strict=True) for hit in hits_of(tiles, np.asarray(rows) @ vector)
        ]
        best, *others = best_of_parents(hits)
        assert len(others) == 2
        right[query] = best.parent == split[0][0].parent and contains(best.reference.box, boxes[query])
    print(
        f"three screenshots: {sum(right.values())} of {len(right)}", [query for query, is_ in right.items() if not is_]
    )
    assert sum(right.values()) >= 5  # of 9, where one in 27 is chance
