import math

import pytest
import torch

from medialens.training.embedder.loss import Features, contrastive_loss, total_loss

N, DIM = 6, 64


@pytest.fixture
def pairs():
    torch.manual_seed(0)
    return torch.randn(N, DIM, dtype=torch.float64), torch.randn(N, DIM, dtype=torch.float64)


def _by_hand(queries, documents, scale, same):
    """InfoNCE from its definition, pair by pair, without masks and matrices."""

    def cosine(a, b):
        return float(torch.nn.functional.cosine_similarity(a, b, dim=0))

    total = 0.0
    for i in range(len(queries)):
        forward = [scale * cosine(queries[i], documents[j]) for j in range(N) if i == j or not same[i, j]]
        back = [scale * cosine(queries[j], documents[i]) for j in range(N) if i == j or not same[j, i]]
        own = scale * cosine(queries[i], documents[i])
        total += math.log(sum(map(math.exp, forward))) - own + math.log(sum(map(math.exp, back))) - own
    return total / (2 * N)


@pytest.mark.parametrize("extra", [[], [(0, 3), (4, 1)]])
def test_it_is_info_nce_without_the_pairs_that_match_as_well(pairs, extra):
    same = torch.eye(N, dtype=torch.bool)
    for row, column in extra:
        same[row, column] = True
    scale = torch.tensor(7.0, dtype=torch.float64)
    assert float(contrastive_loss(*pairs, scale, same)) == pytest.approx(_by_hand(*pairs, 7.0, same), abs=1e-9)


def test_perfect_pairs_cost_nothing_and_random_ones_the_logarithm_of_their_number():
    same = torch.eye(N, dtype=torch.bool)
    perfect = torch.eye(N)
    assert float(contrastive_loss(perfect, perfect, torch.tensor(100.0), same)) == pytest.approx(0.0, abs=1e-6)
    assert float(contrastive_loss(torch.ones(N, N), perfect, torch.tensor(1.0), same)) == pytest.approx(math.log(N))


def test_seconds_add_the_mixed_and_the_text_terms(pairs):
    captions, images = pairs
    same = torch.eye(N, dtype=torch.bool)
    scale = torch.tensor(5.0, dtype=torch.float64)
    seconds = torch.randn(2, DIM, dtype=torch.float64)

    def loss(given):
        return float(total_loss(Features(images=images, captions=captions, seconds=given, scale=scale), same))

    mixed = torch.cat([images[:2] + seconds, images[2:]])
    expected = loss(seconds[:0])
    expected += 0.25 * float(contrastive_loss(captions, mixed, scale, same))
    expected += 0.25 * float(contrastive_loss(captions[:2], seconds, scale, same[:2, :2]))
    assert loss(seconds) == pytest.approx(expected)
