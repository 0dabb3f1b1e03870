from medialens.demo.drawing import draw_files
from medialens.demo.questions import SHOWN, TYPED, make_questions
from medialens.demo.scenes import SCENES
from medialens.training.drawing import KINDS


def test_there_are_twenty_typed_questions_with_one_answer_each_about_every_kind():
    assert len(TYPED) == len(set(TYPED.values())) == 20
    assert {*TYPED.values(), *SHOWN} <= set(SCENES)
    kinds = [SCENES[name].kind for name in TYPED.values()]
    assert set(kinds) == set(KINDS)
    assert kinds.count("clip") == 3
    assert "clip" in {SCENES[name].kind for name in SHOWN}


def test_questions_are_about_what_was_drawn(tmp_path):
    drawn = draw_files(tmp_path / "drawn")
    assert len(make_questions(drawn, tmp_path / "examples")) == len(TYPED) + len(SHOWN)
    asked = make_questions(drawn[:30], tmp_path / "examples")
    assert 0 < len(asked) < len(TYPED)
    assert {question.answer for question in asked} <= set(drawn[:30])


def test_what_is_searched_with_is_not_what_is_to_be_found(tmp_path):
    files = {path.name: path for path in draw_files(tmp_path / "drawn")}
    asked = [one for one in make_questions([*files.values()], tmp_path / "examples") if one.example]
    assert len(asked) == len(SHOWN)
    for question in asked:
        assert question.answer == files[question.answer.name]
        assert question.example.suffix == question.answer.suffix
        assert question.example.read_bytes() != question.answer.read_bytes()
