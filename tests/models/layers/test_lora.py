"""Adapters: what they do beside the layers, merged into them."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.adapters import applied, pair, write_adapter
from torch import nn
from transformers import AutoModel

from medialens import Encoder, Reranker
from medialens.errors import IncompleteRepositoryError, RepositoryError, UntrustedCodeError
from medialens.hub.adapter import Adapter
from medialens.hub.manifest import read_manifest
from medialens.hub.repository import open_repository
from medialens.models.layers.lora import merge_adapter
from medialens.models.loading import ModelSpec, load_model

TARGETS = ("query", "value", "output.dense")
TEXTS = ["a red circle", "the big cat on the left"]


def adapter_of(folder, base):
    settings = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    return Adapter(
        repository=open_repository(folder), path="", settings=settings, base=read_manifest(open_repository(base))
    )


def difference(model, base, inputs):
    with torch.no_grad():
        return model(**inputs).last_hidden_state - base(**inputs).last_hidden_state


@pytest.mark.parametrize(
    ("settings", "scale"),
    [
        ({}, 2.0),
        ({"use_rslora": True}, 4.0),
        ({"lora_alpha": 16, "init_lora_weights": "gaussian", "use_dora": False}, 4.0),
    ],
)
def test_a_merged_adapter_does_what_it_does_beside_the_layers(tiny_bert, tmp_path, settings, scale):
    base, merged = (AutoModel.from_pretrained(tiny_bert) for _ in range(2))
    folder = write_adapter(tmp_path / "a", tiny_bert, base, TARGETS, **settings)
    merge_adapter(merged, adapter_of(folder, tiny_bert))
    inputs = {"input_ids": torch.tensor([[2, 7, 9, 12, 3]])}
    with torch.no_grad(), applied(base, TARGETS, scale):
        wanted = base(**inputs).last_hidden_state
    torch.testing.assert_close(merged(**inputs).last_hidden_state, wanted, atol=2e-6, rtol=1e-5)
    assert difference(merged, base, inputs).abs().max() > 0.1


def test_each_layer_may_have_its_own_alpha(tiny_bert, tmp_path):
    base, merged = (AutoModel.from_pretrained(tiny_bert) for _ in range(2))
    folder = write_adapter(
        tmp_path / "a", tiny_bert, base, ("query",), alpha_pattern={"layer.1.attention.self.query": 20}
    )
    merge_adapter(merged, adapter_of(folder, tiny_bert))
    inputs = {"input_ids": torch.tensor([[2, 7, 9, 12, 3]])}
    scales = {f"encoder.layer.{at}.attention.self.query": scale for at, scale in ((0, 2.0), (1, 5.0))}
    with torch.no_grad(), applied(base, ("query",), scales):
        wanted = base(**inputs).last_hidden_state
    torch.testing.assert_close(merged(**inputs).last_hidden_state, wanted, atol=2e-6, rtol=1e-5)


class Small(nn.Module):
    """One of each kind of layer that an adapter may change."""

    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(5, 3)
        self.conv = nn.Conv3d(2, 4, (1, 2, 2))
        self.head = nn.Linear(3, 2)


def test_tables_convolutions_and_whole_layers(tiny_bert, tmp_path):
    model = Small()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    weights = {
        "table.lora_embedding_A": torch.randn(2, 5),
        "table.lora_embedding_B": torch.randn(3, 2),
        "conv.lora_A.weight": torch.randn(2, 2, 1, 2, 2),
        "conv.lora_B.weight": torch.randn(4, 2, 1, 1, 1),
        "head.weight": torch.randn(2, 3),
        "head.bias": torch.randn(2),
    }
    folder = write_adapter(tmp_path / "a", tiny_bert, nn.Module(), (), lora_alpha=6, modules_to_save=["head"])
    save_file(
        {f"base_model.model.{key}": value for key, value in weights.items()}, folder / "adapter_model.safetensors"
    )
    merge_adapter(model, adapter_of(folder, tiny_bert))

    rows = torch.tensor([1, 4])
    looked_up = (
        before["table.weight"][rows]
        + 3 * weights["table.lora_embedding_A"].T[rows] @ weights["table.lora_embedding_B"].T
    )
    torch.testing.assert_close(model.table(rows), looked_up)
    given = torch.randn(1, 2, 3, 4, 4)
    beside = nn.functional.conv3d(
        nn.functional.conv3d(given, weights["conv.lora_A.weight"]), weights["conv.lora_B.weight"]
    )
    plain = nn.functional.conv3d(given, before["conv.weight"], before["conv.bias"])
    torch.testing.assert_close(model.conv(given), plain + 3 * beside, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(model.head.weight.data, weights["head.weight"])
    torch.testing.assert_close(model.head.bias.data, weights["head.bias"])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"use_dora": True}, "use_dora=True"),
        ({"peft_type": "IA3"}, "peft_type='IA3'"),
        ({"init_lora_weights": "pissa"}, "init_lora_weights='pissa'"),
        ({"trainable_token_indices": [3]}, "trainable_token_indices"),
        ({"lora_bias": True}, "lora_bias=True"),
    ],
)
def test_what_cannot_be_merged_is_refused(tiny_bert, tmp_path, settings, message):
    base = AutoModel.from_pretrained(tiny_bert)
    folder = write_adapter(tmp_path / "a", tiny_bert, base, TARGETS, **settings)
    with pytest.raises(RepositoryError, match=message):
        merge_adapter(base, adapter_of(folder, tiny_bert))


def test_an_adapter_of_another_model_is_refused(tiny_bert, tmp_path):
    base = AutoModel.from_pretrained(tiny_bert)
    folder = write_adapter(tmp_path / "a", tiny_bert, base, TARGETS, prefix="other.")
    with pytest.raises(RepositoryError, match=r"other\.encoder.* which its base model does not have"):
        merge_adapter(base, adapter_of(folder, tiny_bert))
    folder = write_adapter(
        tmp_path / "b", tiny_bert, nn.ModuleDict({"pooler": nn.ModuleDict({"dense": nn.Linear(5, 5)})}), ("dense",)
    )
    with pytest.raises(RepositoryError, match=r"pooler\.dense\.weight of the adapter does not fit"):
        merge_adapter(base, adapter_of(folder, tiny_bert))


def test_half_a_pair_is_refused(tiny_bert, tmp_path):
    base = AutoModel.from_pretrained(tiny_bert)
    folder = write_adapter(tmp_path / "a", tiny_bert, base, TARGETS)
    weights = load_file(folder / "adapter_model.safetensors")
    del weights["base_model.model.encoder.layer.0.attention.self.query.lora_B.weight"]
    save_file(weights, folder / "adapter_model.safetensors")
    with pytest.raises(IncompleteRepositoryError, match="no counterpart"):
        merge_adapter(base, adapter_of(folder, tiny_bert))


# --- repositories ------------------------------------------------------------------------------------------------


def wanted_vectors(base):
    """Of Sentence Transformers' modules over the model with the adapter beside: mean pooling, unit length."""
    encoder = Encoder(base, device="cpu")
    model = load_model(ModelSpec(repository=str(base), device="cpu"))
    with applied(model.backbone, TARGETS, 2.0):
        rows = [model.forward(model.collate([_prepared(model, text)])) for text in TEXTS]
    assert encoder.dimension == rows[0].shape[1]
    return torch.cat(rows).numpy()


def _prepared(model, text):
    from medialens.inputs import Text
    from medialens.media.decoded import DecodedItem

    return model.prepare((DecodedItem((Text(text),)),), instruction="")


def test_an_adapter_folder_of_peft_loads_as_its_base_changed(tiny_bert, tmp_path):
    folder = write_adapter(tmp_path / "a", tiny_bert, AutoModel.from_pretrained(tiny_bert), TARGETS)
    vectors = Encoder(folder, device="cpu").encode(TEXTS)
    np.testing.assert_allclose(vectors, wanted_vectors(tiny_bert), atol=2e-6)


def test_an_adapter_of_sentence_transformers_brings_its_own_modules(tiny_bert, tmp_path):
    folder = tmp_path / "a"
    shutil.copytree(tiny_bert, folder)
    (folder / "config.json").unlink()
    (folder / "model.safetensors").unlink()
    write_adapter(folder, tiny_bert, AutoModel.from_pretrained(tiny_bert), TARGETS)
    rows = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
    (folder / "modules.json").write_text(json.dumps(rows[:2]), encoding="utf-8")  # no unit length
    vectors = Encoder(folder, device="cpu").encode(TEXTS)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    assert (abs(lengths - 1) > 1e-3).all()
    np.testing.assert_allclose(vectors / lengths, wanted_vectors(tiny_bert), atol=2e-6)


def test_the_adapter_is_part_of_the_identity(tiny_bert, tmp_path):
    model = AutoModel.from_pretrained(tiny_bert)
    folders = [tiny_bert, *(write_adapter(tmp_path / name, tiny_bert, model, (name,)) for name in ("query", "value"))]
    identities = {load_model(ModelSpec(repository=str(folder), device="cpu")).identity for folder in folders}
    assert len(identities) == 3


def test_a_reranker_with_an_adapter(tiny_model, tmp_path):
    from transformers import AutoModelForSequenceClassification

    base = tiny_model("cross_encoder")
    model = AutoModelForSequenceClassification.from_pretrained(base)
    folder = write_adapter(tmp_path / "a", base, model, TARGETS)
    changed, plain = (Reranker(each, device="cpu").score([("a cat", "a dog")])[0] for each in (folder, base))
    assert abs(changed - plain) > 1e-3


@pytest.mark.parametrize("break_it", ["weights", "base", "pickled", "nested"])
def test_broken_adapters_say_what_is_missing(tiny_bert, tmp_path, break_it):
    folder = write_adapter(tmp_path / "a", tiny_bert, AutoModel.from_pretrained(tiny_bert), TARGETS)
    if break_it == "weights":
        (folder / "adapter_model.safetensors").unlink()
        error, message = IncompleteRepositoryError, "no adapter_model.safetensors"
    elif break_it == "pickled":
        (folder / "adapter_model.safetensors").rename(folder / "adapter_model.bin")
        error, message = UntrustedCodeError, "pickled adapter"
    elif break_it == "base":
        (folder / "adapter_config.json").write_text('{"peft_type": "LORA"}', encoding="utf-8")
        error, message = RepositoryError, "base_model_name_or_path=None"
    else:
        folder = write_adapter(tmp_path / "b", folder, nn.Module(), ())
        error, message = IncompleteRepositoryError, "no config.json"
    with pytest.raises(error, match=message):
        load_model(ModelSpec(repository=str(folder), device="cpu"))


@pytest.mark.parametrize("prefix", ["", "model."])
def test_an_adapter_of_the_generating_model_fits_the_model_inside(tiny_model, tmp_path, prefix):
    base = tiny_model("qwen3_vl_embedder")
    backbone = AutoModel.from_pretrained(base)
    folder = write_adapter(tmp_path / "a", base, backbone, ("q_proj", "mlp.linear_fc1"), prefix=prefix)
    network = load_model(ModelSpec(repository=str(folder), device="cpu")).network
    layer, block = backbone.language_model.layers[1].self_attn.q_proj, backbone.visual.blocks[0].mlp.linear_fc1
    for name, module, merged in (
        ("language_model.layers.1.self_attn.q_proj", layer, network.language.layers[1].qkv.weight[: len(layer.weight)]),
        ("visual.blocks.0.mlp.linear_fc1", block, network.tower.blocks[0].up.weight),
    ):
        a, b = pair(name, module)
        torch.testing.assert_close(merged, module.weight.data + 2 * b @ a, atol=1e-6, rtol=1e-5)
