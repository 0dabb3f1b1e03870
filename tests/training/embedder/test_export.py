import json
import random
from pathlib import Path

import numpy as np
import pytest
import torch

from medialens import Encoder, Image, Item, Video
from medialens.media.moments import moments
from medialens.training.drawing import film, invent, on_sheet
from medialens.training.embedder.export import averaged_network, export
from medialens.training.embedder.recipe import EmbedderRun, RecipeSettings, encode, image_features
from medialens.training.examples import IMAGE_SIZE, make_examples, to_batch, to_tensor

N = 5


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """An untrained run and the repository it exports to."""
    root = tmp_path_factory.mktemp("export")
    settings = RecipeSettings(widths=(4, 4, 8, 8, 8, 8), text_width=16, batch_size=8)
    run = EmbedderRun(settings, root / "run")
    return run, export(run, root / "repository"), root / "repository"


@pytest.fixture(scope="module")
def expected(exported):
    """Features of the network itself, at the precision that the repository stores."""
    run, _, _ = exported
    examples = make_examples(9, 0, N)
    network = averaged_network(run).half().float()
    with torch.no_grad():
        return examples, encode(network, to_batch(examples, run.tokenizer))


def _unit(tensor):
    return torch.nn.functional.normalize(tensor, dim=-1).numpy()


@pytest.mark.slow
def test_the_public_encoder_gives_the_networks_own_vectors(exported, expected):
    encoder = Encoder(str(exported[2]))
    examples, features = expected
    queries = encoder.encode_queries([each.caption.text for each in examples])
    documents = encoder.encode_documents([Image(each.pixels) for each in examples])
    # float32 sums in another order: 1e-6 measured.
    np.testing.assert_allclose(queries, _unit(features.captions), atol=1e-5)
    np.testing.assert_allclose(documents, _unit(features.images), atol=1e-5)


@pytest.mark.slow
def test_a_picture_with_its_caption_is_the_sum_of_both_features(exported, expected):
    examples, features = expected
    items = [Item(Image(each.pixels), each.caption.text) for each in examples]
    vectors = Encoder(str(exported[2])).encode_documents(items)
    np.testing.assert_allclose(vectors, _unit(features.images + features.captions), atol=1e-5)


@pytest.mark.slow
def test_the_calibration_travels_with_the_weights(exported):
    _, calibration, folder = exported
    own = json.loads((folder / "config.json").read_text())["medialens"]
    assert own["fusion"] == "sum"
    assert own["logit_bias"] == pytest.approx(calibration.bias, abs=1e-4)


@pytest.mark.slow
def test_the_public_encoder_looks_at_clips_as_training_did(exported):
    run, _, folder = exported
    scene = invent(random.Random(2), kind="clip")
    shown = film(scene, (120, 96), random.Random(3))
    frames = np.stack([np.asarray(shown(time)) for time in moments(12)])
    sheet = np.asarray(on_sheet(shown, (IMAGE_SIZE, IMAGE_SIZE)))
    encoder = Encoder(str(folder))
    vector = encoder.encode_documents([Video(frames)])
    with torch.no_grad():
        expected = image_features(averaged_network(run).half().float(), to_tensor([sheet]))
    np.testing.assert_allclose(vector, _unit(expected), atol=1e-5)


@pytest.mark.slow
def test_everybody_may_read_the_files(exported):
    assert {oct(path.stat().st_mode & 0o777) for path in Path(exported[2]).iterdir()} == {"0o644"}
