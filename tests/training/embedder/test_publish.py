import json

import numpy as np
import pytest

from medialens import Encoder, Video
from medialens.training.embedder.progress import log_progress
from medialens.training.embedder.publish import publish
from medialens.training.embedder.recipe import RecipeSettings, train
from medialens.training.measuring import embedder as measuring
from medialens.training.measuring.report import marked_text


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A run of two steps, published with small galleries."""
    folder = tmp_path_factory.mktemp("published")
    settings = RecipeSettings(
        steps=2, batch_size=8, n_second=2, checkpoint_steps=1, widths=(4, 4, 8, 8, 8, 8), text_width=16
    )
    with pytest.MonkeyPatch.context() as patch:
        for name, count in (("SMALL", 12), ("LARGE", 60), ("PER_KIND", 6)):
            patch.setattr(measuring, name, count)
        run = train(settings, folder, on_checkpoint=log_progress)
        report = publish(run, folder / "repository", command="medialens train demo --steps 2")
    return folder, report


@pytest.mark.slow
def test_the_repository_is_complete_and_works(published):
    folder, _ = published
    names = {path.name for path in (folder / "repository").iterdir()}
    assert names == {
        "README.md", "config.json", "curve.svg", "model.safetensors", "preprocessor_config.json", "tokenizer.json",
        "tokenizer_config.json",
    }  # fmt: skip
    encoder = Encoder(str(folder / "repository"))
    assert encoder.encode_documents([Video(np.zeros((4, 32, 32, 3), np.uint8))]).shape == (1, 16)


@pytest.mark.slow
def test_its_card_has_what_was_measured(published):
    folder, report = published
    card = (folder / "repository" / "README.md").read_text()
    assert marked_text(card, "demo") == report.whole
    assert "medialens train demo --steps 2" in card
    assert "on 16 pictures and clips" in card


@pytest.mark.slow
def test_progress_and_curve_lie_beside_the_log(published):
    folder, _ = published
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2]
    assert all(0 <= line["recall_at_1"] <= line["recall_at_5"] <= 1 and line["candidates"] == 200 for line in lines)
    assert (folder / "curve.svg").read_text() == (folder / "repository" / "curve.svg").read_text()
