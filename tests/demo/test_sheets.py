import dataclasses
import html.parser
import io
import re
from pathlib import Path

import pytest
from PIL import Image

from medialens.demo.gathering import Gathering, Medium
from medialens.demo.questions import Question
from medialens.demo.searching import Answer, Finding, Hit, Models
from medialens.demo.sheet_html import write_html
from medialens.demo.sheet_png import write_png
from medialens.demo.summary import Count, summarise
from medialens.demo.thumbnails import Thumbnail

NAMES = ("a.png", "b.png", '<b>"c".gif')


def _encoded(colour, file_format):
    data = io.BytesIO()
    Image.new("RGB", (60, 40), colour).save(data, file_format)
    return data.getvalue()


def _medium(name, colour):
    is_clip = name.endswith(".gif")
    thumbnail = Thumbnail(still=_encoded(colour, "PNG"), moving=_encoded(colour, "GIF") if is_clip else b"")
    return Medium(path=Path("/x") / name, is_clip=is_clip, thumbnail=thumbnail)


MEDIA = [_medium(name, colour) for name, colour in zip(NAMES, ("red", "lime", "blue"), strict=True)]


def _answer(retrieved, reranked):
    return Answer(
        retrieved=tuple(Hit(path=MEDIA[i].path, score=1 - 0.1 * i) for i in retrieved),
        reranked=tuple(Hit(path=MEDIA[i].path, score=0.9 - 0.1 * rank) for rank, i in enumerate(reranked)),
    )


def _finding(question, one, other):
    return Finding(question=question, answers={"LangChain": one, "LlamaIndex": other})


@pytest.fixture
def findings():
    first = Question(text='<script>alert("x")</script> & more', answer=MEDIA[0].path)
    lifted = Question(text="lifted by reranking", answer=MEDIA[1].path)
    by_clip = Question(text="like this", example=MEDIA[2].path, answer=MEDIA[2].path)
    nobody_knows = Question(text="my own")
    right, swapped = _answer([0, 1, 2], [0, 1]), _answer([0, 1, 2], [1, 0])
    return [
        _finding(first, right, right),
        _finding(lifted, swapped, swapped),
        _finding(by_clip, right, swapped),
        _finding(nobody_knows, right, right),
    ]


@pytest.fixture
def summary(findings):
    models = Models(embedder="demo", reranker="my-reranker", clips=[MEDIA[2].path], store="memory://sheets")
    found = Gathering(media=MEDIA, skipped={Path("/x/bad<.png"): "is <empty>"})
    return summarise(findings, models=models, found=found, n_own=1)


def test_findings_know_whether_they_are_right_and_agree(findings):
    assert [one.right for one in findings] == [True, True, False, False]
    assert [one.retrieved_right for one in findings] == [True, False, False, False]
    assert [one.agree for one in findings] == [True, True, False, True]


def test_an_answer_of_one_framework_alone_is_not_right():
    question = Question(text="half", answer=MEDIA[0].path)
    assert not _finding(question, _answer([0], [0]), _answer([1], [1])).right
    assert not _finding(question, _answer([0], [0]), _answer([], [])).right


def test_the_summary_counts_questions_with_a_known_answer_only(summary):
    assert summary.typed == Count(n_known=2, n_retrieved=1, n_right=2)
    assert summary.shown == Count(n_known=1, n_retrieved=0, n_right=0)
    assert (summary.n_questions, summary.n_agree) == (4, 3)
    told = "\n".join(summary.lines)
    assert "in words: the right file first for 2 of 2; before reranking, for 1." in told
    assert "picture or clip: the right file first for 0 of 1; before reranking, for 0." in told
    assert "2 pictures and 1 clips, 1 of them your own, indexed" in told
    assert "'demo'" in told
    assert "'my-reranker'" in told


def test_it_is_said_where_reranking_cannot_change_anything(summary):
    same = dataclasses.replace(summary, reranker=summary.model)
    assert any("same model" in line for line in same.lines)
    assert not any("same model" in line for line in summary.lines)


class _Reader(html.parser.HTMLParser):
    """Collects what a browser would see."""

    VOID = ("meta", "br", "img", "link")

    def __init__(self):
        super().__init__()
        self.tags, self.open, self.text, self.attributes = [], [], "", []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data


@pytest.fixture
def page(tmp_path, findings, summary):
    write_html(tmp_path / "sheet.html", findings, MEDIA, summary)
    source = (tmp_path / "sheet.html").read_text(encoding="utf-8")
    reader = _Reader()
    reader.feed(source)
    assert reader.open == []
    return source, reader


def test_the_page_is_escaped_and_complete(page, findings, summary):
    _, reader = page
    assert "script" not in reader.tags
    for finding in findings:
        assert finding.question.text in reader.text
    for line in summary.lines:
        assert line in reader.text
    assert "bad<.png: is <empty>" in reader.text
    assert all(word in reader.text for word in ("LangChain", "LlamaIndex", "retrieved", "reranked"))


def test_the_page_needs_no_other_file(page):
    source, reader = page
    assert not {"link", "img", "script", "iframe"} & set(reader.tags)
    assert not [name for name, _ in reader.attributes if name in {"src", "href"}]
    assert re.findall(r"url\((?!data:image/(?:png|gif);base64,)", source) == []


def test_every_picture_shown_has_its_thumbnail_and_its_name(page):
    source, reader = page
    shown = {
        match[1] for name, value in reader.attributes if name == "class" and (match := re.match(r"pic (p\d+)", value))
    }
    assert shown == {"p0", "p1", "p2"}
    assert all(f".{name} {{ background-image: url(data:image/png;base64," in source for name in shown)
    assert {value for name, value in reader.attributes if name == "aria-label"} == set(NAMES)


def test_clips_move_for_readers_who_like_that(page):
    source, _ = page
    always, _, moving = source.partition("@media (prefers-reduced-motion: no-preference) {")
    assert always.count("url(data:image/png;base64,") == 3
    assert re.findall(r"\.(p\d+) \{ background-image: url\(data:image/gif;base64,", moving) == ["p2"]
    assert "image/gif" not in always


def test_the_page_follows_dark_mode_and_small_screens(page):
    source, _ = page
    assert "prefers-color-scheme: dark" in source
    assert 'name="viewport"' in source


def test_the_picture_shows_every_finding(tmp_path, findings, summary):
    for count in (1, 2, 4):
        write_png(tmp_path / f"{count}.png", findings[:count], MEDIA, summary)
    sheets = [Image.open(tmp_path / f"{count}.png").convert("RGB") for count in (1, 2, 4)]
    assert sheets[0].size == sheets[1].size  # two cards share a row
    assert sheets[2].height > sheets[1].height
    colours = {colour for _, colour in sheets[2].getcolors(1 << 24)}
    assert {(255, 0, 0), (0, 255, 0), (0, 0, 255)} <= colours  # the thumbnails


def test_a_long_question_stays_on_its_card(tmp_path, summary):
    finding = _finding(Question(text="very " * 200), _answer([0], [0]), _answer([0], [0]))
    write_png(tmp_path / "long.png", [finding], MEDIA, summary)
    sheet = Image.open(tmp_path / "long.png").convert("RGB")
    edge = sheet.crop((sheet.width - 20, 0, sheet.width, sheet.height))
    assert len(edge.getcolors(1 << 16)) == 1
