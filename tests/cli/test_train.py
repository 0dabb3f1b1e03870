import pytest

from medialens.cli.main import build_parser
from medialens.cli.train import _command, _given


@pytest.mark.parametrize(
    "typed",
    [
        "train demo",
        "train demo --steps 10 --seed 3",
        "train demo --precision float32",
        "train demo-reranker --minutes 5.0 --embedder some/folder",
    ],
)
def test_the_card_tells_what_was_typed(typed):
    arguments = build_parser().parse_args(typed.split())
    assert _command(arguments) == f"medialens {typed}"


def test_where_it_goes_and_how_many_threads_work_do_not_matter_to_the_card():
    arguments = build_parser().parse_args(["train", "demo", "--output", "elsewhere", "--threads", "2"])
    assert _command(arguments) == "medialens train demo"


def test_what_was_not_typed_is_left_to_the_recipe():
    arguments = build_parser().parse_args(["train", "demo", "--seed", "3", "--precision", "bfloat16"])
    assert _given(arguments) == {"half": True, "seed": 3}
