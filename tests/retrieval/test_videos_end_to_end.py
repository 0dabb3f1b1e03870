"""Find the part where ...: a film of sixty scenes, twenty queries, the embedded model, and a clip to play."""

import numpy as np
import pytest
from tests.retrieval.long_film import long_film, write_film

from medialens import Encoder, Video
from medialens.media.clip_export import export_clip
from medialens.media.segment.clips import split_clips
from medialens.media.segment.subtitles import TimedText
from medialens.media.store import MediaStore
from medialens.retrieval.finding import encode_segments, find_parts

av = pytest.importorskip("av", reason="PyAV is not installed: pip install 'medialens[video]'")
pytestmark = pytest.mark.slow

SHOWN = long_film()
ASKED = [shown for shown in SHOWN if shown.query]
SAID = {
    4: ("and here is a list of all costs", "costs"),
    12: ("this is about a big yellow house by day", "a yellow house"),
    21: ("the login page is easy to use", "login page"),
    37: ("the settings page has many switches", "settings page"),
    49: ("there was an error message", "error message"),
    56: ("the sales are rising, as the bar chart shows", "a bar chart of rising sales"),
}
"""Number of the scene while which something is said that is not seen, and what is typed to find it."""


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    write_film(path, SHOWN)
    return path


@pytest.fixture(scope="module")
def store():
    return MediaStore("memory://end-to-end")


@pytest.fixture(scope="module")
def encoder():
    return Encoder("demo")


@pytest.fixture(scope="module")
def windows(path, store, encoder):
    return encode_segments(split_clips(path, store=store, window_seconds=2, overlap_seconds=1), encoder)


def overlap(hit, shown):
    """Length of what the hit and the scene share over that of what they cover: intersection over union."""
    start, end = hit.reference.start_seconds, hit.reference.end_seconds
    shared = max(0.0, min(end, shown.end) - max(start, shown.start))
    return shared / (max(end, shown.end) - min(start, shown.start))


def measure(encoded, encoder, how):
    overlaps = [overlap(find_parts(shown.query, encoded, encoder, top_n=1)[0], shown) for shown in ASKED]
    recall, median = np.mean([share > 0 for share in overlaps]), np.median(overlaps)
    print(f"{how}: {len(encoded.segments)} segments, recall@1 {recall:.2f}, median IoU {median:.2f}")
    missed = [shown.query for shown, share in zip(ASKED, overlaps, strict=True) if share == 0]
    return recall, median, missed


def test_the_film_is_new_to_the_model():
    assert len(SHOWN) == len({shown.scene.key for shown in SHOWN}) == 60
    assert len(ASKED) == 20
    assert all(shown.scene.held_out for shown in SHOWN)


def test_windows_find_the_scene(windows, encoder):
    recall, median, missed = measure(windows, encoder, "windows of 2 seconds")
    assert recall >= 0.8, missed
    assert median >= 0.5


def test_scenes_find_the_scene(path, store, encoder):
    pytest.importorskip("scenedetect", reason="PySceneDetect is not installed: pip install 'medialens[scenes]'")
    encoded = encode_segments(split_clips(path, store=store, scenes=True), encoder)
    recall, median, missed = measure(encoded, encoder, "scenes")
    assert recall >= 0.8, missed
    assert median >= 0.5


@pytest.mark.parametrize("exact", [True, False])
def test_what_is_found_can_be_played_and_shows_the_scene(windows, encoder, store, tmp_path, exact):
    shown = next(one for one in ASKED if one.query == "a purple flower")
    hit = find_parts(shown.query, windows, encoder, top_n=1)[0]

    clip = export_clip(Video(hit.reference, store=store), tmp_path / "found.mp4", exact=exact)

    with av.open(str(clip.path)) as container:
        frames = [(float(frame.time), frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]
    assert clip.start_seconds <= hit.reference.start_seconds
    assert frames[0][0] == 0
    assert frames[-1][0] + 0.1 == pytest.approx(clip.end_seconds - clip.start_seconds, abs=0.06)
    if exact:
        assert (clip.start_seconds, clip.end_seconds) == (hit.reference.start_seconds, hit.reference.end_seconds)
    drawn = shown.frames()[0].astype(int)
    alike = [
        np.abs(pixels - drawn).mean() < 12
        for time, pixels in frames
        if shown.start + 0.1 <= clip.start_seconds + time <= shown.end - 0.1
    ]
    assert len(alike) >= 10
    assert all(alike)


def test_a_hit_has_a_picture_of_the_scene(windows, encoder, store):
    shown = next(one for one in ASKED if one.query == "a red fish")
    hit = find_parts(shown.query, windows, encoder, top_n=1)[0]
    picture = encoder.encode_documents(_image(hit.thumbnail, store))
    queries = encoder.encode_queries([one.query for one in ASKED])
    assert int(encoder.similarity(queries, picture)[:, 0].argmax()) == ASKED.index(shown)


def test_what_is_said_finds_the_part_and_what_is_seen_is_still_found(path, store, encoder):
    said = [TimedText(SHOWN[at].start + 0.2, SHOWN[at].end - 0.2, text) for at, (text, _) in SAID.items()]
    segments = split_clips(path, store=store, window_seconds=2, overlap_seconds=1, transcript=said, thumbnails=False)
    encoded = encode_segments(segments, encoder)

    found = {at: find_parts(query, encoded, encoder, top_n=1)[0] for at, (_, query) in SAID.items()}
    overlaps = {at: overlap(hit, SHOWN[at]) for at, hit in found.items()}
    recall, median, missed = measure(encoded, encoder, "with a transcript")

    print(f"said: {sum(share > 0 for share in overlaps.values())} of {len(SAID)}, IoU {list(overlaps.values())}")
    assert np.mean([share > 0 for share in overlaps.values()]) >= 0.8
    assert np.median(list(overlaps.values())) >= 0.5
    assert all(SAID[at][0] in hit.text for at, hit in found.items() if overlaps[at] > 0)
    assert recall >= 0.8, missed
    assert median >= 0.5


def _image(reference, store):
    from medialens import Image

    return Image(str(reference), store=store)
