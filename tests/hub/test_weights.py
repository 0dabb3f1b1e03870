"""Half-downloaded repositories: each way of being incomplete is seen before anything is loaded."""

from __future__ import annotations

import json
import shutil
import struct

import pytest
from safetensors.torch import load_file, save_file

from medialens.errors import IncompleteRepositoryError, UntrustedCodeError
from medialens.hub.fingerprint import fingerprint
from medialens.hub.weights import check_weights

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 123\n"


@pytest.fixture
def folder(tiny_bert, tmp_path):
    return shutil.copytree(tiny_bert, tmp_path / "model")


def shard(folder):
    """Split the weights into two files with an index, as large repositories have them."""
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    names = sorted(weights)
    files = {name: f"model-0000{1 + at % 2}-of-00002.safetensors" for at, name in enumerate(names)}
    for file in set(files.values()):
        save_file({name: weights[name] for name in names if files[name] == file}, folder / file)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": files}))


def test_whole(folder):
    assert check_weights(folder, "m") == (folder / "model.safetensors",)


def test_whole_in_shards(folder):
    shard(folder)

    assert [file.name[:11] for file in check_weights(folder, "m")] == ["model-00001", "model-00002"]


def test_missing_shard(folder):
    shard(folder)
    (folder / "model-00002-of-00002.safetensors").unlink()

    with pytest.raises(IncompleteRepositoryError, match="lists model-00002-of-00002") as caught:
        check_weights(folder, "m")
    assert caught.value.missing == ("model-00002-of-00002.safetensors",)


def test_index_that_leads_out_of_the_folder(folder):
    shutil.copy(folder / "model.safetensors", folder.parent / "other.safetensors")
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"x": "../other.safetensors"}}))

    with pytest.raises(IncompleteRepositoryError, match="other"):
        check_weights(folder, "m")


def test_broken_index(folder):
    (folder / "model.safetensors.index.json").write_text("{}")

    with pytest.raises(IncompleteRepositoryError, match="not a weight index"):
        check_weights(folder, "m")


def test_no_weights_and_a_trace_of_the_download(folder):
    (folder / "model.safetensors").unlink()
    partial = folder / ".cache" / "huggingface" / "download" / "abc.def.incomplete"
    partial.parent.mkdir(parents=True)
    partial.write_bytes(b"half")

    with pytest.raises(
        IncompleteRepositoryError, match=r"no model\.safetensors .*abc\.def\.incomplete.*did not finish"
    ):
        check_weights(folder, "'m'")


@pytest.mark.parametrize("keep", [0, 7, 8, 200, -1])
def test_cut_short(folder, keep):
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:keep])

    with pytest.raises(IncompleteRepositoryError, match="broken download"):
        check_weights(folder, "m")


@pytest.mark.parametrize("header", [b"not json", b'["list"]', b'{"a": 1}', b'{"a": {"data_offsets": []}}'])
def test_nonsense_header(folder, header):
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)

    with pytest.raises(IncompleteRepositoryError, match="readable header"):
        check_weights(folder, "m")


def test_absurd_header_length_is_not_read(folder):
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", 2**62) + b"x" * 100)

    with pytest.raises(IncompleteRepositoryError, match="readable header"):
        check_weights(folder, "m")


def test_git_lfs_pointer(folder):
    (folder / "model.safetensors").write_bytes(POINTER)

    with pytest.raises(IncompleteRepositoryError, match="git lfs pull"):
        check_weights(folder, "m")


def test_pickled_weights_only_when_asked_for(folder):
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"whatever a pickle is")

    with pytest.raises(UntrustedCodeError, match=r'model_kwargs=\{"use_safetensors": False\}'):
        check_weights(folder, "m")
    assert check_weights(folder, "m", allow_pickle=True) == (folder / "pytorch_model.bin",)


def test_fingerprint_changes_with_any_file_that_counts(folder, tmp_path):
    def now() -> str:
        return fingerprint(folder, check_weights(folder, "m"))

    seen = [now()]
    assert fingerprint(shutil.copytree(folder, tmp_path / "copy"), check_weights(tmp_path / "copy", "m")) == seen[0]
    (folder / "README.md").write_text("says nothing to the model")
    assert now() == seen[0]

    for name in ("config.json", "tokenizer.json", "1_Pooling/config.json"):
        (folder / name).write_text((folder / name).read_text() + " ")
        seen.append(now())
    weights = load_file(folder / "model.safetensors")
    next(iter(weights.values())).view(-1)[0] += 1e-6
    save_file(weights, folder / "model.safetensors")
    seen.append(now())
    assert len(set(seen)) == len(seen)


@pytest.mark.parametrize("index", ["[]", "5", '{"weight_map": {"a": 5}}', '{"weight_map": 5}', "[" * 100_000])
def test_an_index_that_is_none_is_named(folder, index):
    shard(folder)
    (folder / "model.safetensors.index.json").write_text(index)

    with pytest.raises(IncompleteRepositoryError, match=r"model\.safetensors\.index\.json"):
        check_weights(folder, "m")


@pytest.mark.parametrize("offsets", [["a", "b"], [0.0, 1e300], [None, None], [], 5])
def test_offsets_that_are_no_numbers(folder, offsets):
    header = json.dumps({"weight": {"dtype": "F32", "shape": [1], "data_offsets": offsets}}).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + b"\0" * 4)

    with pytest.raises(IncompleteRepositoryError, match="a readable header"):
        check_weights(folder, "m")
