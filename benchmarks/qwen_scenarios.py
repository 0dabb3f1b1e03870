"""The six scenarios of `benchmarks.qwen3_vl`: what is asked, of what sizes, and how fast the ideal would be."""

from __future__ import annotations

import dataclasses
import io
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import PIL.Image
from benchmarks.qwen_contenders import Contender, Input, Numbers
from tests import tiny

SIDE = 32  # pixels along each side of a token
PAGES = {600: (790, 760), 1280: (1270, 1030), 1800: (1430, 1290)}
"""Tokens that a page becomes, and its height and width; nothing is a multiple of 32, as nothing is in the wild."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Amounts:
    """How much of everything: what the machine can bear.

    Attributes:
        pages: Of each size, in the bulk.
        candidate: Height and width of the pictures that are ranked.
        image_query: Height and width.
        page: Of the one among short texts.
        n_queries: Short texts, one after the other.
    """

    pages: int
    candidate: tuple[int, int]
    image_query: tuple[int, int]
    page: tuple[int, int]
    n_queries: int


AMOUNTS = {
    "mid": Amounts(pages=2, candidate=(220, 230), image_query=(350, 470), page=PAGES[600], n_queries=20),
    "2b": Amounts(pages=32, candidate=PAGES[600], image_query=PAGES[1280], page=PAGES[1280], n_queries=50),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scenario:
    """One of them.

    Attributes:
        name: For people.
        unit: What is counted.
        count: How many of them in a run.
        draw: Gives new inputs for each round, so that no cache has seen them.
        run: Gives numbers, which are compared.
        are_scores: What the numbers are; else they are vectors.
        is_long: Many calls in one run, so that half the rounds say as much.
    """

    name: str
    unit: str
    count: int
    draw: Callable[[int], Any]
    run: Callable[[Contender, Any], Numbers]
    are_scores: bool = False
    is_long: bool = False


def scenarios(amounts: Amounts) -> dict[int, Scenario]:
    """By the numbers under which they are reported."""
    sizes = [size for _ in range(amounts.pages) for size in PAGES.values()]
    candidates = [amounts.candidate] * 50
    return {
        1: Scenario(
            name="bulk of mixed pages",
            unit="pages",
            count=len(sizes),
            draw=lambda seed: pictures(sizes, seed),
            run=lambda side, given: side.encode(given),
        ),
        2: Scenario(
            name="50 image candidates, cold",
            unit="pairs",
            count=50,
            draw=lambda seed: (texts(1, 8, seed), pictures(candidates, seed)),
            run=rank_each,
            are_scores=True,
        ),
        3: Scenario(
            name="the same candidates, 10 queries",
            unit="pairs",
            count=500,
            draw=lambda seed: (texts(10, 8, seed), pictures(candidates, 1000 + seed)),
            run=rank_each,
            are_scores=True,
            is_long=True,
        ),
        4: Scenario(
            name="image query, 50 text documents",
            unit="pairs",
            count=50,
            draw=lambda seed: (pictures([amounts.image_query], 2000 + seed), texts(50, 40, seed)),
            run=rank_each,
            are_scores=True,
        ),
        5: Scenario(
            name="one text query",
            unit="queries",
            count=amounts.n_queries,
            draw=lambda seed: texts(amounts.n_queries, 8, 100 + seed),
            run=lambda side, given: np.concatenate([side.encode([one], are_queries=True) for one in given]),
        ),
        6: Scenario(
            name="31 short texts and a page",
            unit="items",
            count=32,
            draw=lambda seed: [*texts(15, 8, seed), *pictures([amounts.page], 3000 + seed), *texts(16, 8, 50 + seed)],
            run=lambda side, given: side.encode(given),
        ),
    }


def rank_each(side: Contender, given: tuple[Sequence[Input], Sequence[Input]]) -> Numbers:
    """One call a query."""
    queries, documents = given
    return np.concatenate([side.score(query, documents) for query in queries])


def pictures(sizes: Sequence[tuple[int, int]], seed: int) -> list[Input]:
    """JPEG files, none like another: smooth enough to compress as photographs and pages do."""
    rng = np.random.default_rng(seed)
    found: list[Input] = []
    for height, width in sizes:
        small = PIL.Image.fromarray(rng.integers(0, 256, (height // 16, width // 16, 3), dtype=np.uint8))
        file = io.BytesIO()
        small.resize((width, height), PIL.Image.Resampling.BICUBIC).save(file, format="JPEG", quality=90)
        found.append(file.getvalue())
    return found


def texts(count: int, n_words: int, seed: int) -> list[Input]:
    """Each a token a word, about, and of lengths around `n_words`."""
    draw = random.Random(seed)
    return [" ".join(draw.choices(tiny.WORDS, k=draw.randint(n_words // 2, n_words * 3 // 2))) for _ in range(count)]
