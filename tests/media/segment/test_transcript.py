import re
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medialens.errors import InputError, MediaDecodeError, MediaLimitError, MediaNotFoundError
from medialens.media.limits import MediaLimits
from medialens.media.segment import transcript as transcripts
from medialens.media.segment.subtitles import TimedText
from medialens.media.segment.transcript import find_beside, read_transcript, said_in

LIMITS = MediaLimits()
SRT = "00:01,000 --> 00:02,000\nhello\n"
WINDOWS = [(0.0, 10.0), (10.0, 20.0), (20.0, 30.0)]


@pytest.mark.parametrize(
    ("start", "end", "where"),
    [
        (2.0, 4.0, [0]),
        (9.0, 11.0, [0, 1]),  # half on either side
        (8.0, 11.0, [0]),
        (9.5, 12.0, [1]),
        (10.0, 10.0, [1]),
        (5.0, 25.0, [0, 1, 2]),  # fills half of the first and the last
        (6.0, 24.0, [1]),
        (29.0, 45.0, [2]),  # goes on after the end
        (30.0, 31.0, []),
    ],
)
def test_a_text_belongs_where_it_is_said(start, end, where):
    said = said_in(WINDOWS, [TimedText(start, end, "word")])
    assert [at for at, text in enumerate(said) if text] == where


def test_texts_of_a_window_are_joined_in_order():
    transcript = [TimedText(1.0, 2.0, "one"), TimedText(1.5, 5.0, "two"), TimedText(12.0, 13.0, "three")]
    assert said_in(WINDOWS, transcript) == ["one two", "three", ""]
    assert said_in(WINDOWS, []) == ["", "", ""]
    assert said_in([], transcript) == []


def test_a_long_text_is_not_repeated_without_end(monkeypatch):
    windows = [(float(at), float(at + 1)) for at in range(1000)]
    monkeypatch.setattr(transcripts, "MAX_CHARACTERS", 100_000)
    assert said_in(windows, [TimedText(0, 1000, "x" * 99)]) == ["x" * 99] * 1000
    with pytest.raises(MediaLimitError, match="repeated in every window; divide them") as caught:
        said_in(windows, [TimedText(0, 1000, "x" * 100)])
    assert caught.value.limit == "MAX_CHARACTERS"


TIMES = st.tuples(st.integers(0, 600), st.integers(0, 200)).map(lambda at: (at[0] / 4, (at[0] + at[1]) / 4))
SPANS = TIMES.filter(lambda span: span[0] < span[1])


@given(st.lists(SPANS, min_size=1, max_size=8), st.lists(TIMES, max_size=8))
def test_no_text_is_lost_that_is_said_while_a_window_is_open(windows, times):
    transcript = [TimedText(*span, f"<{at}>") for at, span in enumerate(sorted(times))]

    said = said_in(windows, transcript)

    for at, cue in enumerate(transcript):
        end = max(cue.end_seconds, cue.start_seconds + 0.001)
        shared = [min(end, window[1]) - max(cue.start_seconds, window[0]) for window in windows]
        has = [f"<{at}>" in text for text in said]
        assert any(has) == (max(shared) > 0)
        for time, window, is_there in zip(shared, windows, has, strict=True):
            assert time > 0 or not is_there
            lies_within = window[0] <= cue.start_seconds and end <= window[1]
            assert is_there or not lies_within


def test_subtitles_are_found_beside_the_file(tmp_path):
    def beside(*names):
        folder = tmp_path / "-".join(names)
        folder.mkdir()
        for name in names:
            (folder / name).write_text("")
        return find_beside(folder / "film.mp4").name

    assert beside("film.mp4", "film.srt", "film.en.srt", "films.srt") == "film.srt"
    assert beside("film.srt", "film.vtt") == "film.vtt"
    assert beside("film.mp4", "film.pt-BR.vtt", "other.srt") == "film.pt-BR.vtt"
    assert beside("FILM.SRT") == "FILM.SRT"
    with pytest.raises(InputError, match=r"film\.de\.srt, film\.en\.srt; pass the path"):
        beside("film.de.srt", "film.en.srt")
    with pytest.raises(MediaNotFoundError, match=r"looked for film\.srt, film\.vtt"):
        beside("film.mp4", "film2.srt", "film.srt.bak", "film.a.b.srt")
    with pytest.raises(MediaNotFoundError, match="cannot be searched"):
        find_beside(tmp_path / "no folder" / "film.mp4")


def test_a_transcript_comes_in_several_ways(tmp_path):
    subtitles = tmp_path / "film.srt"
    subtitles.write_text(SRT)
    expected = (TimedText(1.0, 2.0, "hello"),)

    assert read_transcript("beside", tmp_path / "film.mp4", LIMITS) == expected
    assert read_transcript(subtitles, "anywhere.mp4", LIMITS) == expected
    assert read_transcript(str(subtitles), "anywhere.mp4", LIMITS) == expected
    of_whisper = [{"id": 0, "start": 1.0, "end": 2.0, "text": "hello"}]
    assert read_transcript(of_whisper, "anywhere.mp4", LIMITS) == expected
    assert read_transcript([SimpleNamespace(**of_whisper[0])], "anywhere.mp4", LIMITS) == expected
    unordered = [TimedText(5.0, 6.0, "b"), TimedText(1.0, 2.0, "a")]
    assert read_transcript(unordered, "anywhere.mp4", LIMITS) == tuple(reversed(unordered))


@pytest.mark.parametrize("name", ["https://example.com/film.mp4", "<media://sha256/0?type=video/mp4>"])
def test_nothing_lies_beside_what_is_no_file(name):
    with pytest.raises(MediaNotFoundError, match="no file with others beside it; pass the path of its subtitles"):
        read_transcript("beside", name, LIMITS)


@pytest.mark.parametrize(
    "transcript", [["words"], [(1.0, 2.0, "words")], 3, [{"start": 1.0, "text": "words"}], [TimedText(0, 1, "a"), None]]
)
def test_what_is_no_transcript(transcript):
    with pytest.raises(InputError, match=re.escape("is not 'beside', the path of a .srt or .vtt file")):
        read_transcript(transcript, "film.mp4", LIMITS)


def test_errors_of_the_file_are_told(tmp_path):
    (tmp_path / "film.srt").write_text("no times")
    with pytest.raises(MediaDecodeError, match="line 1"):
        read_transcript("beside", tmp_path / "film.mp4", LIMITS)
