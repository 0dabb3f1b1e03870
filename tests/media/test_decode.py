import dataclasses
import hashlib
import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import PIL.Image
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.media.clips import animate, grey, levels, seen
from tests.media.encoding import encode, exif, noise

from medialens.errors import (
    InputError,
    MediaDecodeError,
    MediaError,
    MediaLimitError,
    MediaNotFoundError,
    UnknownReferenceError,
    UnsupportedModalityError,
)
from medialens.inputs import Audio, Image, Item, Text, Video
from medialens.media.decode import decode, resolve
from medialens.media.decoded import DecodedImage, MediaNeeds
from medialens.media.limits import MediaLimits
from medialens.media.reference import MediaReference
from medialens.media.store import MediaStore

LIMITS = MediaLimits()
NEEDS = MediaNeeds(modalities=("text", "image"))
PNG = encode(noise(6, 8))
KNOWN = levels(8)
FRAMES = np.stack([grey(level, 6, 8) for level in KNOWN])
GIF = animate(FRAMES)  # of 0.8 seconds
SEES = MediaNeeds(modalities=("text", "image", "video"), n_frames=2)


def digest(*parts):
    return resolve(Item(*parts), LIMITS).digest


def decoded(*parts):
    return decode(resolve(Item(*parts), LIMITS), NEEDS, LIMITS)


@pytest.fixture
def store(tmp_path):
    return MediaStore(tmp_path / "store")


def test_parts_come_back_decoded_in_reading_order():
    item = decoded("before", Image(PNG), "after", Image(noise(3, 3)))
    assert [part.modality for part in item.parts] == ["text", "image", "text", "image"]
    assert item.text == "before after"
    assert [np.array_equal(one.pixels, noise(*one.pixels.shape[:2])) for one in item.images] == [True, True]


def test_a_string_is_text_even_if_it_names_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cat.png").write_bytes(PNG)
    for text in ("cat.png", "https://example.com/cat.png", "data:image/png;base64,AAAA"):
        assert decoded(text).parts == (Text(text),)


# The digest: what is the same to every model ----------------------------------------------------------------------


def test_the_digest_is_of_the_content_not_of_the_way_to_it(tmp_path, store):
    (tmp_path / "a.png").write_bytes(PNG)
    reference = store.put(PNG)
    spelled = [PNG, io.BytesIO(PNG), tmp_path / "a.png", (tmp_path / "a.png").as_uri()]
    digests = {digest(Image(source)) for source in spelled}
    digests |= {digest(Image(source, store=store)) for source in (reference, str(reference))}
    digests |= {digest(Image(dataclasses.replace(reference, mime_type="image/x-png"), store=store))}
    assert len(digests) == 1


def test_pictures_given_as_pixels_are_the_same_if_their_pixels_are():
    pixels = noise(6, 8)
    assert len({digest(Image(one)) for one in (pixels, PIL.Image.fromarray(pixels), torch.tensor(pixels))}) == 1


texts = st.lists(st.text(max_size=5), min_size=1, max_size=4)


@given(texts, texts)
def test_items_of_text_have_the_same_digest_only_if_they_are_the_same(one, other):
    assert (digest(*one) == digest(*other)) == (one == other)


def test_order_kind_and_content_all_count():
    other = encode(noise(6, 8, seed=1))
    items = [
        ("a", Image(PNG)),
        (Image(PNG), "a"),
        (Image(PNG),),
        (Image(other),),
        (Image(PNG), Image(other)),
        (Image(other), Image(PNG)),
        (Image(PNG), Image(PNG)),
        (Audio(PNG),),
        (Video(PNG),),
        (Video(PNG, start_seconds=1),),
        (Video(PNG, end_seconds=1),),
        (hashlib.sha256(PNG).hexdigest(),),
        ("a", "b"),
        ("ab",),
        ("a b",),
        ("",),
    ]
    assert len({digest(*parts) for parts in items}) == len(items)


def test_text_with_half_a_character_says_where():
    with pytest.raises(InputError, match="position 2") as caught:
        resolve(Item("ab\ud800"), LIMITS)
    assert caught.value.position == 2
    assert resolve(Item(caught.value.text.encode("utf-8", "replace").decode()), LIMITS).digest  # the advice


def test_resolving_reads_but_does_not_decode():
    resolved = resolve(Item(Image(b"no picture at all"), "words"), LIMITS)
    assert resolved.modalities == ("text", "image")
    with pytest.raises(MediaDecodeError):
        decode(resolved, NEEDS, LIMITS)


def test_an_array_that_changes_after_it_was_resolved_changes_nothing():
    array = noise(6, 8)
    resolved = resolve(Item(Image(array)), LIMITS)
    array[:] = 0
    assert np.array_equal(decode(resolved, NEEDS, LIMITS).images[0].pixels, noise(6, 8))


# Parts of pictures ------------------------------------------------------------------------------------------------


def part_of(reference: MediaReference, **selected) -> MediaReference:
    return dataclasses.replace(reference, **selected)


def test_a_box_selects_pixels_of_the_upright_picture(store):
    upright = noise(5, 7)
    lying = encode(np.ascontiguousarray(upright[:, ::-1].transpose(1, 0, 2)), exif=exif(6))
    reference = store.put(lying)
    whole = decoded(Image(reference, store=store)).images[0]
    assert np.array_equal(whole.pixels, upright)
    box = part_of(reference, box=(1, 2, 4, 3))
    for source in (box, str(box)):
        cropped = decoded(Image(source, store=store)).images[0]
        assert np.array_equal(cropped.pixels, upright[2:5, 1:5])
        assert cropped.pixels.flags["C_CONTIGUOUS"]
        assert cropped.digest != whole.digest


def test_each_part_has_a_digest_of_its_own(store):
    reference = store.put(PNG)
    selected = [{}, {"box": (0, 0, 8, 6)}, {"box": (0, 0, 8, 5)}, {"page": 1}, {"start_seconds": 0, "end_seconds": 1}]
    digests = {digest(Image(part_of(reference, **fields), store=store)) for fields in selected}
    assert len(digests) == len(selected)


@pytest.mark.parametrize("box", [(0, 0, 9, 6), (0, 0, 8, 7), (8, 0, 1, 1), (7, 5, 2, 1)])
def test_a_box_beyond_the_picture(store, box):
    reference = part_of(store.put(PNG), box=box)
    with pytest.raises(MediaError, match="8x6"):
        decoded(Image(reference, store=store))


def test_a_window_of_time_is_not_selected_of_a_picture(store):
    reference = part_of(store.put(PNG), start_seconds=1, end_seconds=2)
    with pytest.raises(UnsupportedModalityError, match="a window of time") as caught:
        decoded(Image(reference, store=store))
    assert str(reference) in str(caught.value)


# Clips -----------------------------------------------------------------------------------------------------------


def watched(*parts, needs=SEES, limits=LIMITS):
    return decode(resolve(Item(*parts), limits), needs, limits).videos


def test_clips_come_as_the_frames_that_the_model_looks_at():
    (clip,) = watched("words", Video(GIF), Image(PNG))
    assert seen(clip.frames, KNOWN) == [2, 6]
    assert clip.times_seconds == pytest.approx((0.2, 0.6))
    assert seen(watched(Video(GIF), needs=dataclasses.replace(SEES, n_frames=4))[0].frames, KNOWN) == [1, 3, 5, 7]


def test_the_same_window_is_the_same_clip_however_it_is_named(store):
    reference = store.put(GIF)
    window = dataclasses.replace(reference, start_seconds=0.2, end_seconds=0.6)
    ways = (
        Video(GIF, start_seconds=0.2, end_seconds=0.6),
        Video(reference, store=store, start_seconds=0.2, end_seconds=0.6),
        Video(window, store=store),
        Video(str(window), store=store),
    )
    assert {digest(way) for way in ways} == {digest(ways[0])}
    assert len({digest(way) for way in (*ways, Video(GIF), Image(GIF), Video(GIF, end_seconds=0.6))}) == 4
    for way in ways:
        assert seen(watched(way)[0].frames, KNOWN) == [3, 5]


def test_all_of_a_clip_is_one_window():
    assert digest(Video(GIF)) == digest(Video(GIF, start_seconds=0)) == digest(Video(GIF, start_seconds=0.0))


def test_frames_in_memory():
    (clip,) = watched(Video(FRAMES, fps=10, start_seconds=0.2, end_seconds=0.6))
    assert seen(clip.frames, KNOWN) == [3, 5]
    same = {"array": torch.from_numpy(FRAMES), "video_metadata": {"fps": 10}}
    assert digest(Video(same)) == digest(Video(list(FRAMES), fps=10))
    assert digest(Video(same)) != digest(Video(FRAMES, fps=20))
    assert digest(Video(same)) != digest(Video(same, end_seconds=0.5))


def test_frames_that_change_after_they_were_resolved_change_nothing():
    mine = FRAMES.copy()
    resolved = resolve(Item(Video(mine)), LIMITS)
    mine[:] = 0
    assert seen(decode(resolved, SEES, LIMITS).videos[0].frames, KNOWN) == [2, 6]


def test_a_window_of_frames_needs_their_rate():
    with pytest.raises(InputError, match=r"without fps.*Video\(\.\.\., fps=\.\.\.\)"):
        resolve(Item(Video(FRAMES, start_seconds=1)), LIMITS)


def test_a_file_needs_no_rate():
    with pytest.raises(InputError, match="a file says itself"):
        resolve(Item(Video(GIF, fps=10)), LIMITS)


def test_one_window_is_enough(store):
    reference = dataclasses.replace(store.put(GIF), start_seconds=0.2, end_seconds=0.6)
    with pytest.raises(InputError, match="has a window of its own"):
        resolve(Item(Video(reference, store=store, start_seconds=0.1)), LIMITS)


@pytest.mark.parametrize("selected", [{"page": 1}, {"box": (0, 0, 2, 2)}])
def test_of_a_clip_only_time_can_be_selected(store, selected):
    reference = dataclasses.replace(store.put(GIF), **selected)
    with pytest.raises(UnsupportedModalityError, match="only t= can be selected"):
        resolve(Item(Video(reference, store=store)), LIMITS)


def test_a_window_that_is_not_there():
    with pytest.raises(MediaError, match=r"lasts 0\.800 seconds, and its window begins at 5\.000"):
        watched(Video(GIF, start_seconds=5))


def test_a_model_of_pictures_takes_no_clips():
    with pytest.raises(UnsupportedModalityError, match="does not take video"):
        watched(Video(GIF), needs=NEEDS)


# What goes wrong --------------------------------------------------------------------------------------------------


def test_a_kind_that_the_model_does_not_take():
    for needs, part, kind in (
        (MediaNeeds(modalities=("text",)), Image(PNG), "image"),
        (MediaNeeds(modalities=("image",)), Text("words"), "text"),
        (NEEDS, Audio(b"RIFF"), "audio"),
    ):
        with pytest.raises(UnsupportedModalityError, match=kind) as caught:
            decode(resolve(Item(part), LIMITS), needs, LIMITS)
        assert caught.value.modalities == (kind,)
        assert caught.value.supported == needs.modalities


def test_each_failure_is_its_own_error(tmp_path, store):
    absent = MediaReference(digest="0" * 64, mime_type="image/png")
    for source, error in (
        (tmp_path / "gone.png", MediaNotFoundError),
        (b"", MediaDecodeError),
        (np.zeros((2, 2), np.int64), InputError),
        (absent, UnknownReferenceError),
    ):
        with pytest.raises(error):
            resolve(Item("fine", Image(source, store=store)), LIMITS)


def test_limits_hold_for_bytes_and_pixels():
    with pytest.raises(MediaLimitError):
        resolve(Item(Image(PNG)), MediaLimits(max_bytes=10))
    with pytest.raises(MediaLimitError):
        decode(resolve(Item(Image(PNG)), LIMITS), NEEDS, MediaLimits(max_pixels=10))


def test_decoding_in_many_threads():
    items = [Item(Image(encode(noise(30, 40, seed=seed))), str(seed)) for seed in range(20)]

    def work(item: Item) -> DecodedImage:
        return decode(resolve(item, LIMITS), NEEDS, LIMITS).images[0]

    with ThreadPoolExecutor(8) as pool:
        for seed, picture in enumerate(pool.map(work, items)):
            assert np.array_equal(picture.pixels, noise(30, 40, seed=seed))


def test_several_boxes_of_one_picture_decode_it_once(tmp_path):
    store = MediaStore(tmp_path / "store")
    pixels = noise(40, 30)
    whole = store.put(encode(pixels))
    kept = {}

    def share(digest, make):
        kept[digest] = kept[digest] if digest in kept else make()
        return kept[digest]

    needs = MediaNeeds(modalities=("image",))
    for top in (0, 10, 25):
        reference = dataclasses.replace(whole, box=(5, top, 20, 15))
        resolved = resolve(Item(Image(str(reference), store=store)), MediaLimits())
        tile = decode(resolved, needs, MediaLimits(), share=share).images[0]
        assert np.array_equal(tile.pixels, pixels[top : top + 15, 5:25])
        assert tile.pixels.base is None  # a view would keep all of the picture in memory
        assert tile.digest != whole.digest
    assert list(kept) == [whole.digest]


def test_a_whole_picture_is_not_shared_since_no_box_of_it_is_asked_for():
    resolved = resolve(Item(Image(encode(noise(4, 3)))), MediaLimits())
    decoded = decode(resolved, MediaNeeds(modalities=("image",)), MediaLimits(), share=lambda *_: pytest.fail("shared"))
    assert np.array_equal(decoded.images[0].pixels, noise(4, 3))


def test_all_pictures_and_frames_of_an_item_together_are_limited():
    """Each is held until the last is there."""
    pixels = np.zeros((10, 20, 3), np.uint8)
    item = Item(Image(pixels), "words", Video(np.stack([pixels, pixels + 1])), Image(pixels))
    needs = MediaNeeds(modalities=("text", "image", "video"), n_frames=2)

    assert len(decode(resolve(item, LIMITS), needs, MediaLimits(max_item_pixels=800)).parts) == 4
    with pytest.raises(MediaLimitError, match="make several items of it") as caught:
        decode(resolve(item, LIMITS), needs, MediaLimits(max_item_pixels=799))
    assert caught.value.limit == "max_item_pixels"
