import dataclasses

import pytest

from medialens.errors import InputError
from medialens.training.measuring.report import check_places, marked, marked_text, rewrite


@dataclasses.dataclass
class Found:
    whole: str = "| all |\n| of it |\n"
    short: str = "| in short |\n"


DOCUMENT = """# Title

<!-- measured: demo -->
old \\1 text
<!-- /measured -->

Between.

<!-- measured: other -->
of another model
<!-- /measured -->
<!-- measured: demo, in short -->
<!-- /measured -->
The end."""


def test_what_was_measured_goes_where_it_is_marked_and_nowhere_else():
    written = rewrite(DOCUMENT, "demo", Found())
    assert written == DOCUMENT.replace("old \\1 text\n", "| all |\n| of it |\n").replace(
        "<!-- measured: demo, in short -->\n", "<!-- measured: demo, in short -->\n| in short |\n"
    )


def test_writing_twice_changes_nothing():
    once = rewrite(DOCUMENT, "demo", Found())
    assert rewrite(once, "demo", Found()) == once


def test_text_is_taken_as_it_is():
    found = Found(whole=r"a \g<name> \1 and 100 %")
    assert marked_text(rewrite(DOCUMENT, "demo", found), "demo") == "a \\g<name> \\1 and 100 %\n"


def test_what_is_marked_can_be_read_again():
    assert marked_text("before\n" + marked("demo", "inside\n\ntoo\n") + "after", "demo") == "inside\n\ntoo\n"
    assert marked_text(DOCUMENT, "other") == "of another model\n"
    assert marked_text(DOCUMENT, "demo, in short") == ""
    assert marked_text(DOCUMENT, "unknown") is None


@pytest.mark.parametrize("name", ["demo", "other"])
def test_a_file_with_a_place_is_fine(tmp_path, name):
    (tmp_path / "a.md").write_text(DOCUMENT)
    check_places(tmp_path / "a.md", name)


@pytest.mark.parametrize(
    "text", ["no place", "<!-- measured: demo -->\nnot closed", "inline <!-- measured: demo --> x <!-- /measured -->"]
)
def test_a_file_without_a_place_is_named_with_what_is_missing(tmp_path, text):
    (tmp_path / "a.md").write_text(text)
    with pytest.raises(InputError, match=r"a\.md.*<!-- measured: demo -->"):
        check_places(tmp_path / "a.md", "demo")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.md.*cannot be read"):
        check_places(tmp_path / "nowhere.md", "demo")
