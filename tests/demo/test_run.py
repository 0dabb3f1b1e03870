import pytest
from PIL import Image
from tests.media.clips import animate, grey, levels

from medialens.demo.questions import SHOWN, TYPED
from medialens.demo.run import _reranker_for, run_demo
from medialens.demo.scenes import SCENES
from medialens.errors import InputError

N_CLIPS = sum(scene.kind == "clip" for scene in SCENES.values())


@pytest.mark.slow
def test_the_whole_demonstration_with_a_folder_of_ones_own(tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    Image.effect_noise((120, 80), 60).save(own / "noise.png")
    (own / "film.gif").write_bytes(animate([grey(level) for level in levels(5)]))
    (own / "broken.jpg").write_bytes(b"\xff\xd8 not a picture")
    told = []
    outcome = run_demo([own], tmp_path / "out", questions=["a <noisy> picture"], tell=told.append)
    summary = outcome.summary

    assert outcome.html.is_file()
    with Image.open(outcome.png) as sheet:
        assert sheet.width > 1000
    assert (summary.model, summary.reranker) == ("demo", "demo-reranker")
    assert (summary.n_pictures + summary.n_clips, summary.n_clips, summary.n_own) == (len(SCENES) + 2, N_CLIPS + 1, 2)
    assert [path.name for path in summary.skipped] == ["broken.jpg"]
    assert any("broken.jpg" in line for line in told)
    assert "a &lt;noisy&gt; picture" in outcome.html.read_text()
    # Two frameworks over one engine: the same vectors and scores, so the same order.
    assert summary.n_questions == 1 + len(TYPED) + len(SHOWN)
    assert summary.n_agree == summary.n_questions
    # By chance, one file in fifty is right.
    assert summary.typed.n_known == 20
    assert summary.typed.n_right >= 19
    assert summary.shown.n_right >= len(SHOWN) - 1


@pytest.mark.slow
def test_a_model_of_ones_own_reranks_as_well_and_clips_are_left_to_models_that_take_them(tmp_path, tiny_clip):
    told = []
    summary = run_demo([], tmp_path / "out", model=str(tiny_clip), tell=told.append).summary
    assert summary.model == summary.reranker == str(tiny_clip)
    assert (summary.n_pictures, summary.n_clips) == (len(SCENES) - N_CLIPS, 0)
    assert (summary.typed.n_known, summary.shown.n_known) == (len(TYPED) - 3, len(SHOWN) - 1)
    assert summary.skipped == {}
    assert summary.lines[0].startswith(f"{summary.n_pictures} pictures indexed by ")


def test_behind_a_model_that_cannot_score_the_embedded_one_stands(tiny_bert):
    told = []
    assert _reranker_for("demo", told.append) == "demo-reranker"
    assert told == []
    assert _reranker_for(str(tiny_bert), told.append) == "demo-reranker"
    assert "cannot score" in told[0]


@pytest.mark.parametrize("where", ["file", "file/below"])
def test_an_output_folder_that_cannot_be_written_is_named_at_once(tmp_path, where):
    (tmp_path / "file").touch()
    told = []
    with pytest.raises(InputError, match="cannot be written") as caught:
        run_demo([], tmp_path / where, tell=told.append)
    assert str(tmp_path / where) in str(caught.value)
    assert told == []
