import subprocess
import sys

import pytest

import medialens
from medialens.cli import main

USAGE_ERRORS = [
    *([], ["unknown"], ["demo", "--unknown"], ["train", "unknown"]),
    *(["train", "demo", "--steps", "0"], ["train", "demo", "--minutes", "-1"], ["train", "demo", "--threads", "x"]),
]


def test_version(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out == f"medialens {medialens.__version__}\n"


@pytest.mark.parametrize("arguments", USAGE_ERRORS)
def test_wrong_usage_exits_with_2(arguments, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert "usage: medialens" in capsys.readouterr().err


def test_a_missing_folder_exits_with_2_and_is_named(tmp_path, capsys):
    assert main(["demo", str(tmp_path / "nowhere"), "--output", str(tmp_path / "out")]) == 2
    assert "nowhere" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_folder_without_pictures_exits_with_2_and_is_named(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert main(["demo", str(tmp_path / "empty"), "--output", str(tmp_path / "out")]) == 2
    assert "no pictures or videos" in capsys.readouterr().err


def test_an_unknown_model_exits_with_2(capsys):
    assert main(["measure", "no/such/model/anywhere"]) == 2
    assert "no/such/model/anywhere" in capsys.readouterr().err


def test_the_doctor_names_versions_extras_and_models(capsys):
    assert main(["doctor"]) == 0
    told = capsys.readouterr().out
    assert all(word in told for word in ("torch", "transformers", "langchain-core", "llama-index-core", "cpu", "demo"))


def test_the_doctor_says_what_decodes_videos_and_why(capsys, monkeypatch):
    pytest.importorskip("av", reason="PyAV is not installed: pip install 'medialens[video]'")
    for said, words in (("pyav", "decoded by pyav: MEDIALENS_VIDEO_DECODER says so"), ("opencv", "is no choice")):
        monkeypatch.setenv("MEDIALENS_VIDEO_DECODER", said)
        assert main(["doctor"]) == 0
        assert words in capsys.readouterr().out


def test_help_comes_without_torch_or_frameworks():
    code = (
        "import sys\nfrom medialens.cli.main import build_parser\nbuild_parser().format_help()\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules} & {'torch', 'langchain_core', 'llama_index'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
