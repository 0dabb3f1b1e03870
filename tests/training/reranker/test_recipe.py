import math

import numpy as np
import pytest
import torch

from medialens import Reranker
from medialens.training.measuring.gallery import make_gallery
from medialens.training.reranker.export import export
from medialens.training.reranker.progress import measure_progress
from medialens.training.reranker.recipe import RecipeSettings, RerankerRun, choose_pairs, pair_loss, train

SMALL = {"n_clusters": 2, "n_rivals": 2, "n_alike": 2, "layers": 1, "warmup_steps": 2, "checkpoint_steps": 2}


def test_the_loss_is_its_definition():
    torch.manual_seed(0)
    logits, matches = torch.randn(4, 4), torch.eye(4, dtype=torch.bool)
    matches[0, 2] = True
    chosen = torch.eye(4, dtype=torch.bool)
    chosen[0, 2] = chosen[0, 3] = chosen[1, 0] = chosen[3, 2] = True
    each = []
    for row, column in chosen.nonzero().tolist():
        probability = 1 / (1 + math.exp(-float(logits[row, column])))
        each.append(-math.log(probability if matches[row, column] else 1 - probability))
    documents = [_among(logits[one][chosen[one]], matches[one][chosen[one]]) for one in range(4)]
    queries = [_among(logits[:, one][chosen[:, one]], matches[:, one][chosen[:, one]]) for one in range(4)]
    expected = sum(each) / len(each) + (sum(documents) / 4 + sum(queries) / 4) / 2
    assert float(pair_loss(logits, matches, chosen)) == pytest.approx(expected, rel=1e-5)


def _among(logits, matches):
    shares = logits.double().exp() / logits.double().exp().sum()
    return -math.log(float(shares[matches].sum()))


def test_the_own_document_the_nearest_and_some_others_are_looked_at():
    cosines = torch.randn(12, 12, generator=torch.Generator().manual_seed(1))
    chosen = choose_pairs(cosines, n_alike=3, n_others=0, seed=5)
    for row in range(12):
        others = [column for column in range(12) if column != row]
        nearest = sorted(others, key=lambda column: -float(cosines[row, column]))[:3]
        assert set(chosen[row].nonzero().flatten().tolist()) == {row, *nearest}
    more = choose_pairs(cosines, n_alike=3, n_others=2, seed=5)
    assert bool((more | ~chosen).all())
    assert 12 < int(more.sum() - chosen.sum()) <= 24
    assert torch.equal(more, choose_pairs(cosines, n_alike=3, n_others=2, seed=5))
    assert not torch.equal(more, choose_pairs(cosines, n_alike=3, n_others=2, seed=6))


@pytest.mark.slow
def test_untrained_it_says_what_the_embedder_says(tiny_embedder, tmp_path):
    run = RerankerRun(RecipeSettings(embedder=str(tiny_embedder), **SMALL), tmp_path)
    export(run, tmp_path / "repository")
    gallery = make_gallery(12, seed=3)
    pairs = [(query, document) for query in gallery.queries[:4] for document in gallery.documents]
    pairs += [(document, gallery.documents[0]) for document in gallery.documents]
    expected = Reranker(str(tiny_embedder), score_kind="logit").score(pairs)
    scores = Reranker(str(tmp_path / "repository"), score_kind="logit").score(pairs)
    # Calibrated anew, so equal but for a straight line; float16 rounds both.
    line = np.polyfit(expected, scores, 1)
    assert line[0] > 0
    np.testing.assert_allclose(scores, np.polyval(line, expected), atol=0.02 * float(np.ptp(scores)) + 1e-4)


@pytest.mark.slow
def test_a_run_that_was_stopped_goes_on_as_if_it_had_not(tiny_embedder, tmp_path):
    settings = RecipeSettings(embedder=str(tiny_embedder), steps=4, **SMALL)
    whole = train(settings, tmp_path / "whole")
    interrupted = RerankerRun(settings, tmp_path / "parts")
    for _ in range(3):
        interrupted.advance()
        if interrupted.step == 2:
            interrupted.save()  # the third step is lost, as in a crash
    resumed = train(settings, tmp_path / "parts")
    assert resumed.step == whole.step == 4
    for name, tensor in whole.network.state_dict().items():
        assert torch.equal(tensor, resumed.network.state_dict()[name]), name


@pytest.mark.slow
def test_the_towers_go_on_slower_than_the_rest(tiny_embedder, tmp_path):
    run = RerankerRun(RecipeSettings(embedder=str(tiny_embedder), **SMALL), tmp_path)
    run.advance()
    rates = {id(tensor): group["lr"] for group in run.optimizer.param_groups for tensor in group["params"]}
    rate = run.settings.learning_rate_at(0)
    for name, tensor in run.network.named_parameters():
        learnt = name.startswith(("vision.", "text.", "vision_vector.", "text_vector.", "cosine_scale"))
        share = run.settings.tower_share if learnt else 1.0
        assert rates[id(tensor)] == pytest.approx(rate * share), name


@pytest.mark.slow
def test_a_short_run_keeps_what_the_embedder_knows(tmp_path):
    """The whole recipe for a minute: of four scenes and nine near-duplicates of each, chance finds one in forty."""
    from medialens.models.catalogue import find_embedded

    settings = RecipeSettings(
        embedder=str(find_embedded("demo")), steps=60, n_clusters=5, layers=1, warmup_steps=10, mean_decay=0.95,
        checkpoint_steps=1000,
    )  # fmt: skip
    row = measure_progress(train(settings, tmp_path), count=60)
    assert row.n_candidates == 40
    assert row.recall_at_1 >= 20 / 40  # 0.75 where the embedder leaves it
