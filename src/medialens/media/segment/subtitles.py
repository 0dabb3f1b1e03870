"""Files of what is said and when: SubRip (.srt) and WebVTT (.vtt), to `TimedText`s.

Written by people and by many programs, so read leniently where the meaning is plain: byte order marks, any line
ends, hours left out, commas or dots, numbers left out, blank lines within a cue of SubRip, settings, tags. What has
no plain meaning is an error with its line, never a cue that is silently lost.

Sources: WebVTT, W3C Candidate Recommendation, sections 4 and 6. SubRip has no standard; its files are as the program
of that name wrote them.
"""

from __future__ import annotations

import dataclasses
import html
import itertools
import math
import numbers
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from medialens.errors import InputError, MediaDecodeError
from medialens.media.access.files import read_file
from medialens.media.limits import MediaLimits

_TIME = r"(?:(?P<h{0}>\d{{1,4}}):)?(?P<m{0}>\d{{1,2}}):(?P<s{0}>\d{{1,2}})(?:[.,](?P<f{0}>\d{{1,6}}))?"
_TIMING = re.compile(rf"\s*{_TIME.format(0)}\s*-->\s*{_TIME.format(1)}(?:\s.*)?", re.ASCII)
_NUMBER = re.compile(r"\s*\d+\s*", re.ASCII)
# Tags of WebVTT (<v Ann>, <c.loud>, <00:00:01.000>) and of SubRip (<i>, <font color="...">, {\an8}); not "3 < 4".
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|</?\d[\d:.]*>|</>|\{\\[^{}]*\}")
_NO_CUES = ("NOTE", "STYLE", "REGION")
_STRAY = re.compile(r"^(?!(?:[^\S\n]*+[0-9]++)?+[^\S\n]*+$)[^\n]*", re.MULTILINE)  # no number, and not blank
_BLANK = re.compile(r"\n(?:[^\S\n]*+\n)++")
_SEXAGESIMAL = 60

_SHOWN = 80
"""Characters of a line in messages."""


class Line(NamedTuple):
    """A line, or a run of them, and where it begins; which number it has is counted where somebody asks.

    A file is searched, and its cues are cut out of it: a list of all its lines would take a hundred times its size.
    """

    text: str
    start: int

    @property
    def end(self) -> int:
        """Where it is over."""
        return self.start + len(self.text)


@dataclasses.dataclass(frozen=True)
class TimedText:
    """What is said from one moment to another, in seconds from the beginning of the video or sound.

    Raises:
        InputError: The times are no finite numbers, the end lies before the start, or the text is no `str`.
    """

    start_seconds: float
    end_seconds: float
    text: str

    def __post_init__(self) -> None:
        text: object = self.text
        if not isinstance(text, str):
            msg = f"TimedText takes a text, got {text!r:.80}"
            raise InputError(msg, value=text)
        are_numbers = all(isinstance(time, numbers.Real) for time in (self.start_seconds, self.end_seconds))
        if not are_numbers or not 0 <= self.start_seconds <= self.end_seconds < math.inf:
            msg = (
                f"TimedText from {self.start_seconds!r} to {self.end_seconds!r} seconds: expected a start of at least "
                "0, and an end that is not before it"
            )
            raise InputError(msg, start_seconds=self.start_seconds, end_seconds=self.end_seconds)


def read_subtitles(path: str | Path, limits: MediaLimits) -> tuple[TimedText, ...]:
    """What a file of subtitles says, in order of time; tags, notes and styles are left out.

    Args:
        path: A file named ``.srt`` or ``.vtt``, in UTF-8, or in UTF-16 with a byte order mark.
        limits: Where it may lie; it has at most `MediaLimits.max_transcript_bytes`.

    Raises:
        InputError: It is named otherwise.
        MediaDecodeError: A cue is malformed, or the file is no text; the message names the line.
        MediaNotFoundError, MediaAccessError, MediaLimitError: It cannot be read, or the limits forbid it.
    """
    parse = PARSERS.get(Path(path).suffix.lower())
    if parse is None:
        msg = f"{str(path)!r} is no file of subtitles that is known; expected one named {' or '.join(PARSERS)}"
        raise InputError(msg, path=str(path))
    fewer = dataclasses.replace(
        limits,
        max_bytes=min(limits.max_bytes, limits.max_transcript_bytes),
    )
    return parse(_decoded(read_file(path, fewer), str(path)), str(path))


def parse_srt(text: str, name: str) -> tuple[TimedText, ...]:
    """The cues of a SubRip file; `name` is what messages call it."""
    text = _unified(text)
    timings = list(_timings(text))
    stray = _STRAY.search(text, 0, timings[0].start if timings else len(text))
    if stray is not None:
        line = Line(stray[0], stray.start())
        raise _malformed(line, "expected a line with the times of a cue, 00:00:01,000 --> 00:00:02,000", text, name)
    ends = [_without_number(text, timing.end, following.start) for timing, following in itertools.pairwise(timings)]
    return _in_order([_cue(*one, text, name) for one in zip(timings, [*ends, len(text)], strict=False)])


def parse_vtt(text: str, name: str) -> tuple[TimedText, ...]:
    """The cues of a WebVTT file; `name` is what messages call it."""
    text = _unified(text)
    head = Line(text.partition("\n")[0], 0)
    if not re.fullmatch(r"WEBVTT(?:[ \t].*)?", head.text):
        raise _malformed(head, "a WebVTT file begins with WEBVTT", text, name)
    cues: list[TimedText | None] = []
    for block in _blocks(text):
        timings = list(_timings(text, block.start, block.end))
        if block.start == 0 or (not timings and block.text.split(None, 1)[0] in _NO_CUES):
            continue
        if not timings or text.count("\n", block.start, timings[0].start) > 1:
            # They stand in the first line, or in the second after a name.
            raise _malformed(block, "expected a cue, with times like 00:01.000 --> 00:02.000", text, name)
        # A cue may follow on another without the blank line that belongs between them.
        ends = [*(timing.start for timing in timings[1:]), block.end]
        cues += [_cue(*one, text, name) for one in zip(timings, ends, strict=True)]
    return _in_order(cues)


PARSERS: Final[Mapping[str, Callable[[str, str], tuple[TimedText, ...]]]] = {".srt": parse_srt, ".vtt": parse_vtt}
"""What is read, by the end of a file's name."""


def _decoded(data: bytes, name: str) -> str:
    encoding = "utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        msg = f"{name!r}, line {line}: it is not {encoding.removesuffix('-sig').upper()}; write it anew in UTF-8"
        raise MediaDecodeError(msg, source=name, line=line) from error
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        msg = f"{name!r}, line {line}: it holds a NUL character, and so is no text; write it anew in UTF-8"
        raise MediaDecodeError(msg, source=name, line=line)
    return text


def _unified(text: str) -> str:
    """With one kind of line ends; not by str.splitlines, which also splits at what stands within a line (U+2028)."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _blocks(text: str) -> Iterator[Line]:
    """Runs of lines that are not blank."""
    start = 0
    for blank in itertools.chain(_BLANK.finditer(text), [None]):
        block = Line(text[start : len(text) if blank is None else blank.start()], start)
        if block.text.strip():
            yield block
        start = len(text) if blank is None else blank.end()


def _timings(text: str, start: int = 0, end: int | None = None) -> Iterator[Line]:
    """Lines with an arrow, from the beginning of a line on."""
    end = len(text) if end is None else end
    while (arrow := text.find("-->", start, end)) >= 0:
        begin = max(start, text.rfind("\n", start, arrow) + 1)
        stop = text.find("\n", arrow, end)
        start = end if stop < 0 else stop
        yield Line(text[begin:start], begin)


def _without_number(text: str, start: int, end: int) -> int:
    """Where a cue that lies between two lines with times is over: the last line may be the number of the next."""
    begin = text.rfind("\n", start, end - 1) + 1
    return begin if begin and _NUMBER.fullmatch(text, begin, end - 1) else end


def _cue(timing: Line, end: int, text: str, name: str) -> TimedText | None:
    """The cue that goes up to `end`, or None if nothing is said in it."""
    match = _TIMING.fullmatch(timing.text)
    if match is None:
        raise _malformed(timing, "expected times like 00:00:01.000 --> 00:00:02.000", text, name)
    starts, ends = (_seconds(match, side) for side in "01")
    if starts is None or ends is None:
        raise _malformed(timing, "minutes and seconds go up to 59", text, name)
    if ends < starts:
        raise _malformed(timing, "the cue ends before it begins", text, name)
    said = " ".join(html.unescape(_TAG.sub("", text[timing.end : end])).split())
    return TimedText(starts, ends, said) if said else None


def _seconds(match: re.Match[str], side: str) -> float | None:
    hours, minutes, seconds = (int(match[unit + side] or 0) for unit in "hms")
    fraction = (match["f" + side] or "0").ljust(6, "0")
    if minutes >= _SEXAGESIMAL or seconds >= _SEXAGESIMAL:
        return None
    whole = (hours * _SEXAGESIMAL + minutes) * _SEXAGESIMAL + seconds
    return (whole * 1_000_000 + int(fraction)) / 1_000_000


def _in_order(cues: Sequence[TimedText | None]) -> tuple[TimedText, ...]:
    return tuple(sorted((cue for cue in cues if cue is not None), key=lambda cue: cue.start_seconds))


def _malformed(line: Line, why: str, text: str, name: str) -> MediaDecodeError:
    number = text.count("\n", 0, line.start) + 1
    said = line.text.partition("\n")[0]
    shown = f"{said[:_SHOWN]!r}{'...' if len(said) > _SHOWN else ''}"
    msg = f"{name!r}, line {number}: {shown} is malformed: {why}; mend the file, or pass a list of TimedText"
    return MediaDecodeError(msg, source=name, line=number)
