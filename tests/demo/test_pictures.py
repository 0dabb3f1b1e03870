from PIL import Image

from medialens.demo.pictures import IMAGE_QUESTIONS, SCENES, TEXT_QUESTIONS, draw_pictures, make_questions
from medialens.training.drawing import KINDS


def test_there_is_something_of_every_kind_and_one_answer_for_each_question():
    assert len(SCENES) >= 40
    assert len({scene.key for scene in SCENES.values()}) == len(SCENES)
    assert {scene.kind for scene in SCENES.values()} == {name for name, kind in KINDS.items() if kind.film is None}
    assert len(TEXT_QUESTIONS) >= 12
    assert {*TEXT_QUESTIONS.values(), *IMAGE_QUESTIONS} <= set(SCENES)


def test_real_files_of_different_sizes_and_formats_are_drawn_the_same_each_time(tmp_path):
    files, again = draw_pictures(tmp_path / "one"), draw_pictures(tmp_path / "two")
    assert [path.read_bytes() for path in files] == [path.read_bytes() for path in again]
    formats, sizes = set(), set()
    for path in files:
        with Image.open(path) as image:
            formats.add(image.format)
            sizes.add(image.size)
    assert formats == {"PNG", "JPEG"}
    assert len(sizes) >= 5


def test_pictures_to_search_with_are_not_the_ones_to_be_found(tmp_path):
    files = {path.name: path for path in draw_pictures(tmp_path / "pictures")}
    asked = [one for one in make_questions(tmp_path / "pictures", tmp_path / "questions") if one.picture]
    assert len(asked) == len(IMAGE_QUESTIONS)
    for question in asked:
        assert question.answer == files[question.answer.name]
        assert question.picture.read_bytes() != question.answer.read_bytes()
