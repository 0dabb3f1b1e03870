"""Qwen3-VL through the public handles against Sentence Transformers and against transformers alone, in fp32.

Noise floor, measured on tiny models: the reference itself, one item at a time instead of all at once, moves by up to
2e-7 on vectors of length 1. The tolerance is 1e-5, absolute.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from tests.models.qwen_samples import INPUTS, LONG, MESSAGES, PAIRS, SMALL, WIDE, photo
from tests.reference import references
from tests.reference.references import predict

from medialens import Encoder, EngineConfig, Reranker
from medialens.engine.engine import Engine

ATOL = 1e-5


@pytest.fixture(scope="module")
def engine():
    with Engine(EngineConfig(vector_cache_bytes=0, score_cache_bytes=0)) as engine:
        yield engine


@pytest.fixture(scope="module")
def encoder(tiny_model, engine):
    return Encoder(tiny_model("qwen3_vl_embedder"), device="cpu", dtype="float32", engine=engine)


@pytest.fixture(scope="module")
def reranker(tiny_model, engine):
    return Reranker(tiny_model("qwen3_vl_reranker"), device="cpu", dtype="float32", engine=engine)


@pytest.fixture(scope="module")
def sentence_transformer(tiny_model):
    return references.sentence_transformer(tiny_model("qwen3_vl_embedder"))


@pytest.fixture(scope="module")
def cross_encoder(tiny_model):
    return references.cross_encoder(tiny_model("qwen3_vl_reranker"))


@pytest.mark.parametrize("name", INPUTS)
def test_every_kind_of_input(name, encoder, sentence_transformer):
    given = INPUTS[name]

    ours = encoder.encode([given])

    np.testing.assert_allclose(ours, sentence_transformer.encode([given]), rtol=0, atol=ATOL)


def test_all_kinds_in_one_call(encoder, sentence_transformer):
    given = list(INPUTS.values())

    together = encoder.encode(given)

    theirs = np.concatenate([sentence_transformer.encode([one]) for one in given])
    np.testing.assert_allclose(together, theirs, rtol=0, atol=ATOL)


@pytest.mark.parametrize("prompt", ["Represent the user's input.", "Find it ", " x"])
@pytest.mark.parametrize("name", ["text", "empty", "over the bound", "image and text", "clip and text"])
def test_instructions_are_their_prompts(name, prompt, encoder, sentence_transformer):
    given = INPUTS[name]

    ours = encoder.encode([given], instruction=prompt)

    np.testing.assert_allclose(ours, sentence_transformer.encode([given], prompt=prompt), rtol=0, atol=ATOL)


def test_roles_take_the_prompts_of_their_names(encoder, sentence_transformer, engine, tiny_model):
    prompts = {"query": "Find what is meant.", "document": "Represent this."}
    ours = Encoder(tiny_model("qwen3_vl_embedder"), device="cpu", dtype="float32", prompts=prompts, engine=engine)
    theirs = references.sentence_transformer(tiny_model("qwen3_vl_embedder"))
    theirs.prompts = prompts
    given = ["a red circle", "a dog"]

    np.testing.assert_allclose(ours.encode_queries(given), theirs.encode_query(given), rtol=0, atol=ATOL)
    np.testing.assert_allclose(ours.encode_documents(given), theirs.encode_document(given), rtol=0, atol=ATOL)


@pytest.mark.parametrize("name", MESSAGES)
def test_chat_messages(name, encoder, sentence_transformer):
    given = MESSAGES[name]

    ours = encoder.encode([given])

    np.testing.assert_allclose(ours, sentence_transformer.encode([given]), rtol=0, atol=ATOL)


def test_chat_messages_of_pairs(reranker, cross_encoder):
    """Theirs are one conversation; ours have a side each, in its own role or as what a user says."""
    query = [{"type": "image", "image": WIDE}, {"type": "text", "text": "a red circle"}]
    document = [{"type": "text", "text": "its caption"}, {"type": "image", "image": SMALL}]
    told = {"role": "system", "content": [{"type": "text", "text": "Judge it."}]}
    asked, found = {"role": "query", "content": query}, {"role": "document", "content": document}

    ours = reranker.score(
        [([asked], [found]), ([told, asked], [found]), ([{"role": "user", "content": query}], [found])]
    )

    bare, instructed = cross_encoder.predict([asked, found]), cross_encoder.predict([told, asked, found])
    np.testing.assert_allclose(ours, [bare, instructed, bare], rtol=0, atol=ATOL)


@pytest.mark.parametrize("name", PAIRS)
def test_every_kind_of_pair(name, reranker, cross_encoder):
    pair = PAIRS[name]

    ours = reranker.score([pair])

    assert reranker.score_kind == "logit"
    np.testing.assert_allclose(ours, predict(cross_encoder, [pair]), rtol=0, atol=ATOL)


@pytest.mark.parametrize("prompt", ["Judge the picture.", "Find it "])
def test_instructions_of_pairs(prompt, reranker, cross_encoder):
    pairs = [PAIRS[name] for name in ("texts", "image document", "mixed query")]

    ours = reranker.score(pairs, instruction=prompt)

    theirs = predict(cross_encoder, pairs, prompt=prompt)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=ATOL)
    assert np.abs(ours - reranker.score(pairs)).min() > 1e-4


@pytest.mark.parametrize("query", ["a red circle on the left", SMALL, {"image": WIDE, "text": "like this"}, LONG])
def test_rankings_with_a_shared_query(query, reranker, cross_encoder):
    """The beginning is computed once here, and with every pair there."""
    documents: list[Any] = ["a dog", "the red circle", LONG, WIDE, photo(50, 60), photo(70, 50, 3), SMALL]
    documents += [{"image": photo(40, 40, at), "text": f"page {at}"} for at in range(4)]

    ranked = reranker.rank(query, documents)

    theirs = predict(cross_encoder, [(query, document) for document in documents])
    ours = {one.index: one.score for one in ranked}
    np.testing.assert_allclose([ours[at] for at in range(len(documents))], theirs, rtol=0, atol=ATOL)
    assert [one.index for one in ranked] == np.argsort(-theirs, kind="stable").tolist()


def test_probabilities(reranker, cross_encoder, tiny_model, engine):
    pairs = [PAIRS["texts"], PAIRS["image document"]]
    ours = Reranker(
        tiny_model("qwen3_vl_reranker"), device="cpu", dtype="float32", score_kind="probability", engine=engine
    )

    theirs = predict(cross_encoder, pairs, activation_fn=torch.nn.Sigmoid())

    np.testing.assert_allclose(ours.score(pairs), theirs, rtol=0, atol=ATOL)


def test_a_file_is_looked_at_as_its_frames_are(tmp_path, encoder, sentence_transformer):
    """Frames by the rate at which they are shown; theirs are told it."""
    frames = [photo(48, 64, at) for at in range(15)]
    file = tmp_path / "film.png"
    frames[0].save(file, save_all=True, append_images=frames[1:], duration=200, loop=0)
    array = torch.stack([torch.from_numpy(np.array(frame)) for frame in frames]).permute(0, 3, 1, 2)

    ours = encoder.encode([{"video": str(file), "text": "a film"}])

    clip = {"array": array, "video_metadata": {"fps": 5.0, "total_num_frames": 15}}
    theirs = sentence_transformer.encode([{"video": clip, "text": "a film"}])
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=ATOL)


# --- transformers alone ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", INPUTS)
def test_a_plain_repository_embeds_as_the_authors_do(name, tiny_model, engine):
    folder = tiny_model("qwen3_vl_plain")
    ours = Encoder(folder, device="cpu", dtype="float32", engine=engine).encode([INPUTS[name]])

    theirs = references.qwen_vector(folder, INPUTS[name])

    np.testing.assert_allclose(ours[0], theirs, rtol=0, atol=ATOL)


@pytest.mark.parametrize(("given", "told"), [("Find the picture", "Find the picture."), (" Find it! ", "Find it!")])
def test_a_plain_repository_ends_instructions_with_punctuation(given, told, tiny_model, engine):
    folder = tiny_model("qwen3_vl_plain")
    ours = Encoder(folder, device="cpu", dtype="float32", engine=engine).encode(["a red circle"], instruction=given)

    np.testing.assert_allclose(ours[0], references.qwen_vector(folder, "a red circle", told), rtol=0, atol=ATOL)


@pytest.mark.parametrize("name", PAIRS)
def test_a_plain_repository_scores_as_the_authors_do(name, tiny_model, engine):
    folder = tiny_model("qwen3_vl_plain")
    ours = Reranker(folder, device="cpu", dtype="float32", engine=engine)

    scores = ours.score([PAIRS[name]])

    assert ours.score_kind == "probability"
    np.testing.assert_allclose(scores[0], references.qwen_probability(folder, *PAIRS[name]), rtol=0, atol=ATOL)


# --- how closely they look ---------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:Passing `min_pixels` and `max_pixels`:FutureWarning")  # what many users still pass
@pytest.mark.parametrize(
    "settings",
    [
        {"min_pixels": 9 * 32 * 32, "max_pixels": 20 * 32 * 32},
        {"size": {"shortest_edge": 9 * 32 * 32, "longest_edge": 20 * 32 * 32}},
        {"fps": 1.0, "max_frames": 6},
        {"min_frames": 8},
    ],
)
def test_processor_settings_are_theirs(settings, tiny_model, engine):
    from sentence_transformers import SentenceTransformer

    folder = tiny_model("qwen3_vl_embedder")
    ours = Encoder(folder, device="cpu", dtype="float32", processor_kwargs=settings, engine=engine)
    theirs = SentenceTransformer(str(folder), device="cpu", processor_kwargs=settings)

    for name in ("one pixel", "over the bound", "several images", "clip", "many frames"):
        vector = ours.encode([INPUTS[name]])
        np.testing.assert_allclose(vector, theirs.encode([INPUTS[name]]), rtol=0, atol=ATOL, err_msg=name)


def test_a_call_may_look_less_closely(tiny_model, encoder):
    from sentence_transformers import SentenceTransformer

    settings = {"size": {"shortest_edge": 4 * 32 * 32, "longest_edge": 20 * 32 * 32}}
    theirs = SentenceTransformer(str(tiny_model("qwen3_vl_embedder")), device="cpu", processor_kwargs=settings)
    given = [INPUTS["over the bound"], INPUTS["wide"]]

    ours = encoder.encode(given, max_pixels=20 * 32 * 32)

    np.testing.assert_allclose(ours, theirs.encode(given), rtol=0, atol=ATOL)
    assert np.abs(ours[0] - encoder.encode(given[0])).max() > 1e-3
