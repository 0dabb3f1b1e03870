import pytest
from PIL import Image

from medialens.demo.run import run_demo


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
    # Chance would be one in 46. The embedded model finds nearly all; what it must find at least is stated here.
    assert outcome.summary.n_right >= 0.8 * outcome.summary.n_known
