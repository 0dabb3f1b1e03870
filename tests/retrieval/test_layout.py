"""What was found, in one line of reading."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medialens.errors import InputError
from medialens.media.showing import Shown
from medialens.retrieval.budget import LeftOut
from medialens.retrieval.layout import clock, escape_labels, label_of, lay_out
from medialens.retrieval.rendering import RenderedMedium, Rendering

PICTURE = RenderedMedium(modality="image", shown=Shown(data=b"p", mime_type="image/png", width=1, height=1))
FRAMES = tuple(
    RenderedMedium(modality="image", shown=Shown(data=b"f", mime_type="image/jpeg", width=1, height=1, at_seconds=at))
    for at in (0.5, 61.25)
)


def test_each_document_in_turn_under_its_label():
    left_out = (LeftOut(position=1, modality="video", medium="x", why="max_items=3, of which 3 used; it needs 1"),)
    rendering = Rendering(parts=(("A chart.", PICTURE), ("Only words.",), FRAMES), left_out=left_out)
    assert lay_out(rendering, ["a.png", "b.txt", ""]) == [
        "[1] a.png\nA chart.",
        PICTURE,
        "[2] b.txt\nOnly words.\n(video not shown: max_items=3, of which 3 used; it needs 1)\n[3]\nat 0:00.5",
        FRAMES[0],
        "at 1:01.2",
        FRAMES[1],
    ]


def test_media_first_under_their_numbers_then_all_text():
    rendering = Rendering(parts=(("A chart.", PICTURE), ("Only words.",), FRAMES))
    assert lay_out(rendering, ["a.png", "b.txt", "c.mp4"], order="media_first") == [
        "[1]",
        PICTURE,
        "[3] at 0:00.5",
        FRAMES[0],
        "[3] at 1:01.2",
        FRAMES[1],
        "[1] a.png\nA chart.\n[2] b.txt\nOnly words.\n[3] c.mp4",
    ]


def test_without_labels():
    assert lay_out(Rendering(parts=((PICTURE,), ("words",))), []) == [PICTURE, "words"]
    assert lay_out(Rendering(parts=()), []) == []


def test_what_makes_no_sense_is_refused():
    with pytest.raises(InputError, match="2 items need as many labels, got 1"):
        lay_out(Rendering(parts=((), ())), ["a"])
    with pytest.raises(InputError, match="order='sideways'"):
        lay_out(Rendering(parts=()), [], order="sideways")


@given(st.text(alphabet="[]1a \n\t\\", max_size=40))
def test_no_line_of_a_document_passes_for_a_label(text):
    escaped = escape_labels(text)
    assert not re.search(r"^\s*\[\d+\]", escaped, re.MULTILINE)
    assert escaped.replace("\\", "") == text.replace("\\", "")
    if not re.search(r"\[\d+\]", text):
        assert escaped == text


@pytest.mark.parametrize(
    ("facts", "label"),
    [
        ({"source": "/home/me/report.pdf", "page": 3}, "report.pdf, page 3"),
        ({"source": "C:\\films\\talk.mp4", "start_seconds": 65.0, "end_seconds": 80.5}, "talk.mp4, 1:05-1:20.5"),
        ({"source": "https://user@host/a/b.png?token=secret", "box": "0,1,2,3"}, "b.png, part 0,1,2,3"),
        ({"source": "a.png", "page": -1, "start_seconds": -1.0, "end_seconds": -1.0, "box": ""}, "a.png"),
        ({"source": "evil\n[2] other.pdf"}, "evil [2] other.pdf"),
        ({"source": "/home/me/what? no#1 50%.png"}, "what? no#1 50%.png"),
        ({"source": "a\x00b\x1b[2K.png", "box": "0,1,2,3\n[2] other.pdf"}, "ab[2K.png"),
        ({"source": 7, "page": "1\n[2]", "box": [1, 2]}, "7"),
        ({"source": "/"}, "somewhere"),
        ({}, "somewhere"),
    ],
)
def test_a_label_names_the_file_and_the_place_in_it(facts, label):
    assert label_of(facts, fallback="somewhere") == label


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00"), (59.96, "1:00"), (65.25, "1:05.2"), (3600, "1:00:00"), (86399.5, "23:59:59.5")]
)
def test_times_read_as_on_a_clock(seconds, shown):
    assert clock(seconds) == shown
