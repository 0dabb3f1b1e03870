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
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from medialens.errors import InputError, MediaDecodeError
from medialens.media.access.files import read_file
from medialens.media.limits import MediaLimits

_TIME = r"(?:(?P<h{0}>\d{{1,4}}):)?(?P<m{0}>\d{{1,2}}):(?P<s{0}>\d{{1,2}})(?:[.,](?P<f{0}>\d{{1,6}}))?"
_TIMING = re.compile(rf"\s*{_TIME.format(0)}\s*-->\s*{_TIME.format(1)}(?:\s.*)?", re.ASCII)
_NUMBER = re.compile(r"\s*\d+\s*", re.ASCII)
# Tags of WebVTT (<v Ann>, <c.loud>, <00:00:01.000>) and of SubRip (<i>, <font color="...">, {\an8}); not "3 < 4".
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|</?\d[\d:.]*>|</>|\{\\[^{}]*\}")
_NO_CUES = ("NOTE", "STYLE", "REGION")
_SEXAGESIMAL = 60

Line = tuple[int, str]
"""Its number, from 1, and what stands there."""


@dataclasses.dataclass(frozen=True)
class TimedText:
    """What is said from one moment to another, in seconds from the beginning of the video or sound.

    Raises:
        InputError: The times are no finite numbers, or the end lies before the start.
    """

    start_seconds: float
    end_seconds: float
    text: str

    def __post_init__(self) -> None:
        if not 0 <= self.start_seconds <= self.end_seconds < math.inf:
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
    lines = _lines(text)
    timings = [at for at, (_, line) in enumerate(lines) if "-->" in line]
    for line in lines[: timings[0] if timings else len(lines)]:
        if line[1].strip() and not _NUMBER.fullmatch(line[1]):
            raise _malformed(line, "expected a line with the times of a cue, 00:00:01,000 --> 00:00:02,000", name)
    cues = []
    for at, following in itertools.pairwise([*timings, len(lines)]):
        body = lines[at + 1 : following]
        if following < len(lines) and body and _NUMBER.fullmatch(body[-1][1]):
            body = body[:-1]  # the number of the next cue
        cues.append(_cue(lines[at], body, name))
    return _in_order(cues)


def parse_vtt(text: str, name: str) -> tuple[TimedText, ...]:
    """The cues of a WebVTT file; `name` is what messages call it."""
    lines = _lines(text)
    if not re.fullmatch(r"WEBVTT(?:[ \t].*)?", lines[0][1]):
        raise _malformed(lines[0], "a WebVTT file begins with WEBVTT", name)
    cues = []
    for number, block in enumerate(_blocks(lines)):
        timed = [at for at, (_, line) in enumerate(block) if "-->" in line]
        is_header = number == 0
        if is_header or (not timed and block[0][1].split()[0] in _NO_CUES):
            continue
        if not timed or timed[0] > 1:  # the times stand in the first line, or in the second after a name
            raise _malformed(block[0], "expected a cue, with times like 00:01.000 --> 00:02.000", name)
        # A cue may follow on another without the blank line that belongs between them.
        for at, following in itertools.pairwise([*timed, len(block)]):
            cues.append(_cue(block[at], block[at + 1 : following], name))
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


def _lines(text: str) -> list[Line]:
    # Not str.splitlines, which also splits at characters that stand within a line, such as U+2028.
    return list(enumerate(re.split(r"\r\n|\r|\n", text.removeprefix("\ufeff")), start=1))


def _blocks(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Runs of lines that are not blank."""
    block: list[Line] = []
    for line in [*lines, (0, "")]:
        if line[1].strip():
            block.append(line)
        elif block:
            yield block
            block = []


def _cue(timing: Line, body: Sequence[Line], name: str) -> TimedText | None:
    """The cue, or None if nothing is said in it."""
    match = _TIMING.fullmatch(timing[1])
    if match is None:
        raise _malformed(timing, "expected times like 00:00:01.000 --> 00:00:02.000", name)
    start, end = (_seconds(match, side) for side in "01")
    if start is None or end is None:
        raise _malformed(timing, "minutes and seconds go up to 59", name)
    if end < start:
        raise _malformed(timing, "the cue ends before it begins", name)
    said = " ".join(html.unescape(_TAG.sub("", " ".join(line for _, line in body))).split())
    return TimedText(start, end, said) if said else None


def _seconds(match: re.Match[str], side: str) -> float | None:
    hours, minutes, seconds = (int(match[unit + side] or 0) for unit in "hms")
    fraction = (match["f" + side] or "0").ljust(6, "0")
    if minutes >= _SEXAGESIMAL or seconds >= _SEXAGESIMAL:
        return None
    whole = (hours * _SEXAGESIMAL + minutes) * _SEXAGESIMAL + seconds
    return (whole * 1_000_000 + int(fraction)) / 1_000_000


def _in_order(cues: Sequence[TimedText | None]) -> tuple[TimedText, ...]:
    return tuple(sorted((cue for cue in cues if cue is not None), key=lambda cue: cue.start_seconds))


def _malformed(line: Line, why: str, name: str) -> MediaDecodeError:
    number, text = line
    msg = f"{name!r}, line {number}: {text!r:.100} is malformed: {why}; mend the file, or pass a list of TimedText"
    return MediaDecodeError(msg, source=name, line=number)
