"""What repositories say about themselves, in old and new spellings."""

from __future__ import annotations

import pytest
from tests import tiny

from medialens.errors import IncompleteRepositoryError, RepositoryError
from medialens.hub.manifest import Manifest, read_manifest
from medialens.hub.modules import module_kind
from medialens.hub.repository import open_repository


def manifest(folder) -> Manifest:
    return read_manifest(open_repository(folder))


def test_sentence_transformers_layout(tiny_bert):
    said = manifest(tiny_bert)

    assert said.model_type == "bert"
    assert said.architectures == ("BertModel",)
    assert said.kinds == ("Transformer", "Pooling", "Normalize")
    assert dict(said.prompts) == {"query": "query: ", "document": "passage: "}
    assert said.similarity == "cosine"
    assert said.saved_as == "SentenceTransformer"
    assert said.transformer["max_seq_length"] == 48
    assert said.weight_folders == ("",)


def test_plain_transformers_layout(tiny_clip):
    said = manifest(tiny_clip)

    assert said.modules == ()
    assert said.saved_as == ""
    assert said.image_processor["image_processor_type"] == "CLIPImageProcessor"


def test_legacy_folders(tiny_model):
    clip, text = manifest(tiny_model("clip_st_legacy")), manifest(tiny_model("bert_embedder_legacy"))

    assert clip.folder.name == "0_CLIPModel"
    assert clip.weight_folders == ("0_CLIPModel",)
    assert clip.image_processor["size"] == {"shortest_edge": 32}
    assert text.folder.name == "0_Transformer"
    assert text.transformer == {"max_seq_length": 12, "do_lower_case": True}


def test_processor_config_of_transformers_5(tiny_model):
    assert manifest(tiny_model("chinese_clip")).image_processor["image_processor_type"] == "ChineseCLIPImageProcessor"


@pytest.mark.parametrize("name", ["clap", "clap_st"])
def test_the_feature_extractor_in_either_place(name, tiny_model):
    assert manifest(tiny_model(name)).feature_extractor["feature_extractor_type"] == "ClapFeatureExtractor"


def test_dense_modules_hold_weights(tmp_path):
    assert manifest(tiny.bert_embedder(tmp_path / "m", dense=7)).weight_folders == ("", "2_Dense")


@pytest.mark.parametrize(
    ("spelled", "kind"),
    [
        ("sentence_transformers.models.Transformer", "Transformer"),
        ("sentence_transformers.models.Transformer.Transformer", "Transformer"),
        ("sentence_transformers.base.modules.transformer.Transformer", "Transformer"),
        ("sentence_transformers.models.CLIPModel", "CLIPModel"),
        ("sentence_transformers.sentence_transformer.modules.clip_model.CLIPModel", "CLIPModel"),
        ("sentence_transformers.sentence_transformer.modules.pooling.Pooling", "Pooling"),
        ("sentence_transformers.sentence_transformer.modules.normalize.Normalize", "Normalize"),
        ("sentence_transformers.base.modules.normalize.Normalize", "Normalize"),
        ("pylate.models.Dense.Dense", "Dense"),
        ("bge_vl_clip_transformer.BGEVLCLIPTransformer", "BGEVLCLIPTransformer"),
        ("sentence_transformers.models.Unheard", ""),
        ("sentence_transformers_evil.models.Transformer", ""),
        ("os.Transformer", ""),
        ("Transformer", ""),
    ],
)
def test_module_kinds(spelled, kind):
    assert module_kind(spelled) == kind


@pytest.mark.parametrize("path", ["../elsewhere", "/etc", "a/../../b", "..\\up", "C:\\x"])
def test_modules_stay_inside_the_repository(tmp_path, path):
    folder = tiny.bert_embedder(tmp_path / "model")
    tiny.write_json(folder, "modules.json", [{"type": "sentence_transformers.models.Pooling", "path": path}])

    with pytest.raises(RepositoryError, match="outside the repository"):
        manifest(folder)


def test_module_folder_that_is_not_there(tmp_path):
    folder = tiny.bert_embedder(tmp_path / "model")
    (folder / "1_Pooling" / "config.json").unlink()
    (folder / "1_Pooling").rmdir()

    with pytest.raises(IncompleteRepositoryError, match="'1_Pooling'") as caught:
        manifest(folder)
    assert caught.value.missing == ("1_Pooling",)


@pytest.mark.parametrize("rows", [[{"path": "x"}], ["x"], 3])
def test_modules_json_of_another_shape(tmp_path, rows):
    folder = tiny.bert_embedder(tmp_path / "model")
    tiny.write_json(folder, "modules.json", rows)

    with pytest.raises(IncompleteRepositoryError, match=r"modules\.json"):
        manifest(folder)


def test_folder_without_config(tmp_path):
    (tmp_path / "cat.png").write_bytes(b"")

    with pytest.raises(IncompleteRepositoryError, match=r"no config\.json.*holds cat\.png"):
        manifest(tmp_path)


def test_pointer_instead_of_a_small_file(tmp_path):
    folder = tiny.bert_embedder(tmp_path / "model")
    (folder / "config.json").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")

    with pytest.raises(IncompleteRepositoryError, match="git lfs pull"):
        manifest(folder)


@pytest.mark.parametrize("content", ["5", '"x"', "[1]", "{", "[" * 100_000])
@pytest.mark.parametrize(
    "file", ["config.json", "config_sentence_transformers.json", "sentence_bert_config.json", "tokenizer_config.json"]
)
def test_a_settings_file_that_is_no_object_is_named(file, content, tmp_path):
    folder = tiny.bert_embedder(tmp_path / "model")
    (folder / file).write_text(content)

    with pytest.raises(IncompleteRepositoryError, match=file):
        manifest(folder)


@pytest.mark.parametrize("names", [5, "BertModel", [5]])
def test_nonsense_as_architectures_is_not_believed(names, tmp_path):
    folder = tiny.bert(tmp_path / "model")
    tiny.edit_json(folder, "config.json", architectures=names)

    assert "BertModel" not in manifest(folder).architectures
