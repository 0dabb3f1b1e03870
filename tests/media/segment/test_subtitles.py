import contextlib
import re
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medialens.errors import (
    InputError,
    MediaAccessError,
    MediaDecodeError,
    MediaLimitError,
    MediaNotFoundError,
)
from medialens.media.limits import MediaLimits
from medialens.media.segment.subtitles import PARSERS, TimedText, parse_srt, parse_vtt, read_subtitles

LIMITS = MediaLimits()

SRT = """1
00:00:01,000 --> 00:00:02,500
Hello there.

2
00:00:03,000 --> 00:00:04,000
Two
lines.
"""

VTT = """WEBVTT - a title
Kind: captions

NOTE a note
over two lines

STYLE
::cue { color: red }

REGION
id:fred

intro
00:01.000 --> 00:02.500 align:start position:10%
Hello there.

01:00:03.000 --> 01:00:04.000
Two
lines.
"""


def test_subrip():
    assert parse_srt(SRT, "a.srt") == (TimedText(1.0, 2.5, "Hello there."), TimedText(3.0, 4.0, "Two lines."))


def test_webvtt():
    assert parse_vtt(VTT, "a.vtt") == (TimedText(1.0, 2.5, "Hello there."), TimedText(3603.0, 3604.0, "Two lines."))


@pytest.mark.parametrize("line_end", ["\r\n", "\r", "\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_byte_order_marks_make_no_difference(line_end, mark):
    assert parse_srt(mark + SRT.replace("\n", line_end), "a") == parse_srt(SRT, "a")
    assert parse_vtt(mark + VTT.replace("\n", line_end), "a") == parse_vtt(VTT, "a")


@pytest.mark.parametrize(
    ("timing", "times"),
    [
        ("00:01,5 --> 00:02,25", (1.5, 2.25)),
        ("1:02 --> 1:03", (62.0, 63.0)),
        ("00:00:01.000-->00:00:02.000", (1.0, 2.0)),
        ("  00:00:01,000   -->   00:00:02,000  X1:40 X2:600 Y1:20 Y2:50", (1.0, 2.0)),
        ("100:00:00,000 --> 100:00:01,000", (360000.0, 360001.0)),
        ("00:00:01,000 --> 00:00:01,000", (1.0, 1.0)),
    ],
)
def test_times_are_read_leniently(timing, times):
    for parse, head in ((parse_srt, ""), (parse_vtt, "WEBVTT\n\n")):
        assert parse(f"{head}{timing}\nwords", "a") == (TimedText(*times, "words"),)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("<i>slanted</i> and <b>bold</b>", "slanted and bold"),
        ('<font color="#ff0000">red</font>', "red"),
        (r"{\an8}at the top", "at the top"),
        ("<v Ann Bell>said by Ann", "said by Ann"),
        ("<c.loud.yellow>BANG</c> <00:00:01.500>later", "BANG later"),
        ("fish &amp; chips &lt;3&nbsp;!", "fish & chips <3 !"),
        ("3 < 4 and 5 > 4", "3 < 4 and 5 > 4"),
        ("- Who?\n- Me.", "- Who? - Me."),
        ("a line\u2028separator", "a line separator"),
    ],
)
def test_only_what_is_said_stays(written, said):
    assert parse_srt(f"1\n00:01,000 --> 00:02,000\n{written}\n", "a")[0].text == said
    assert parse_vtt(f"WEBVTT\n\n00:01.000 --> 00:02.000\n{written}\n", "a")[0].text == said


def test_cues_in_which_nothing_is_said_are_left_out():
    assert parse_srt("1\n00:01,000 --> 00:02,000\n\n2\n00:03,000 --> 00:04,000\n<i></i>\n", "a") == ()
    assert parse_vtt("WEBVTT\n\n00:01.000 --> 00:02.000\n", "a") == ()


def test_files_without_cues():
    assert parse_srt("", "a") == ()
    assert parse_vtt("WEBVTT", "a") == ()


def test_subrip_without_numbers_and_without_blank_lines_and_with_too_many():
    cues = (TimedText(1.0, 2.0, "one 7 more"), TimedText(3.0, 4.0, "two"))
    assert parse_srt("00:01,0 --> 00:02,0\none\n\n7\nmore\n2\n00:03,0 --> 00:04,0\ntwo", "a") == cues


def test_cues_may_overlap_and_come_in_any_order():
    text = "00:05,0 --> 00:09,0\nlate\n\n00:01,0 --> 00:06,0\nearly\n\n00:01,0 --> 00:02,0\nearly as well"
    assert [cue.text for cue in parse_srt(text, "a")] == ["early", "early as well", "late"]
    assert parse_vtt("WEBVTT\n\n" + text, "a") == parse_srt(text, "a")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("just words", 1),
        ("1\nwords\n00:01,000 --> 00:02,000\nmore", 2),
        ("1\n00:01,000 --> 00:02,000\nfine\n\n2\n00:03,000 -> 00:04,000 --> \nwords", 6),
        ("1\n00:61,000 --> 01:02,000\nwords", 2),
        ("1\n00:05,000 --> 00:02,000\nwords", 2),
        ("1\n00:05,000 -->\nwords", 2),
    ],
)
def test_a_malformed_cue_is_an_error_with_its_line(text, line):
    with pytest.raises(MediaDecodeError, match=rf"'a\.srt', line {line}: ") as caught:
        parse_srt(text, "a.srt")
    assert caught.value.line == line
    with pytest.raises(MediaDecodeError, match=rf"line {line + 2}: |line 3: "):
        parse_vtt(f"WEBVTT\n\n{text}", "a.vtt")


def test_webvtt_begins_with_its_name():
    with pytest.raises(MediaDecodeError, match=r"line 1: .* begins with WEBVTT"):
        parse_vtt(SRT, "a.vtt")


TEXTS = st.text(st.characters(codec="ascii", categories=("Lu", "Ll", "Nd")), min_size=1, max_size=8).map(
    lambda word: f"w{word}"
)
CUES = st.lists(
    st.tuples(st.integers(0, 5 * 3600 * 1000), st.integers(0, 100_000), TEXTS).map(
        lambda cue: TimedText(cue[0] / 1000, (cue[0] + cue[1]) / 1000, cue[2])
    ),
    max_size=8,
)


def spelled(seconds: float, mark: str) -> str:
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}{mark}{rest % 1000:03}"


@given(CUES)
def test_what_is_written_is_read(cues):
    blocks = [f"{spelled(cue.start_seconds, ',')} --> {spelled(cue.end_seconds, ',')}\n{cue.text}\n" for cue in cues]
    srt = "\n".join(f"{number}\n{block}" for number, block in enumerate(blocks, start=1))
    expected = tuple(sorted(cues, key=lambda cue: cue.start_seconds))

    assert parse_srt(srt, "a") == expected
    assert parse_vtt("WEBVTT\n\n" + "\n".join(blocks).replace(",", "."), "a") == expected


@given(st.sampled_from([SRT, VTT]), st.lists(st.tuples(st.integers(0, 400), st.text(max_size=3)), max_size=6))
def test_damaged_files_are_read_or_refused(text, changes):
    for at, change in changes:
        text = text[:at] + change + text[at + 1 :]
    for parse in PARSERS.values():
        try:
            cues = parse(text, "a")
        except MediaDecodeError as error:
            lines = [error.line]
        else:
            lines = [1] * all(cue.text for cue in cues)
        assert min(lines) >= 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_files_are_read_from_disk(tmp_path, encoding):
    path = tmp_path / "a.SRT"
    path.write_bytes(SRT.replace("Hello", "Grüße, 你好").encode(encoding))

    assert read_subtitles(path, LIMITS)[0].text == "Grüße, 你好 there."


def test_what_cannot_be_read(tmp_path):
    path = tmp_path / "a.srt"
    path.write_bytes(b"1\n00:01,000 --> 00:02,000\ncaf\xe9\n")
    with pytest.raises(MediaDecodeError, match=r"line 3: it is not UTF-8; write it anew in UTF-8"):
        read_subtitles(path, LIMITS)
    path.write_bytes(b"1\n\x00\x00")
    with pytest.raises(MediaDecodeError, match="line 2: it holds a NUL"):
        read_subtitles(path, LIMITS)
    with pytest.raises(InputError, match=re.escape("one named .srt or .vtt")):
        read_subtitles(tmp_path / "a.txt", LIMITS)
    with pytest.raises(MediaNotFoundError):
        read_subtitles(tmp_path / "none.vtt", LIMITS)
    with pytest.raises(MediaAccessError):
        read_subtitles(path, MediaLimits(roots=(tmp_path / "elsewhere",)))


def test_files_are_as_large_as_the_limits_allow(tmp_path):
    path = tmp_path / "a.srt"
    path.write_text(SRT)
    size = path.stat().st_size

    assert read_subtitles(path, MediaLimits(max_transcript_bytes=size))
    for limits in (MediaLimits(max_transcript_bytes=size - 1), MediaLimits(max_bytes=size - 1)):
        with pytest.raises(MediaLimitError, match=str(size)):
            read_subtitles(path, limits)


@pytest.mark.parametrize(
    ("parse", "head"), [(parse_srt, "1\n"), (parse_srt, SRT), (parse_vtt, "WEBVTT\n"), (parse_vtt, VTT)]
)
@pytest.mark.parametrize("line", ["\n", " \n", "x\n", "7\n"])
def test_a_file_of_very_many_lines_is_not_taken_apart(parse, head, line):
    """A list of its lines takes a hundred times its size."""
    text = head + line * 300_000
    tracemalloc.start()
    try:
        with contextlib.suppress(MediaDecodeError):  # of lines that belong nowhere
            parse(text, "name")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 * len(text) + 1_000_000


@pytest.mark.parametrize("text", [None, b"words", 3])
def test_the_text_of_a_text_is_checked(text):
    with pytest.raises(InputError, match="takes a text"):
        TimedText(0.0, 1.0, text)


@pytest.mark.parametrize(
    "times", [(-1.0, 2.0), (3.0, 2.0), (float("nan"), 2.0), (0.0, float("inf")), ("0", 1.0), (0.0, None)]
)
def test_times_of_a_text_are_checked(times):
    with pytest.raises(InputError, match="expected a start of at least 0"):
        TimedText(*times, "words")
