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

N_QUERIES = 500


def save(gallery: Gallery, folder: Path) -> list[Path]:
    """The gallery's pictures as PNG, its clips as animated GIF."""
    files = []
    for number, document in enumerate(gallery.documents):
        if isinstance(document, Video):
            files.append(folder / f"{number}.gif")
            first, *others = map(Image.fromarray, document.source)
            first.save(files[-1], save_all=True, append_images=others, duration=100, loop=0)
        else:
            files.append(folder / f"{number}.png")
            document.source.save(files[-1])
    return files


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
    gallery = make_crowded_gallery(N_QUERIES, seed=7203)
    return gallery, save(gallery, tmp_path_factory.mktemp("crowded"))


@pytest.mark.slow
@pytest.mark.parametrize("kind", [LangChainSearcher, LlamaIndexSearcher])
def test_reranking_finds_a_tenth_more_among_near_duplicates(kind, crowded):
    gallery, files = crowded
    assert len(gallery.queries) == N_QUERIES < len(files)  # what is asked for comes first, its near-duplicates after
    clips = {path for path in files if path.suffix == ".gif"}
    models = Models(embedder="demo", reranker="demo-reranker", clips=clips, store=f"memory://lift-{kind.name}")

    found = gains(kind, gallery, files, models)

    assert found.mean() >= 0.10
    assert bootstrap_interval(found)[0] > 0
