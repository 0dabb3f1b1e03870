import math
import random

import numpy as np
import pytest

from medialens.training.drawing import truths
from medialens.training.language.speaker import Caption
from medialens.training.measuring.gallery import make_gallery
from medialens.training.measuring.reliability import (
    judge,
    measure_reliability,
    reliability_to_markdown,
    say_everything,
)


def test_each_pair_falls_into_its_bin():
    probabilities = np.array([0.0, 0.05, 0.1, 0.55, 0.99, 1.0])
    found = judge(probabilities, np.array([False, True, False, True, True, True]))
    assert [one.n_pairs for one in found.bins] == [2, 1, 0, 0, 0, 1, 0, 0, 0, 2]
    assert found.bins[0].shown == pytest.approx(0.025)
    assert found.bins[0].matching == 0.5
    assert found.bins[9].matching == 1.0
    assert math.isnan(found.bins[2].shown)
    assert (found.bins[3].low, found.bins[3].high) == (0.3, 0.4)


def test_the_expected_error_is_the_mean_distance_of_shown_and_true():
    # Three pairs shown as 0.25 of which one matches, one pair shown as 0.75 that does not.
    found = judge(np.array([0.25, 0.25, 0.25, 0.75]), np.array([True, False, False, False]), n_bins=2)
    assert found.expected_error == pytest.approx((3 * abs(0.25 - 1 / 3) + 1 * 0.75) / 4)


def test_probabilities_that_are_true_are_found_to_be():
    chance = np.random.default_rng(0)
    probabilities = chance.random(200_000)
    found = judge(probabilities, chance.random(probabilities.size) < probabilities)
    assert found.expected_error < 0.005
    assert all(one.shown == pytest.approx(one.matching, abs=0.02) for one in found.bins)


def test_the_table_leaves_out_empty_bins():
    table = reliability_to_markdown(judge(np.array([0.05, 0.95, 0.97]), np.array([False, True, True])))
    assert table.splitlines()[2:] == ["| 0.0 to 0.1 | 1 | 0.050 | 0.000 |", "| 0.9 to 1.0 | 2 | 0.960 | 1.000 |"]


class Judge:
    """Stands for a reranker; remembers its pairs."""

    def score(self, pairs, *, priority):
        self.pairs, self.priority = pairs, priority
        return np.tile(np.arange(20) == 0, len(pairs) // 20).astype(float)


def test_one_candidate_in_twenty_matches():
    gallery, reranker = make_gallery(40, seed=6), Judge()
    found = measure_reliability(reranker, gallery)
    assert len(reranker.pairs) == 40 * 20
    assert found.expected_error == 0.0  # the stand-in knows that the first of twenty matches
    for at in range(40):
        documents = [id(document) for _, document in reranker.pairs[at * 20 : at * 20 + 20]]
        assert documents[0] == id(gallery.documents[at])
        assert len(set(documents)) == 20


def test_what_a_caption_holds_for_as_well_is_no_counter_example():
    gallery, reranker, said = make_gallery(60, seed=6, kinds=("shape",)), Judge(), []

    def tell(scene, _):
        said.append(Caption(scene.facts["size"], frozenset({f"size={scene.facts['size']}"}), full=False))
        return said[-1]

    measure_reliability(reranker, gallery, tell)
    scene_of = {id(shown): scene for shown, scene in zip(gallery.documents, gallery.scenes, strict=True)}
    for at, caption in enumerate(said):
        others = [scene_of[id(shown)] for _, shown in reranker.pairs[at * 20 + 1 : at * 20 + 20]]
        assert not any(caption.facts <= truths(scene) for scene in others)


def test_saying_everything_says_it_in_a_sentence():
    for at, scene in enumerate(make_gallery(30, seed=9).scenes):
        caption = say_everything(scene, random.Random(at))
        assert caption.full
        assert caption.facts <= truths(scene)
