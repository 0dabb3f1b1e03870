"""What reranking adds in each framework, among pictures and clips that are near-duplicates of each other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medialens.demo.questions import Question
from medialens.demo.searching import N_CANDIDATES, LangChainSearcher, LlamaIndexSearcher, Models
from medialens.inputs import Video
from medialens.scoring.metrics import bootstrap_interval
from medialens.training.measuring.gallery import Gallery
from medialens.training.measuring.near_duplicates import make_crowded_gallery

SEEDS = range(7203, 7208)
N_QUERIES = 100  # of each gallery


def save(gallery: Gallery, folder: Path) -> list[Path]:
    """The gallery's pictures as PNG, its clips as animated GIF; those that are asked for first."""
    folder.mkdir()
    return [_save(document, folder / str(number)) for number, document in enumerate(gallery.documents)]


def _save(document, path: Path) -> Path:
    if isinstance(document, Video):
        first, *others = map(Image.fromarray, document.source)
        path = path.with_suffix(".gif")
        first.save(path, save_all=True, append_images=others, duration=100, loop=0)
    else:
        path = path.with_suffix(".png")
        document.source.save(path, compress_level=1)
    return path


def gains(kind, gallery: Gallery, files: list[Path], models: Models) -> np.ndarray:
    """By query: 1 where reranking put the right file first, -1 where it was first before, 0 otherwise."""
    searcher = kind(files, models)
    answers = [searcher.search(Question(text=query)) for query in gallery.queries]
    assert all(len(answer.retrieved) == N_CANDIDATES for answer in answers)
    before, after = (
        np.array([getattr(answer, stage)[0].path == path for answer, path in zip(answers, files, strict=False)])
        for stage in ("retrieved", "reranked")
    )
    return after.astype(float) - before


@pytest.fixture(scope="module")
def crowded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("crowded")
    galleries = [make_crowded_gallery(N_QUERIES, seed=seed) for seed in SEEDS]
    return [(gallery, save(gallery, folder / str(gallery.seed))) for gallery in galleries]


@pytest.mark.slow
@pytest.mark.timeout(900)  # 10,000 pairs: a minute and a half of one core
@pytest.mark.parametrize("kind", [LangChainSearcher, LlamaIndexSearcher])
def test_reranking_finds_a_tenth_more_among_near_duplicates(kind, crowded):
    clips = {path for _, files in crowded for path in files if path.suffix == ".gif"}
    assert clips
    models = Models(embedder="demo", reranker="demo-reranker", clips=clips, store=f"memory://lift-{kind.name}")

    found = np.concatenate([gains(kind, gallery, files, models) for gallery, files in crowded])

    assert len(found) == 500
    assert found.mean() >= 0.10
    assert bootstrap_interval(found)[0] > 0
