from __future__ import annotations

import pytest

from medialens.training.embedder.export import export
from medialens.training.embedder.recipe import EmbedderRun
from medialens.training.embedder.recipe import RecipeSettings as EmbedderSettings


@pytest.fixture(scope="session")
def tiny_embedder(tmp_path_factory):
    """The repository of an untrained, narrow embedder. Do not write to it."""
    root = tmp_path_factory.mktemp("embedder")
    run = EmbedderRun(EmbedderSettings(widths=(4, 4, 8, 8, 8, 8), text_width=16, batch_size=8), root / "run")
    export(run, root / "repository")
    return root / "repository"
