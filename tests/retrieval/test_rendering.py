"""What was found, as files within a budget."""

import dataclasses
import io

import PIL.Image
import pytest
from tests.media.clips import animate, film, grey
from tests.pictures import draw_picture

from medialens.errors import InputError, UnknownReferenceError
from medialens.inputs import Image, Item, Video
from medialens.media.store import open_store
from medialens.retrieval.budget import Budget
from medialens.retrieval.rendering import ChatMedia, RenderedMedium, arender_items, render_items
from medialens.testing.contracts.checks import ABSENT

STORE = "memory://rendering"


@pytest.fixture
def pictures(tmp_path):
    """References to four pictures of 128 times 96."""
    return [
        str(open_store(STORE).register(draw_picture(tmp_path / f"{name}.png", name)))
        for name in ("red", "blue", "lime", "yellow")
    ]


def items(references):
    return [Item(Image(reference, store=STORE)) for reference in references]


def colours(rendering):
    media = [one for parts in rendering.parts for one in parts if isinstance(one, RenderedMedium)]
    return [PIL.Image.open(io.BytesIO(one.shown.data)).convert("RGB").getpixel((0, 0)) for one in media]


def test_text_and_media_stay_in_their_order(pictures):
    reference = pictures[0]
    rendering = render_items([Item("before", Image(reference, store=STORE), "after"), Item("text")])
    (before, medium, after), (text,) = rendering.parts
    assert (before, after, text, rendering.left_out) == ("before", "after", "text", ())
    assert (medium.modality, medium.medium, medium.shown.mime_type) == ("image", reference, "image/png")
    assert medium.shown.data == open_store(STORE).read(reference)


@pytest.mark.parametrize(
    ("budget", "why"),
    [
        (Budget(max_items=2), "max_items=2, of which 2 used; it needs 1"),
        (Budget(max_pixels=2 * 128 * 96), "max_pixels=24576, of which 24576 used; it needs 12288"),
    ],
)
def test_what_is_over_the_budget_is_reported_in_its_place(pictures, budget, why):
    rendering = render_items(items(pictures), budget=budget)
    assert colours(rendering) == [(255, 0, 0), (0, 0, 255)]
    assert [(one.position, one.modality, one.medium, one.why) for one in rendering.left_out] == [
        (2, "image", pictures[2], why),
        (3, "image", pictures[3], why),
    ]


def test_bytes_are_counted_as_they_are_sent(pictures):
    n_bytes = len(open_store(STORE).read(pictures[0]))
    exactly = -(-n_bytes // 3) * 4
    assert render_items(items(pictures[:1]), budget=Budget(max_bytes=exactly)).left_out == ()
    assert len(render_items(items(pictures[:1]), budget=Budget(max_bytes=exactly - 1)).left_out) == 1


def test_a_medium_that_comes_again_is_shown_once(pictures, tmp_path):
    renamed = draw_picture(tmp_path / "renamed.png", "red")  # the same bytes, and no reference
    rendering = render_items([*items([pictures[0], pictures[1], pictures[0]]), Item(Image(renamed))])
    assert colours(rendering) == [(255, 0, 0), (0, 0, 255)]
    assert [(one.position, one.why) for one in rendering.left_out] == [
        (2, "the same as in [1]"),
        (3, "the same as in [1]"),
    ]


def test_what_did_not_fit_is_not_called_the_same_as_something_shown(pictures):
    rendering = render_items(items([pictures[0], pictures[0]]), budget=Budget(max_pixels=1))
    assert {one.why for one in rendering.left_out} == {"max_pixels=1, of which 0 used; it needs 12288"}


def test_a_clip_is_shown_by_as_many_frames_as_there_is_room_for():
    reference = str(open_store(STORE).put(animate([grey(level) for level in range(0, 200, 20)], duration=100)))
    clip = Item(Video(reference, store=STORE, start_seconds=0.0))
    for n_frames, max_items, expected in ((4, 20, 4), (4, 3, 3), (2, None, 2)):
        rendering = render_items([clip], chat=ChatMedia(n_frames=n_frames), budget=Budget(max_items=max_items))
        (parts,) = rendering.parts
        assert [(one.modality, one.shown.mime_type) for one in parts] == [("image", "image/jpeg")] * expected
        times = [one.shown.at_seconds for one in parts]
        assert times == sorted(set(times))


def test_a_clip_is_handed_over_where_the_model_takes_clips_and_a_long_window_by_its_frames():
    data = film([grey(40)] * 10 + [grey(200)] * 10, fps=10)
    reference = open_store(STORE).put(data)
    window = dataclasses.replace(reference, start_seconds=1.0, end_seconds=1.5)
    items = [Item(Video(str(one), store=STORE)) for one in (reference, window)]
    whole, part = render_items(items, chat=ChatMedia(video="block")).parts
    assert [(one.modality, one.shown.data) for one in whole] == [("video", data)]
    assert [(one.modality, one.shown.mime_type) for one in part] == [("video", "video/mp4")]
    _, part = render_items(items, chat=ChatMedia(video="block", max_clip_seconds=0.4)).parts
    assert {one.modality for one in part} == {"image"}


def test_a_file_that_is_too_large_is_left_out_before_it_is_read():
    data = film([grey(40)] * 10)
    item = Item(Video(str(open_store(STORE).put(data)), store=STORE))
    rendering = render_items([item], chat=ChatMedia(video="block"), budget=Budget(max_bytes=100))
    assert rendering.parts == ((),)
    assert rendering.left_out[0].why.startswith("max_bytes=100, of which 0 used; it needs")


def test_what_the_model_does_not_take_is_left_out(pictures):
    for kind, item in (("image", Item(Image(pictures[0], store=STORE))), ("video", Item(Video("absent.mp4")))):
        rendering = render_items([item], chat=ChatMedia(**{kind: "omit"}))
        assert rendering.parts == ((),)
        assert rendering.left_out[0].why == f"{kind}='omit'"


def test_nothing_is_read_that_there_is_no_room_for():
    rendering = render_items([Item(Image(str(ABSENT), store=STORE))], budget=Budget(max_items=0))
    assert rendering.left_out[0].why == "max_items=0, of which 0 used; it needs 1"


def test_a_medium_that_is_gone_is_an_error_with_its_position_or_a_note(pictures):
    found = [*items(pictures[:1]), Item("caption", Image(str(ABSENT), store=STORE))]
    with pytest.raises(UnknownReferenceError, match=ABSENT.digest) as caught:
        render_items(found)
    assert caught.value.index == 1
    rendering = render_items(found, errors="note")
    assert rendering.parts[1] == ("caption",)
    (left_out,) = rendering.left_out
    assert (left_out.position, left_out.medium, left_out.why) == (1, str(ABSENT), "it cannot be read")
    assert isinstance(left_out.error, UnknownReferenceError)


async def test_the_asynchronous_road_gives_the_same(pictures):
    there = await arender_items(items(pictures), budget=Budget(max_items=3))
    here = render_items(items(pictures), budget=Budget(max_items=3))
    assert there == here


def test_an_unknown_choice_is_refused():
    with pytest.raises(InputError, match="video='film' is none of frames, block, omit"):
        ChatMedia(video="film")
