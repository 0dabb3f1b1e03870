from PIL import Image

from medialens.demo.drawing import draw_files
from medialens.demo.scenes import SCENES
from medialens.training.drawing import KINDS


def test_there_is_something_of_every_kind_and_nothing_twice():
    assert len(SCENES) >= 40
    assert len({scene.key for scene in SCENES.values()}) == len(SCENES)
    assert {scene.kind for scene in SCENES.values()} == set(KINDS)
    assert {name for name, scene in SCENES.items() if scene.kind == "clip"} == {
        name for name in SCENES if name.endswith(".gif")
    }


def test_real_files_of_different_sizes_and_formats_are_drawn_the_same_each_time(tmp_path):
    files, again = draw_files(tmp_path / "one"), draw_files(tmp_path / "two")
    assert [path.name for path in files] == list(SCENES)
    assert [path.read_bytes() for path in files] == [path.read_bytes() for path in again]
    formats, sizes = set(), set()
    for path in files:
        with Image.open(path) as image:
            formats.add(image.format)
            sizes.add(image.size)
    assert formats == {"PNG", "JPEG", "GIF"}
    assert len(sizes) >= 5


def test_clips_move_and_can_be_left_out(tmp_path):
    clips = [path for path in draw_files(tmp_path / "all") if path.suffix == ".gif"]
    assert len(clips) == 4
    for path in clips:
        with Image.open(path) as image:
            assert image.n_frames >= 2
            assert image.info["loop"] == 0
            first = image.convert("RGB").tobytes()
            image.seek(image.n_frames - 1)
            assert image.convert("RGB").tobytes() != first
    still = draw_files(tmp_path / "still", clips=False)
    assert {path.name for path in still} == set(SCENES) - {path.name for path in clips}
