"""From a spec to a model: identity, overrides, dtypes, and repositories that are not whole."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tests import tiny
from tests.models.samples import PICTURES
from tests.running import embed, item, load, score

from medialens.errors import IncompleteRepositoryError, InputError, RepositoryError, RepositoryNotFoundError
from medialens.models.catalogue import EMBEDDED, find_embedded
from medialens.models.loading import ModelSpec, load_model
from medialens.models.placement import cpu_computes_bfloat16

EVERY = [*tiny.DUAL_ENCODERS, *tiny.TEXT_ENCODERS, *tiny.CROSS_ENCODERS]


@pytest.mark.parametrize("name", EVERY)
def test_round_trip(name, tiny_model, tmp_path):
    """The same files elsewhere are the same model: same identity, same recipe, same numbers."""
    task = "score" if name in tiny.CROSS_ENCODERS else "embed"
    copied = shutil.copytree(tiny_model(name), tmp_path / "elsewhere")

    first, second = load(tiny_model(name), task=task), load(copied, task=task)

    assert first.identity == second.identity
    assert first.recipe == second.recipe
    assert first.placement.device == torch.device("cpu")
    assert first.placement.dtype == torch.float32
    if task == "score":
        assert score(first, [("a", "dog")]) == score(second, [("a", "dog")])
    else:
        assert (embed(first, [item("a dog")]) == embed(second, [item("a dog")])).all()


def test_identity_changes_with_the_weights_and_the_overrides(tmp_path):
    folder = tiny.clip(tmp_path / "model")
    before = load(folder).identity
    assert load(folder, model_kwargs={"output_attentions": False}).identity != before

    weights = load_file(folder / "model.safetensors")
    weights["text_projection.weight"][0, 0] += 1e-3
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})

    assert load(folder).identity != before


def test_model_kwargs_reach_transformers(tiny_bert):
    eager = load(tiny_bert, model_kwargs={"attn_implementation": "eager"})

    assert eager.placement.attention == "eager"
    assert load(tiny_bert).placement.attention == "sdpa"
    assert load(tiny_bert, attention="eager").placement.attention == "eager"
    np.testing.assert_allclose(
        embed(eager, [item("a dog")]), embed(load(tiny_bert), [item("a dog")]), rtol=0, atol=5e-6
    )


def test_tokenizer_kwargs(tiny_bert):
    assert load(tiny_bert, processor_kwargs={"model_max_length": 11}).recipe.max_tokens == 11


@pytest.mark.skipif(not cpu_computes_bfloat16(), reason="needs a CPU that computes in bfloat16")
@pytest.mark.parametrize("name", ["clip", "siglip2_naflex", "bert_embedder"])
def test_bfloat16_when_asked_for(name, tiny_model):
    """The last pooling step and the length are fp32: a vector's length is 1 to fp32's precision."""
    model, exact = load(tiny_model(name), dtype="bfloat16"), load(tiny_model(name))

    vector = embed(model, [item("a red circle")])

    assert model.placement.dtype == torch.bfloat16
    assert model.identity != exact.identity
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose(vector, embed(exact, [item("a red circle")]), rtol=0, atol=0.05)


def test_weights_in_half_precision_are_computed_in_single(tmp_path):
    folder = tiny.clip(tmp_path / "model")
    weights = {name: value.half() for name, value in load_file(folder / "model.safetensors").items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})

    model = load(folder)

    assert {parameter.dtype for parameter in model.towers.parameters()} == {torch.float32}
    assert np.linalg.norm(embed(model, [item(PICTURES[2])])) == pytest.approx(1, abs=1e-6)


def test_weights_of_another_model_are_not_filled_up_with_random_numbers(tmp_path):
    folder = tiny.clip(tmp_path / "model")
    weights = load_file(folder / "model.safetensors")
    del weights["text_projection.weight"], weights["vision_model.embeddings.patch_embedding.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})

    with pytest.raises(IncompleteRepositoryError, match=r"2 weights are missing.*text_projection") as caught:
        load(folder)
    assert "text_projection.weight" in caught.value.missing


def test_weights_of_another_shape(tmp_path):
    folder = tiny.clip(tmp_path / "model")
    tiny.edit_json(folder, "config.json", projection_dim=12)

    with pytest.raises(IncompleteRepositoryError, match=r"2 have another shape than config\.json says"):
        load(folder)


def test_half_downloaded(tmp_path):
    folder = tiny.clip(tmp_path / "model")
    (folder / "model.safetensors").unlink()

    with pytest.raises(IncompleteRepositoryError, match=r"no model\.safetensors"):
        load(folder)


def test_tokenizer_files_missing(tmp_path):
    folder = tiny.clip(tmp_path / "model")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).unlink()

    with pytest.raises(IncompleteRepositoryError, match=r"no tokenizer\.json or other vocabulary"):
        load(folder)


def test_dense_weights_that_do_not_fit_their_config(tmp_path):
    folder = tiny.bert_embedder(tmp_path / "model", dense=7)
    tiny.edit_json(folder / "2_Dense", "config.json", out_features=8)

    with pytest.raises(IncompleteRepositoryError, match=r"promises a weight of shape \(8, 32\), found \(7, 32\)"):
        load(folder)


def test_unknown_activation_of_a_dense_module(tmp_path):
    folder = tiny.bert_embedder(tmp_path / "model", dense=7)
    tiny.edit_json(folder / "2_Dense", "config.json", activation_function="os.system")

    with pytest.raises(RepositoryError, match=r"'os\.system' is not known"):
        load(folder)


def test_pickled_weights_when_asked_for(tmp_path, tiny_bert):
    """Tries the remedy that the error offers."""
    folder = shutil.copytree(tiny_bert, tmp_path / "model")
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()

    model = load(folder, model_kwargs={"use_safetensors": False})

    assert (embed(model, [item("a dog")]) == embed(load(tiny_bert), [item("a dog")])).all()


def test_neither_folder_nor_repository(tmp_path):
    with pytest.raises(RepositoryNotFoundError, match="no folder"):
        load_model(ModelSpec(repository=str(tmp_path / "missing")))


def test_a_picture_folder_is_no_repository(tmp_path):
    (tmp_path / "cat.png").write_bytes(b"")

    with pytest.raises(IncompleteRepositoryError, match=r"holds cat\.png"):
        load_model(ModelSpec(repository=str(tmp_path)))


def test_embedded_models_are_found_by_name():
    assert find_embedded("some/model") is None
    assert find_embedded("./demo") is None
    assert set(EMBEDDED) == {"demo", "demo-reranker"}


def test_loading_leaves_transformers_progress_bar_as_it_was(tiny_bert):
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    load(tiny_bert)
    assert logging.is_progress_bar_enabled() == shown


class TestSpec:
    def test_equal_specs_are_one_key(self):
        one = ModelSpec(repository="a/b", model_kwargs={"x": 1}, device="cpu")
        same = ModelSpec(repository="a/b", model_kwargs={"x": 1}, device=torch.device("cpu"))

        assert one == same
        assert len({one, same, ModelSpec(repository="a/b", model_kwargs={"x": 2}, device="cpu")}) == 2

    def test_takes_paths_and_dtypes(self, tmp_path):
        spec = ModelSpec(repository=tmp_path, dtype=torch.float32, cache_folder=tmp_path)

        assert spec.repository == str(tmp_path)
        assert spec.dtype == "torch.float32"

    def test_hides_the_token(self):
        secret = "hf_" + "x" * 20
        assert secret not in repr(ModelSpec(repository="a/b", token=secret))

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"repository": ""}, "empty"),
            ({"fusion": "mean"}, "expected 'sum'"),
            ({"max_tokens": 0}, "at least 1"),
            ({"model_kwargs": {"trust_remote_code": True}}, "pass trust_remote_code="),
            ({"model_kwargs": {"dtype": "float16"}}, "pass dtype="),
            ({"model_kwargs": {"device_map": "auto"}}, "pass device="),
        ],
    )
    def test_says_what_is_wrong(self, wrong, said):
        with pytest.raises(InputError, match=said):
            ModelSpec(**{"repository": "a/b", **wrong})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"text_config": 5}, "text_config"),
        ({"vision_config": {**tiny.VISION, "patch_size": 0}}, "cannot be loaded|cannot load it"),
        ({"projection_dim": -3}, "negative dimension"),
        ({"projection_dim": 10**15}, "allocate"),
    ],
)
def test_a_config_that_contradicts_itself_is_an_error_of_its_repository(change, said, tmp_path):
    folder = tiny.clip(tmp_path / "model")
    tiny.edit_json(folder, "config.json", **change)

    with pytest.raises(RepositoryError, match=said) as caught:
        load(folder)

    assert str(folder) in str(caught.value)


@pytest.mark.parametrize("change", [{"dtype": "F99"}, {"shape": [10**12]}, {"shape": [-1]}])
def test_weights_with_a_lying_header_are_an_error_of_their_repository(change, tmp_path):
    folder = tiny.bert(tmp_path / "model")
    content = (folder / "model.safetensors").read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    next(entry for name, entry in header.items() if name != "__metadata__").update(change)
    lying = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(len(lying).to_bytes(8, "little") + lying + content[8 + length :])

    with pytest.raises(RepositoryError, match="cannot be loaded"):
        load(folder)


@pytest.mark.parametrize(
    "nonsense",
    [
        {"max_tokens": "7"},
        {"max_tokens": 1.5},
        {"model_kwargs": "abc"},
        {"model_kwargs": {5: 6}},
        {"processor_kwargs": [1]},
        {"attention": 5},
        {"model_kwargs": {"torch_dtype": "float16"}},
    ],
)
def test_nonsense_is_refused_before_anything_is_loaded(nonsense):
    with pytest.raises(InputError, match=next(iter(nonsense))):
        ModelSpec(repository="m", **nonsense)
