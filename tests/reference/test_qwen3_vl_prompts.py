"""The prompts that the offline tests compare with are still those of Sentence Transformers."""

from __future__ import annotations

import json

import pytest


@pytest.mark.parametrize("name", ["qwen3_vl_embedder", "qwen3_vl_reranker"])
def test_recorded_prompts_are_current(name, tiny_model):
    from tests.reference import qwen_prompts, record

    recorded = json.loads((record.TARGET / f"prompts_{name}.json").read_text(encoding="utf-8"))
    assert qwen_prompts.record_prompts(name, tiny_model(name)) == recorded["cases"]
