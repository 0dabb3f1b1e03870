"""Which repositories are Qwen3-VL's, and what they say about themselves."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tests.models.architectures.qwen3_vl.prompts.readers import tokenizer_of
from tests.tiny import edit_json

from medialens.errors import RepositoryError
from medialens.hub.manifest import read_manifest
from medialens.hub.repository import open_repository
from medialens.models.architectures.qwen3_vl import FAMILY
from medialens.models.architectures.qwen3_vl._repo import (
    ScoreTokens,
    normalises,
    read_score_tokens,
    read_vision_ids,
    score_kind,
    wanted_tokens,
)


def manifest_of(folder):
    return read_manifest(open_repository(folder))


@pytest.fixture
def copy(tiny_model, tmp_path):
    return lambda name: Path(shutil.copytree(tiny_model(f"qwen3_vl_{name}"), tmp_path / name))


@pytest.mark.parametrize(
    ("name", "tasks"), [("plain", {"embed", "score"}), ("embedder", {"embed"}), ("reranker", {"score"})]
)
def test_repositories_do_what_they_were_made_for(name, tasks, tiny_model):
    manifest = manifest_of(tiny_model(f"qwen3_vl_{name}"))
    assert {task for task in ("embed", "score") if FAMILY.why_not(manifest, task) is None} == tasks


def test_other_tasks_are_pointed_to(tiny_model):
    assert "use Encoder" in FAMILY.why_not(manifest_of(tiny_model("qwen3_vl_embedder")), "score")
    assert "use Reranker" in FAMILY.why_not(manifest_of(tiny_model("qwen3_vl_reranker")), "embed")
    assert "model_type is 'clip'" in FAMILY.why_not(manifest_of(tiny_model("clip")), "embed")


@pytest.mark.parametrize(
    ("name", "file", "changes", "reason"),
    [
        ("embedder", "1_Pooling/config.json", {"pooling_mode": "mean"}, "expected lasttoken"),
        ("embedder", "sentence_bert_config.json", {"transformer_task": "fill-mask"}, "does fill-mask"),
        ("embedder", "sentence_bert_config.json", {"modality_config": {"text": {}}}, "expected chat messages"),
        ("reranker", "config_sentence_transformers.json", {"activation_fn": "os.system"}, "activation"),
        ("plain", "config.json", {"architectures": ["Qwen3VLModel"]}, "ForConditionalGeneration"),
    ],
)
def test_what_cannot_be_reproduced_is_refused(copy, name, file, changes, reason):
    folder = copy(name)
    edit_json(folder, file, **changes)
    assert reason in FAMILY.why_not(manifest_of(folder), "embed" if name == "embedder" else "score")


@pytest.mark.parametrize("path", ["1_LogitScores", "", "2_LogitScore"])
def test_a_misspelt_logit_score_is_looked_up(copy, path):
    folder = copy("reranker")
    modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
    modules[1]["path"] = path
    (folder / "modules.json").write_text(json.dumps(modules), encoding="utf-8")
    manifest, tokenizer = manifest_of(folder), tokenizer_of(folder)
    assert FAMILY.why_not(manifest, "score") is None
    yes, no = (tokenizer.convert_tokens_to_ids(token) for token in ("yes", "no"))
    assert read_score_tokens(manifest, tokenizer) == ScoreTokens(yes, no)


def test_score_tokens_are_the_repositorys(copy):
    folder = copy("reranker")
    edit_json(folder, "1_LogitScore/config.json", true_token_id=7, false_token_id=None)
    assert read_score_tokens(manifest_of(folder), tokenizer_of(folder)) == ScoreTokens(7, None)


@pytest.mark.parametrize("changes", [{"true_token_id": -1}, {"false_token_id": -9}])
def test_score_tokens_that_are_none_are_told(copy, changes):
    folder = copy("reranker")
    edit_json(folder, "1_LogitScore/config.json", **changes)
    with pytest.raises(RepositoryError, match="expected ids of 0 and above"):
        read_score_tokens(manifest_of(folder), tokenizer_of(folder))


def test_no_score_tokens_are_told(tiny_model):
    class Without:
        unk_token_id = None

        def convert_tokens_to_ids(self, _):
            return None

    with pytest.raises(RepositoryError, match="no tokens 'yes' and 'no'"):
        read_score_tokens(manifest_of(tiny_model("qwen3_vl_plain")), Without())


def test_scores_are_of_the_repositorys_kind(tiny_model, copy):
    assert score_kind(manifest_of(tiny_model("qwen3_vl_reranker"))) == "logit"
    assert score_kind(manifest_of(tiny_model("qwen3_vl_plain"))) == "probability"
    folder = copy("reranker")
    edit_json(folder, "config_sentence_transformers.json", activation_fn="torch.nn.modules.activation.Sigmoid")
    assert score_kind(manifest_of(folder)) == "probability"


def test_vectors_have_unit_length_where_modules_say_so(tiny_model, copy):
    assert normalises(manifest_of(tiny_model("qwen3_vl_plain")))
    assert normalises(manifest_of(tiny_model("qwen3_vl_embedder")))
    folder = copy("embedder")
    modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
    (folder / "modules.json").write_text(json.dumps(modules[:2]), encoding="utf-8")
    assert not normalises(manifest_of(folder))


def test_lengths(tiny_model, copy):
    plain, embedder = manifest_of(tiny_model("qwen3_vl_plain")), copy("embedder")
    assert [wanted_tokens(plain, task, asked=None) for task in ("embed", "score")] == [8192, 10240]
    assert wanted_tokens(plain, "embed", asked=100) == 100
    assert wanted_tokens(manifest_of(embedder), "embed", asked=None) is None
    edit_json(embedder, "sentence_bert_config.json", max_seq_length=512)
    assert wanted_tokens(manifest_of(embedder), "embed", asked=None) == 512


def test_tokens_that_the_files_disagree_about_are_told(copy):
    folder = copy("plain")
    edit_json(folder, "config.json", image_token_id=3)
    with pytest.raises(RepositoryError, match="image_token_id 3"):
        read_vision_ids(manifest_of(folder), tokenizer_of(folder))
