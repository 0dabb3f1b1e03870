import pytest
from PIL import Image

from medialens.demo.run import run_demo
from medialens.errors import InputError


@pytest.mark.slow
def test_the_whole_demonstration_with_a_folder_of_ones_own(tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    Image.effect_noise((120, 80), 60).save(own / "noise.png")
    (own / "broken.jpg").write_bytes(b"\xff\xd8 not a picture")
    told = []
    outcome = run_demo([own], tmp_path / "out", questions=["a <noisy> picture"], tell=told.append)

    assert outcome.html.is_file()
    with Image.open(outcome.png) as sheet:
        assert sheet.width > 1000
    assert outcome.summary.n_own == 1
    assert [path.name for path in outcome.summary.skipped] == ["broken.jpg"]
    assert any("broken.jpg" in line for line in told)
    assert "a &lt;noisy&gt; picture" in outcome.html.read_text()
    # Two frameworks over one engine: the same vectors, so the same order.
    assert outcome.summary.n_agree == outcome.summary.n_questions
    # Chance is one in 46. The model that is shipped finds 18 of 24 (near-duplicates and words are hard for it).
    assert outcome.summary.n_right >= 15


@pytest.mark.parametrize("where", ["file", "file/below"])
def test_an_output_folder_that_cannot_be_written_is_named_at_once(tmp_path, where):
    (tmp_path / "file").touch()
    told = []
    with pytest.raises(InputError, match="cannot be written") as caught:
        run_demo([], tmp_path / where, tell=told.append)
    assert str(tmp_path / where) in str(caught.value)
    assert told == []
