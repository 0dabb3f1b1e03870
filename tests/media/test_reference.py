import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medialens.errors import MediaReferenceError
from medialens.media.reference import MediaReference, find_references

DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
WHOLE = f"<media://sha256/{DIGEST}?type=image/png>"


def with_fragment(fragment: str) -> str:
    return f"{WHOLE[:-1]}#{fragment}>"


milliseconds = st.integers(0, 10**9 - 1)
windows = st.tuples(milliseconds, milliseconds).filter(lambda pair: pair[0] != pair[1]).map(sorted)
references = st.builds(
    lambda digest, mime_type, page, window, box: MediaReference(
        digest=digest,
        mime_type=mime_type,
        page=page,
        start_seconds=window and window[0] / 1000,
        end_seconds=window and window[1] / 1000,
        box=box,
    ),
    digest=st.text("0123456789abcdef", min_size=64, max_size=64),
    mime_type=st.from_regex(r"[a-z0-9][a-z0-9!$&^_.+-]{0,20}/[a-z0-9][a-z0-9!$&^_.+-]{0,20}", fullmatch=True),
    page=st.none() | st.integers(1, 10**9 - 1),
    window=st.none() | windows,
    box=st.none() | st.tuples(*[st.integers(0, 10**9 - 1)] * 2, *[st.integers(1, 10**9 - 1)] * 2),
)


@given(references)
def test_value_to_text_to_value(reference):
    assert MediaReference.parse(str(reference)) == reference


@given(references)
def test_the_spelling_is_ascii_without_white_space_and_ends_with_its_bracket(reference):
    text = str(reference)
    assert text.isascii()
    assert not any(character.isspace() for character in text)
    assert text.index(">") == len(text) - 1
    assert text.count("<") == 1


@given(references, references)
def test_equal_values_have_equal_spellings_and_no_others(one, other):
    assert (one == other) == (str(one) == str(other))


@given(references, st.integers(0, 200), st.sampled_from("09afA g<>?#&=.,%/\u00e9\u0661"))
def test_what_parses_is_canonical(reference, at, character):
    text = str(reference)
    changed = text[: at % len(text)] + character + text[at % len(text) + 1 :]
    try:
        parsed = MediaReference.parse(changed)
    except MediaReferenceError:
        return
    assert str(parsed) == changed


@given(st.lists(st.tuples(st.text().filter(lambda text: "<media://" not in text), references), max_size=4), st.text())
def test_references_are_found_in_any_text_in_order(pieces, tail):
    text = "".join(f"{prose} {reference}" for prose, reference in pieces) + tail
    found = list(find_references(text))
    if "<media://" not in tail:
        assert [spelling for _, _, spelling in found] == [str(reference) for _, reference in pieces]
    assert all(text[start:end] == spelling for start, end, spelling in found)


@given(references)
def test_the_whole_has_no_fragment(reference):
    assert reference.whole() == MediaReference(digest=reference.digest, mime_type=reference.mime_type)
    assert "#" not in str(reference.whole())


def test_the_spelling_by_example():
    reference = MediaReference(
        digest=DIGEST, mime_type="image/png", page=3, start_seconds=12, end_seconds=24.0004, box=(0, 1, 640, 480)
    )
    assert str(reference) == with_fragment("page=3&t=12.000,24.000&xywh=0,1,640,480")
    assert reference.modality == "image"  # a page is looked at


def test_what_moves_in_a_picture_is_a_clip():
    reference = MediaReference(digest=DIGEST, mime_type="image/png", start_seconds=12, end_seconds=24)
    assert (reference.modality, reference.whole().modality) == ("video", "image")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a picture",
        WHOLE[1:],
        WHOLE[:-1],
        f" {WHOLE}",
        f"{WHOLE}\n",
        WHOLE.replace("media:", "MEDIA:"),
        WHOLE.replace(DIGEST, DIGEST.upper()),
        WHOLE.replace(DIGEST, DIGEST[:-1]),
        WHOLE.replace("sha256", "md5"),
        WHOLE.replace("?type=image/png", ""),
        WHOLE.replace("image/png", "image"),
        WHOLE.replace("image/png", "image/png; q=1"),
        WHOLE.replace("image/png", "image/PNG"),
        with_fragment(""),
        with_fragment("page=0"),
        with_fragment("page=03"),
        with_fragment("page=٣"),
        with_fragment("&page=3"),
        with_fragment("page=3&"),
        with_fragment("page=3&page=4"),
        with_fragment("xywh=0,0,1,1&page=3"),
        with_fragment("t=1,2"),
        with_fragment("t=1.000"),
        with_fragment("t=2.000,1.000"),
        with_fragment("t=01.000,2.000"),
        with_fragment("xywh=0,0,0,1"),
        with_fragment("xywh=-1,0,1,1"),
        with_fragment("xywh=00,0,1,1"),
        with_fragment("colour=red"),
    ],
)
def test_other_spellings_are_refused(text):
    with pytest.raises(MediaReferenceError) as caught:
        MediaReference.parse(text)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    "fields",
    [
        {"digest": "abc"},
        {"mime_type": "png"},
        {"page": 0},
        {"start_seconds": 1.0},
        {"start_seconds": 2.0, "end_seconds": 2.0004},
        {"start_seconds": -1.0, "end_seconds": 2.0},
        {"start_seconds": 0.0, "end_seconds": float("inf")},
        {"start_seconds": float("nan"), "end_seconds": 1.0},
        {"start_seconds": 0.0, "end_seconds": 1e12},
        {"box": (0, 0, 0, 5)},
        {"box": (-1, 0, 5, 5)},
        {"box": (0, 0, 10**10, 5)},
        {"box": (0, 0, 5)},
        {"page": 10**10},
    ],
)
def test_values_that_cannot_be_spelled_are_refused(fields):
    with pytest.raises(MediaReferenceError):
        dataclasses.replace(MediaReference.parse(WHOLE), **fields)


@pytest.mark.parametrize("text", ["<media://", "<media://oops>", f"{WHOLE[:-1]}", "<media://sha256/xyz?type=a/b>"])
def test_malformed_references_are_found_too(text):
    assert [spelling for _, _, spelling in find_references(f"look: {text} here")] == [text]
