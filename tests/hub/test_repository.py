"""Folders, and the hub's own client against a hub on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.hub.fake_hub import COMMIT, FakeHub, serve

from medialens.errors import IncompleteRepositoryError, RepositoryNotFoundError
from medialens.hub.repository import open_repository

# Reads calls from stdin, prints what each gave. A process of its own, because huggingface_hub reads its endpoint
# and its offline switch once, at import.
_CLIENT = """
import json, sys
from medialens.errors import MedialensError
from medialens.hub.repository import open_repository
for line in sys.stdin:
    call = json.loads(line)
    fetch = call.pop("fetch", False)
    try:
        repository = open_repository(call.pop("name"), **call)
        weights = [file.name for file in repository.fetch_weights()] if fetch else None
        print(json.dumps({"revision": repository.revision, "folder": str(repository.folder), "weights": weights,
                          "config": repository.read_json("config.json")}))
    except MedialensError as error:
        print(json.dumps({"error": type(error).__name__, "message": str(error)}))
"""


@pytest.fixture(scope="module")
def hub(tiny_model, tmp_path_factory):
    folder = tiny_model("bert_embedder")
    config_only = tmp_path_factory.mktemp("hub") / "config-only"
    config_only.mkdir()
    (config_only / "config.json").write_text('{"model_type": "bert"}')
    names = ("acme/tiny", "acme/gated", "sentence-transformers/short", "cross-encoder/short")
    repositories = {**dict.fromkeys(names, folder), "acme/config-only": config_only}
    with serve(FakeHub(repositories, gated=frozenset({"acme/gated"}))) as running:
        yield running


@pytest.fixture
def ask(hub, tmp_path):
    def ask(*calls: dict[str, Any], offline: bool = False) -> list[dict[str, Any]]:
        environment = {**os.environ, "HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "0"}
        environment |= {"HF_HUB_DISABLE_TELEMETRY": "1", "NO_PROXY": "127.0.0.1"}
        environment |= {"HF_HUB_OFFLINE": "1"} if offline else {}
        done = subprocess.run(  # our own script
            [sys.executable, "-W", "error", "-c", _CLIENT],
            input="\n".join(map(json.dumps, calls)),
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return [json.loads(line) for line in done.stdout.splitlines()]

    return ask


def test_small_files_come_first_and_weights_when_asked(ask, hub):
    hub.asked.clear()

    (opened,) = ask({"name": "acme/tiny"})
    small = list(hub.asked)
    (fetched,) = ask({"name": "acme/tiny", "fetch": True})

    assert opened["revision"] == fetched["revision"] == COMMIT
    assert opened["config"]["model_type"] == "bert"
    assert "acme/tiny/modules.json" in small
    assert "acme/tiny/1_Pooling/config.json" in small
    assert not [path for path in small if path.endswith((".safetensors", ".bin"))]
    assert hub.asked[len(small) :] == ["acme/tiny/model.safetensors"]
    assert fetched["weights"] == ["model.safetensors"]


def test_what_is_in_the_cache_needs_no_network(ask):
    online, elsewhere = ask({"name": "acme/tiny", "fetch": True}, {"name": "acme/tiny", "local_files_only": True})

    again, absent, incomplete = ask(
        {"name": "acme/tiny", "fetch": True},
        {"name": "acme/never-seen"},
        {"name": "sentence-transformers/short"},
        offline=True,
    )

    assert elsewhere["folder"] == online["folder"] == again["folder"]
    assert again["weights"] == ["model.safetensors"]
    for error in (absent, incomplete):
        assert error["error"] == "RepositoryNotFoundError"
        assert "not in the cache" in error["message"]


def test_only_small_files_in_the_cache_is_incomplete(ask):
    ask({"name": "acme/tiny"})

    (error,) = ask({"name": "acme/tiny", "fetch": True}, offline=True)

    assert error["error"] == "IncompleteRepositoryError"
    assert "only its small files are in the cache" in error["message"]


def test_short_names_get_an_organisation(ask, hub):
    hub.asked.clear()

    embedder, scorer = ask({"name": "short"}, {"name": "short", "organisation": "cross-encoder"})

    assert {embedder["revision"], scorer["revision"]} == {COMMIT}
    assert {path.rpartition("/")[0] for path in hub.asked} >= {"sentence-transformers/short", "cross-encoder/short"}


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ({"name": "acme/unknown"}, "the hub knows no acme/unknown"),
        ({"name": "acme/gated"}, "gated; accept its licence"),
        ({"name": "acme/tiny", "revision": "v9"}, "no revision 'v9'"),
        ({"name": "not an id"}, "not spelled like an id"),
    ],
)
def test_what_the_hub_refuses_is_explained(ask, call, said):
    (error,) = ask(call)

    assert error["error"] == "RepositoryNotFoundError"
    assert repr(call["name"]) in error["message"]
    assert said in error["message"]


def test_a_token_opens_a_gated_repository_and_a_tag_a_revision(ask):
    gated, tagged = ask(
        {"name": "acme/gated", "token": "hf_test"}, {"name": "acme/tiny", "revision": "v1", "fetch": True}
    )

    assert gated["revision"] == tagged["revision"] == COMMIT


def test_cache_folder(ask, tmp_path):
    (opened,) = ask({"name": "acme/tiny", "cache_folder": str(tmp_path / "elsewhere")})

    assert Path(opened["folder"]).is_relative_to(tmp_path / "elsewhere")


def test_repository_without_weights_on_the_hub(ask):
    (error,) = ask({"name": "acme/config-only", "fetch": True})

    assert error["error"] == "IncompleteRepositoryError"


def test_a_folder_is_itself(tiny_bert, monkeypatch):
    monkeypatch.chdir(tiny_bert.parent)

    for name in (tiny_bert, str(tiny_bert), tiny_bert.name, f"./{tiny_bert.name}"):
        repository = open_repository(name)
        assert repository.folder == tiny_bert.resolve()
        assert repository.revision is None
        assert [file.name for file in repository.fetch_weights()] == ["model.safetensors"]


@pytest.mark.parametrize("name", ["./missing", "/no/such/folder", "a/b/c", "~/missing-model", "C:\\models\\x", ""])
def test_what_is_spelled_like_a_path_is_never_asked_of_the_hub(name):
    with pytest.raises(RepositoryNotFoundError, match="no folder") as caught:
        open_repository(name)
    assert caught.value.repository == name


def test_a_file_is_no_repository(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"")

    with pytest.raises(RepositoryNotFoundError, match="a file"):
        open_repository(tmp_path / "model.safetensors")


def test_broken_json_names_the_file(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "be')

    with pytest.raises(IncompleteRepositoryError, match=r"config\.json is not valid JSON"):
        open_repository(tmp_path).read_json("config.json")


def test_the_token_is_not_shown():
    from medialens.hub.repository import HubAccess

    secret = "hf_" + "x" * 20
    access = HubAccess(repo_id="a/b", revision=None, token=secret, cache_folder=None, local_files_only=True)
    assert secret not in repr(access)


@pytest.mark.parametrize("name", ["x" * 5000, "~nobody-of-this-name/model", "a\0b"])
def test_a_name_that_no_file_system_takes(name):
    with pytest.raises(RepositoryNotFoundError):
        open_repository(name, local_files_only=True)
