"""Prompts are what Sentence Transformers renders and transformers tokenises; positions are transformers'."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from tests.models.architectures.qwen3_vl.prompt_cases import EMBEDDED, PAIRS
from tests.models.architectures.qwen3_vl.prompts import reference
from tests.models.architectures.qwen3_vl.reading import items, looking, reader_of

RECORDED = Path(__file__).parents[2] / "recorded"
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
