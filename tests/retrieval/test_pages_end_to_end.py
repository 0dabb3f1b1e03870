"""A slide deck as a PDF: the page is found by what its chart shows, with the embedded model and nothing else.

The charts fill their slides, as exported decks have them. They must: the embedded model learned from drawings that
fill the picture, at 96x96 pixels. With a white margin of 5 % around the chart it finds 4 of 6 right pages, and of
charts that take up half a sheet of A4 every fourth, because titles and lines are then too thin to be seen.
"""

import random
import zlib

import numpy as np
import pytest
from tests.media.documents import illustrated, picture, words

from medialens.encoder import Encoder
from medialens.media.segment.pages import split_pages
from medialens.media.store import MediaStore
from medialens.training.drawing import Scene, draw, invent

pytest.importorskip("pypdfium2", reason="pypdfium2 is not installed: pip install 'medialens[pdf]'")

SLIDE = (960, 540)
N_CHARTS, N_TEXTS = 30, 70
CHARTS = {"line": "line chart", "bar": "bar chart", "scatter": "scatter plot"}
TRENDS = {
    "rising": "that rises",
    "falling": "that falls",
    "peak": "that rises and then falls",
    "dip": "that falls and then rises",
    "flat": "that stays flat",
}
PROSE = (
    "the of report quarter sales team and plan market product result growth service cost new year people work "
    "company support customer data change time process review goal next last open first value risk part"
)
WORDS = PROSE.split()


def scenes(chance: random.Random) -> list[Scene]:
    """Charts that the model never saw, no two alike in all that the queries say."""
    found: dict[str, Scene] = {}
    while len(found) < N_CHARTS:
        scene = invent(chance, split="held_out", kind="chart")
        if scene.facts["chart"] in CHARTS:
            found.setdefault(query(scene), scene)
    return list(found.values())


def query(scene: Scene) -> str:
    facts = scene.facts
    return f"the {facts['colour']} {CHARTS[facts['chart']]} of {facts['topic']} {TRENDS[facts['trend']]}"


def chart_slide(scene: Scene, number: int, chance: random.Random) -> tuple[bytes, bytes]:
    drawn = draw(scene, SLIDE, chance).convert("RGB")
    image = picture(*drawn.size, zlib.compress(drawn.tobytes()), "FlateDecode")
    return b"q %d 0 0 %d 0 0 cm /I Do Q\n%b" % (*SLIDE, words(f"Page {number}", (890, 12), 10)), image


def text_slide(number: int, chance: random.Random) -> tuple[bytes, bytes]:
    height = SLIDE[1]
    content = words(" ".join(chance.choices(WORDS, k=4)).title(), (60, height - 80), 32)
    for line in range(chance.randint(5, 9)):
        content += words("- " + " ".join(chance.choices(WORDS, k=9)), (80, height - 140 - 38 * line), 18)
    return content + words(f"Page {number}", (890, 12), 10), picture(1, 1, zlib.compress(b"\0\0\0"), "FlateDecode")


@pytest.mark.slow
def test_a_chart_is_found_among_a_hundred_pages(tmp_path):
    chance = random.Random(0)
    charts = scenes(chance)
    order = chance.sample([*charts, *[None] * N_TEXTS], N_CHARTS + N_TEXTS)
    slides = [chart_slide(one, n, chance) if one else text_slide(n, chance) for n, one in enumerate(order, 1)]
    path = tmp_path / "deck.pdf"
    path.write_bytes(illustrated(slides, SLIDE))

    pages = split_pages(path, store=MediaStore(tmp_path / "store"))
    encoder = Encoder("demo")
    documents = encoder.encode_documents([page.part for page in pages])
    right = {query(scene): number for number, scene in enumerate(order, 1) if scene}
    queries = encoder.encode_queries(list(right))
    best = np.argmax(encoder.similarity(queries, documents), axis=1)
    hits = [pages[found].reference.page == page for found, page in zip(best, right.values(), strict=True)]
    missed = [one for one, hit in zip(right, hits, strict=True) if not hit]
    print(f"recall@1 {np.mean(hits):.3f}; missed: {missed}")
    assert len(pages) == 100
    assert np.mean(hits) >= 0.8
