from __future__ import annotations

import asyncio
import copy
import dataclasses
import math
import pickle

import numpy as np
import PIL.Image
import pytest
from tests.engine.gates import Gate

from medialens import Encoder, Image, Reranker
from medialens.engine.config import EngineConfig
from medialens.engine.engine import Engine
from medialens.errors import InputError, ItemFailedError, MedialensError
from medialens.outputs import Ranked, RankResult, ScoreResult
from medialens.testing.fake_model import FakeModel, fake_models, fake_recipe

RED, GREEN, BLUE = (Image(PIL.Image.new("RGB", (8, 8), colour)) for colour in ("red", "green", "blue"))


@pytest.fixture(autouse=True)
def engine():
    with fake_models() as made:
        yield made


def dual(**changes) -> Reranker:
    return Reranker(FakeModel(recipe=dataclasses.replace(fake_recipe(), **changes)))


def cross(**changes) -> Reranker:
    return Reranker(FakeModel(task="score", recipe=dataclasses.replace(fake_recipe("score"), **changes)))


@pytest.fixture(params=[dual, cross], ids=["dual encoder", "cross-encoder"])
def make(request):
    return request.param


def test_the_best_comes_first(make):
    ranking = make().rank("a blue thing", [RED, BLUE, "blue thing", GREEN])
    assert [one.index for one in ranking][:2] == [2, 1]
    assert all(isinstance(one, Ranked) and isinstance(one.score, float) for one in ranking)
    assert [one.score for one in ranking] == sorted((one.score for one in ranking), reverse=True)


def test_equal_scores_keep_their_order(make):
    assert [one.index for one in make().rank("red", ["x y", "red", "x y", "red", "x y"])] == [1, 3, 0, 2, 4]


@pytest.mark.parametrize(("top_n", "expected"), [(None, 3), (5, 3), (2, 2), (0, 0), (-1, 0)])
def test_top_n(make, top_n, expected):
    ranking = make().rank("red", ["blue", "red", "green"], top_n=top_n)
    assert len(ranking) == expected
    assert [one.index for one in ranking][:1] == [1][:expected]


def test_nothing_in_nothing_out_without_loading(engine):
    reranker = Reranker("no/such")
    assert reranker.rank("query", []) == []
    assert reranker.rank("query", ["a"], top_n=0) == []
    assert reranker.rank("query", [], errors="return") == RankResult(ranked=(), errors={})
    assert reranker.score([]).shape == (0,)
    assert reranker.score_kind  # loads
    assert engine.stats().n_models == 1


def test_dual_encoder_scores_are_sigmoids_of_scaled_cosines():
    reranker = dual(logit_scale=7.0, logit_bias=-2.0)
    pairs = [("red cat", "red dog"), ("blue", "red cat"), ("a", "a")]
    vectors = Encoder(FakeModel()).encode([text for pair in pairs for text in pair]).astype(np.float64)
    cosines = [float(one @ other) for one, other in zip(vectors[::2], vectors[1::2], strict=True)]
    expected = [1 / (1 + math.exp(-(7 * cosine - 2))) for cosine in cosines]
    np.testing.assert_allclose(reranker.score(pairs), expected, rtol=1e-6)
    assert reranker.score(pairs).dtype == np.float64
    assert reranker.score_kind == "probability"


def test_saturated_probabilities_are_still_ordered_by_the_logit():
    documents = ["red red red circle", "red circle", "red"]
    saturated, plain = dual(logit_scale=1e4).rank("red", documents), dual().rank("red", documents)
    assert [one.index for one in saturated] == [one.index for one in plain] == [2, 0, 1]
    assert saturated[0].score == saturated[1].score == 1.0


def test_score_kinds_can_be_chosen():
    logits = cross().score([("red", "red cat"), ("red", "blue")])
    assert cross().score_kind == "logit"
    probabilities = Reranker(FakeModel(task="score"), score_kind="probability")
    np.testing.assert_allclose(probabilities.score([("red", "red cat"), ("red", "blue")]), 1 / (1 + np.exp(-logits)))
    assert Reranker(FakeModel(), score_kind="logit").score([("red", "red")])[0] == pytest.approx(10)
    with pytest.raises(InputError, match="score_kind='cosine'"):
        Reranker("demo", score_kind="cosine")


def test_each_distinct_input_is_computed_once():
    gate = Gate()
    reranker = Reranker(FakeModel(on_batch=gate), engine=Engine(EngineConfig(vector_cache_bytes=0)))
    reranker.score([("q", "a"), ("q", "b"), ("p", "a"), ("p", "b")])
    assert sorted(gate.computed) == ["a", "b", "p", "q"]
    reranker._engine.close()


def test_a_failed_document_fails_alone(make):
    documents = ["blue", "!prepare-fails", "red", Image("nowhere.png")]
    result = make().rank("red", documents, errors="return")
    assert [one.index for one in result.ranked] == [2, 0]
    assert sorted(result.errors) == [1, 3]
    assert isinstance(result.errors[1], ItemFailedError)
    with pytest.raises(ItemFailedError, match=r"^item 1: ") as caught:
        make().rank("red", documents)
    assert caught.value.index == 1
    assert caught.value.result.ranked == result.ranked
    assert [one.index for one in make().rank("red", documents, 1, errors="return").ranked] == [2]


def test_a_failed_query_fails_every_pair(make):
    result = make().rank(Image("nowhere.png"), ["a", "b"], errors="return")
    assert result.ranked == ()
    assert sorted(result.errors) == [0, 1]


def test_failed_pairs_score_nan(make):
    result = make().score([("red", "red"), ("red", "!prepare-fails")], errors="return")
    assert isinstance(result, ScoreResult)
    np.testing.assert_array_equal(np.isnan(result.scores), [False, True])
    assert list(result.errors) == [1]


def test_prompts():
    prompts = {"query": "green ", "document": "blue "}
    reranker, plain = dual(prompts=prompts), dual()
    assert reranker.score([("x", "y")])[0] == pytest.approx(plain.score([("green x", "blue y")])[0])
    replaced = reranker.rank("x", ["y"], instruction="red ")
    assert replaced[0].score == pytest.approx(plain.score([("red x", "blue y")])[0])
    together = cross(prompts={"task": "find "}, default_prompt_name="task")
    assert together.score([("x", "y")])[0] == pytest.approx(cross().score([("find x", "y")])[0])
    always = Reranker(FakeModel(task="score"), instruction="find ")
    assert always.score([("x", "y")])[0] == pytest.approx(cross().score([("find x", "y")])[0])
    assert always.score([("x", "y")], instruction="")[0] == pytest.approx(cross().score([("x", "y")])[0])


def test_async_twins_give_the_same(make):
    reranker = make()
    documents, pairs = ["blue", "red"], [("red", "blue"), ("red", "red")]
    assert asyncio.run(reranker.arank("red", documents, 1)) == reranker.rank("red", documents, 1)
    np.testing.assert_array_equal(asyncio.run(reranker.ascore(pairs)), reranker.score(pairs))


def test_what_it_supports():
    reranker = dual(modalities=("text", "image"), mixes=False)
    assert reranker.supports(("text", "image"))  # a pair, not a mixed item
    assert reranker.supports("text")
    assert not reranker.supports(("text", "audio"))
    assert not cross(modalities=("text",)).supports(("text", "image"))


def test_handles_are_values():
    reranker = Reranker("any/model")
    expected = reranker.rank("red", ["blue", "red"])
    for twin in (copy.deepcopy(reranker), pickle.loads(pickle.dumps(reranker))):  # noqa: S301  # written by this test
        assert twin.rank("red", ["blue", "red"]) == expected


def test_what_is_no_list_of_documents_or_pairs_is_refused(make):
    with pytest.raises(InputError, match="rank takes a list of documents, got a single str"):
        make().rank("query", "document")
    with pytest.raises(InputError, match="list of \\(query, document\\) pairs, got 'query'"):
        make().score(("query", "document"))
    with pytest.raises(InputError, match="errors='skip'"):
        make().rank("query", ["document"], errors="skip")


def test_an_error_of_the_query_is_about_no_document(make, tmp_path):
    for query in (Image(tmp_path / "nope.png"), "half \ud800"):
        with pytest.raises(MedialensError, match="the query:") as caught:
            make().rank(query, [RED, BLUE])
        assert (caught.value.index, caught.value.side) == (None, "query")
        result = make().rank(query, [RED, BLUE], errors="return")
        assert {at: error.index for at, error in result.errors.items()} == {0: 0, 1: 1}

    with pytest.raises(MedialensError) as caught:
        make().rank("a red thing", [RED, Image(tmp_path / "nope.png")])
    assert caught.value.index == 1
    assert "the query:" not in str(caught.value)


@pytest.mark.parametrize("top_n", [1.5, "2", True, math.nan, [1]])
def test_a_count_that_is_no_whole_number(make, top_n):
    with pytest.raises(InputError, match="top_n="):
        make().rank("red", [RED], top_n=top_n)
    assert len(make().rank("red", [RED, BLUE], top_n=np.int64(1))) == 1
