"""Recognition: by what the repository says, never by its name; refusals that say why."""

from __future__ import annotations

import pytest
from tests import tiny
from tests.running import load

from medialens.errors import UnknownFamilyError, UntrustedCodeError
from medialens.hub.manifest import read_manifest
from medialens.hub.repository import open_repository
from medialens.models import registry
from medialens.models.architectures import FAMILIES
from medialens.models.architectures.dual_encoder._repo import TOWERS
from medialens.models.family import Family
from medialens.models.registry import find_family


def find(folder, task="embed", **more):
    return find_family(read_manifest(open_repository(folder)), task, **more).name


@pytest.mark.parametrize("name", tiny.DUAL_ENCODERS)
def test_dual_encoders(name, tiny_model):
    assert find(tiny_model(name)) == find(tiny_model(name), "score") == "dual_encoder"


@pytest.mark.parametrize("name", tiny.TEXT_ENCODERS)
def test_text_encoders(name, tiny_model):
    assert find(tiny_model(name)) == "text_encoder"


@pytest.mark.parametrize("name", tiny.CROSS_ENCODERS)
def test_cross_encoders(name, tiny_model):
    assert find(tiny_model(name), "score") == "cross_encoder"


def test_the_name_of_the_folder_says_nothing(tmp_path):
    folder = tiny.bert_embedder(tmp_path / "clip-siglip-reranker-cross-encoder")

    assert find(folder) == "text_encoder"


def test_every_family_says_why_not(tmp_path):
    tiny.write_json(tmp_path / "new", "config.json", {"model_type": "acme", "architectures": ["AcmeModel"]})

    with pytest.raises(UnknownFamilyError) as caught:
        find(tmp_path / "new")

    name = str(tmp_path / "new")
    assert str(caught.value).splitlines() == [
        f"No model family recognises {name!r}.",
        "  qwen3_vl: model_type is 'acme', expected 'qwen3_vl'",
        f"  dual_encoder: model_type is 'acme', expected one of {', '.join(TOWERS)}",
        "  clap: model_type is 'acme', expected 'clap'",
        "  cross_attention: model_type is 'acme', expected 'medialens-cross-attention'",
        "  cross_encoder: its architecture is AcmeModel, expected one that ends in ForSequenceClassification",
        "  text_encoder: no modules.json, and model_type is 'acme', which is no plain text encoder",
        "To add a family, see docs/adding-a-model-family.md.",
    ]
    assert list(caught.value.reasons) == [family.name for family in FAMILIES]


@pytest.mark.parametrize(
    ("builder", "task", "reason"),
    [
        ("bert_embedder", "score", "it gives vectors, not scores of pairs; use Encoder"),
        ("cross_attention", "embed", "it scores pairs and gives no vectors; use Reranker"),
        ("cross_encoder", "embed", "it scores pairs and gives no vectors; use Reranker"),
    ],
)
def test_the_wrong_handle_is_named(builder, task, reason, tiny_model):
    with pytest.raises(UnknownFamilyError, match=reason):
        find(tiny_model(builder), task)


def test_dual_encoder_without_an_image_processor(tmp_path):
    folder = tiny.clip(tmp_path / "model")
    (folder / "preprocessor_config.json").unlink()

    with pytest.raises(UnknownFamilyError, match=r"dual_encoder: no preprocessor_config\.json"):
        find(folder)


def test_code_of_the_repository_needs_trust(tmp_path):
    folder = tiny.bert_embedder(tmp_path / "model")
    tiny.edit_json(folder, "config.json", model_type="acme", auto_map={"AutoModel": "modeling_acme.AcmeModel"})

    with pytest.raises(UntrustedCodeError, match="pass trust_remote_code=True") as caught:
        load(folder)
    assert caught.value.repository == str(folder)

    (folder / "modules.json").unlink()
    with pytest.raises(UntrustedCodeError, match="'acme'"):
        find(folder)
    with pytest.raises(UnknownFamilyError):
        find(folder, trust_remote_code=True)


def test_trusted_code_runs(tmp_path):
    """The remedy of the error above, tried."""
    folder = tiny.bert_embedder(tmp_path / "model")
    reference = load(folder)
    tiny.edit_json(
        folder,
        "config.json",
        model_type="acme",
        auto_map={"AutoConfig": "acme_code.AcmeConfig", "AutoModel": "acme_code.AcmeModel"},
    )
    tiny.edit_json(folder, "tokenizer_config.json", tokenizer_class="BertTokenizer")
    (folder / "acme_code.py").write_text(
        "from transformers import BertConfig, BertModel\n\n\n"
        "class AcmeConfig(BertConfig):\n    model_type = 'acme'\n\n\n"
        "class AcmeModel(BertModel):\n    config_class = AcmeConfig\n"
    )

    model = load(folder, trust_remote_code=True)

    assert model.recipe.dimension == reference.recipe.dimension
    assert type(model.backbone).__name__ == "AcmeModel"


def test_code_that_is_not_needed_does_not_run(tmp_path):
    folder = tiny.bge_vl(tmp_path / "model")
    (folder / "modeling_MMRet_CLIP.py").write_text("raise SystemExit('the code ran')\n")

    for trust in (False, True):
        assert type(load(folder, trust_remote_code=trust).towers).__module__.startswith("transformers.")


def test_module_classes_of_the_repository_never_run(tmp_path):
    folder = tiny.bert_embedder(tmp_path / "model")
    tiny.write_json(folder, "modules.json", [{"type": "acme_modules.Pooler", "path": ""}])

    with pytest.raises(UntrustedCodeError, match=r"acme_modules\.Pooler"):
        load(folder, trust_remote_code=True)


def test_newer_model_type_than_transformers_knows(tmp_path):
    folder = tiny.bert_embedder(tmp_path / "model")
    tiny.edit_json(folder, "config.json", model_type="bert-9000")

    with pytest.raises(UnknownFamilyError, match="has no model_type 'bert-9000'; a newer one may"):
        load(folder)


def test_families_of_other_packages_are_asked_last(tiny_clip, tmp_path, monkeypatch):
    class Entry:
        name = "acme"

        @staticmethod
        def load():
            return Family(name="acme", why_not=lambda manifest, task: None, load=lambda request: None)

    monkeypatch.setattr(registry, "entry_points", lambda *, group: [Entry] if group == "medialens.families" else [])
    registry.known_families.cache_clear()
    try:
        assert [family.name for family in registry.known_families()][-1] == "acme"
        assert find(tiny_clip) == "dual_encoder"
        assert find(tiny.cross_encoder(tmp_path / "scores")) == "acme"
    finally:
        registry.known_families.cache_clear()
