import dataclasses
import uuid

import numpy as np
import pytest
from tests.media.clips import animate

from medialens import Encoder, Image, Video
from medialens.errors import InputError, MediaError
from medialens.media.segment.clips import split_clips
from medialens.media.segment.subtitles import TimedText
from medialens.media.store import MediaStore
from medialens.retrieval.finding import EncodedSegments, encode_segments, find_parts
from medialens.scoring.fusion import RRF_K
from medialens.testing.fake_model import COLORS, MEDIA, fake_models

SHOTS = ["red", "red", "green", "blue", "white", "yellow", "blue", "magenta"]
"""The colour of each second."""


def coloured(name):
    levels = np.asarray(COLORS[name], np.float64) * 127.5 + 127.5
    return np.broadcast_to(levels, (12, 16, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    path = tmp_path_factory.mktemp("film") / "film.png"
    path.write_bytes(animate([coloured(name) for name in SHOTS for _ in range(2)], "PNG", duration=500))
    return path


@pytest.fixture
def encoder():
    with fake_models(modalities=MEDIA):
        yield Encoder("any")


def seconds(film, **options):
    options = {"window_seconds": 1, "overlap_seconds": 0, "store": f"memory://{uuid.uuid4()}"} | options
    return split_clips(film, **options)


def windows(hits):
    return [(hit.reference.start_seconds, hit.reference.end_seconds) for hit in hits]


def test_neighbouring_windows_that_fit_are_one_part(film, encoder):
    segments = seconds(film)
    encoded = encode_segments(segments, encoder)

    hits = find_parts("red", encoded, encoder, top_n=2, gap_seconds=0.5)

    assert windows(hits) == [(0, 2), (5, 6)]  # yellow has some red in it, and is not far from it
    assert hits[0].score == pytest.approx(1.0)
    assert hits[0].source == str(film)
    assert hits[0].thumbnail == segments[hits[0].key].thumbnail
    assert hits[0].parent == segments[0].parent
    assert windows(find_parts("blue", encoded, encoder, top_n=2)) == [(3, 4), (6, 7)]


def test_a_picture_or_a_clip_is_a_query_as_well(film, encoder):
    encoded = encode_segments(seconds(film), encoder)
    assert windows(find_parts(Image(coloured("green")), encoded, encoder, top_n=1)) == [(2, 3)]
    assert windows(find_parts(Video(str(film), start_seconds=5, end_seconds=6), encoded, encoder, top_n=1)) == [(5, 6)]


def test_what_is_said_is_found_and_fused_by_rank(film, encoder):
    said = [TimedText(1.2, 1.8, "hello everyone"), TimedText(4.2, 4.8, "the quarterly report")]
    encoded = encode_segments(seconds(film, transcript=said), encoder)

    (spoken,) = find_parts("quarterly report", encoded, encoder, top_n=1)
    (both,) = find_parts("red hello", encoded, encoder, top_n=1)

    assert windows([spoken, both]) == [(4, 5), (1, 2)]
    assert spoken.text == "the quarterly report"
    assert spoken.score == pytest.approx(1 / (RRF_K + 1))  # nothing that is seen fits better than the rest
    assert both.text == "hello everyone"
    assert both.score == pytest.approx(1 / (RRF_K + 2) + 1 / (RRF_K + 1))  # the second of two equally red seconds


@pytest.mark.parametrize("others", [[], [TimedText(0.0, 0.9, "hello everyone")]])
def test_what_is_said_in_several_windows_that_overlap_is_found(film, encoder, others):
    """It counts once in what is usual: most windows in which something is said may have it."""
    said = [*others, TimedText(4.2, 4.8, "the quarterly report")]
    segments = seconds(film, window_seconds=2, overlap_seconds=1.5, transcript=said)
    encoded = encode_segments(segments, encoder)
    assert sum("report" in segment.text for segment in segments) > sum("hello" in segment.text for segment in segments)

    (spoken,) = find_parts("quarterly report", encoded, encoder, top_n=1)

    assert "the quarterly report" in spoken.text
    assert spoken.reference.start_seconds <= 4.2
    assert spoken.reference.end_seconds >= 4.8


def test_weights_decide_between_what_is_seen_and_what_is_said(film, encoder):
    said = [TimedText(4.2, 4.8, "blue")]
    encoded = encode_segments(seconds(film, transcript=said), encoder)

    def best(**options):
        return windows(find_parts("blue", encoded, encoder, top_n=1, **options))

    assert best(weights=(1, 0)) == [(3, 4)]
    assert best(weights=(0, 1)) == [(4, 5)]


def test_a_window_that_cannot_be_looked_at_fails_alone(film, encoder):
    segments = seconds(film)
    gone = dataclasses.replace(segments[2].reference, start_seconds=100.0, end_seconds=101.0)
    segments[2] = dataclasses.replace(segments[2], reference=gone)

    with pytest.raises(MediaError, match="item 2: "):
        encode_segments(segments, encoder)
    encoded = encode_segments(segments, encoder, errors="return")

    assert list(encoded.errors) == [2]
    assert encoded.errors[2].index == 2
    assert windows(find_parts("red", encoded, encoder, top_n=1)) == [(0, 2)]
    assert 2 not in [hit.key for hit in find_parts("green", encoded, encoder, top_n=None)]


def test_vectors_may_be_kept_and_used_again(film, encoder):
    segments = seconds(film)
    encoded = encode_segments(segments, encoder)
    again = EncodedSegments(segments=segments, seen=encoded.seen.copy(), said=encoded.said.copy())
    assert find_parts("green", again, encoder) == find_parts("green", encoded, encoder)
    with pytest.raises(InputError, match="8 segments need as many vectors"):
        EncodedSegments(segments=segments, seen=encoded.seen[:3], said=encoded.said)


def test_nothing_to_search_in(encoder):
    encoded = encode_segments([], encoder)
    assert find_parts("red", encoded, encoder) == []


def test_arguments_are_checked(film, encoder):
    encoded = encode_segments(seconds(film), encoder)
    with pytest.raises(InputError, match="expected one query, got 2"):
        find_parts(["red", "blue"], encoded, encoder)
    with pytest.raises(InputError, match="relative_threshold"):
        find_parts("red", encoded, encoder, relative_threshold=2.0)
    assert find_parts("red", encoded, encoder, top_n=0) == []
    every = find_parts("red", encoded, encoder, top_n=None, gap_seconds=0.0)
    assert sum(end - start for start, end in windows(every)) == 8


def test_many_files_are_searched_at_once(film, encoder, tmp_path):
    other = tmp_path / "other.gif"
    other.write_bytes(animate([coloured("cyan"), coloured("black")], duration=1000))
    store = MediaStore(f"memory://{uuid.uuid4()}")
    segments = [*seconds(film, store=store), *seconds(other, store=store)]

    (hit,) = find_parts("cyan", encode_segments(segments, encoder), encoder, top_n=1)

    assert (hit.source, windows([hit])) == (str(other), [(0, 1)])
