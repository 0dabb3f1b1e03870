"""Prompts are what Sentence Transformers renders and transformers tokenises; positions are transformers'."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.models.architectures.qwen3_vl.forward.samples import reference
from tests.models.architectures.qwen3_vl.prompts.prompt_cases import CLIP, EMBEDDED, IMAGE, LONG, PAIRS, TALL, Case
from tests.models.architectures.qwen3_vl.prompts.readers import items, looking, reader_of, tokenizer_of
from tests.tiny_qwen import CONTROLS

from medialens.errors import InputError
from medialens.inputs import Text, Turn
from medialens.media.decoded import DecodedItem

RECORDED = Path(__file__).parents[3] / "recorded"
CASES = {"qwen3_vl_embedder": ("embed", EMBEDDED), "qwen3_vl_reranker": ("score", PAIRS)}


@pytest.mark.parametrize(
    ("name", "task", "case"),
    [
        pytest.param(name, task, case, id=f"{name}-{case.name}")
        for name, (task, cases) in CASES.items()
        for case in cases
    ],
)
def test_prompts_are_those_of_the_reference(name, task, case, tiny_model):
    recorded = json.loads((RECORDED / f"prompts_{name}.json").read_text(encoding="utf-8"))["cases"][case.name]
    stills, clips = recorded["grids"]["image"], recorded["grids"]["video"]
    look = looking(stills, zip(clips, recorded["times"], strict=True))
    reader = reader_of(tiny_model(name), task)
    prompt = reader.read(items(case), case.instruction, look).prompt
    assert prompt.ids.tolist() == recorded["ids"]
    assert torch.equal(prompt.positions, positions_by_transformers(prompt.ids, reader.ids, stills, clips))
    assert sorted(visual.grid for visual in prompt.visuals) == sorted(map(tuple, [*stills, *clips]))


def positions_by_transformers(ids, tokens, stills, clips):
    kinds = (ids == tokens.image).long() + 2 * (ids == tokens.video).long()
    positions, _ = reference().get_rope_index(
        ids[None],
        kinds[None],
        image_grid_thw=torch.tensor(stills) if stills else None,
        video_grid_thw=torch.tensor(clips) if clips else None,
    )
    return positions[:, 0]


DOCUMENTS = [("a dog",), (":: a dog",), (LONG,), (IMAGE,), (CLIP,), (IMAGE, "a dog"), ("a dog", IMAGE)]
QUERIES = [("a dog",), (LONG * 5,), (IMAGE,), ("like", IMAGE), (CLIP, "this")]
GRID = (1, 4, 4)


@pytest.fixture(scope="module")
def read_pair(tiny_model):
    reader = reader_of(tiny_model("qwen3_vl_reranker"), "score")
    look = lambda: looking([GRID] * 2, [((2, 4, 4), (0.0, 1.0))] * 2)  # noqa: E731  # one a prompt
    return lambda query, document: reader.read(items(Case("", (query, document))), "Judge.", look()).prompt


@pytest.mark.parametrize("query", QUERIES, ids=str)
def test_all_documents_of_a_query_share_its_beginning(query, read_pair):
    prompts = [read_pair(query, document) for document in DOCUMENTS]
    first = prompts[0]
    assert {prompt.prefix.key for prompt in prompts} == {first.prefix.key}
    for prompt in prompts:
        n = prompt.prefix.n_tokens
        assert (n, prompt.prefix.n_visuals) == (first.prefix.n_tokens, sum(not isinstance(part, str) for part in query))
        assert torch.equal(prompt.ids[:n], first.ids[:n])
        assert torch.equal(prompt.positions[:, :n], first.positions[:, :n])


def test_a_beginning_holds_the_query(read_pair, tiny_model):
    prompt = read_pair(("is the dog big?", IMAGE), ("a dog",))
    text = tokenizer_of(tiny_model("qwen3_vl_reranker")).decode(prompt.ids[: prompt.prefix.n_tokens])
    assert text.endswith("is the dog big?<|vision_start|>" + "<|image_pad|>" * 4 + "<|vision_end|>\n")


def test_other_queries_begin_in_other_ways(read_pair):
    keys = {read_pair(query, ("a dog",)).prefix.key for query in [*QUERIES, (TALL,)]}
    assert len(keys) == len(QUERIES) + 1  # two pictures of the same size are two


def test_blank_documents_share_no_beginning(read_pair):
    assert read_pair(("a dog",), ("",)).prefix is None


def test_items_that_are_embedded_share_no_beginning(tiny_model):
    reader = reader_of(tiny_model("qwen3_vl_embedder"), "embed")
    assert reader.read(items(Case("", (("a dog",),))), "", looking()).prompt.prefix is None


@given(texts=st.tuples(*[st.lists(st.sampled_from([*CONTROLS, "a", "\n"]), min_size=1).map("".join)] * 2))
def test_texts_add_no_control_tokens(texts, read_pair, tiny_model):
    special = torch.tensor(tokenizer_of(tiny_model("qwen3_vl_reranker")).all_special_ids)
    query, document = texts
    usual, hostile = read_pair((IMAGE, "x"), ("x",)), read_pair((IMAGE, query), (document,))
    usual, hostile = (ids[torch.isin(ids, special)].tolist() for ids in (usual.ids, hostile.ids))
    assert usual == hostile


def test_a_pair_knows_no_assistant(tiny_model):
    reader = reader_of(tiny_model("qwen3_vl_reranker"), "score")
    said = DecodedItem((Text("x"),), (Turn("assistant", 1),))
    with pytest.raises(
        InputError, match="the document of a pair is said by 'user' or 'document', got the role 'assist"
    ):
        reader.read((DecodedItem((Text("x"),)), said), "", looking())
