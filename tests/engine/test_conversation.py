from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from medialens import Encoder, MediaLimits, Reranker
from medialens.engine.conversation import conversation_item, conversation_turns, instruction_of, own_instruction
from medialens.errors import InputError, MediaAccessError, MedialensError, UnsupportedModalityError
from medialens.inputs import Audio, Conversation, Image, Item, Text, Turn, Video
from medialens.media.decode import decode, resolve
from medialens.media.decoded import MediaNeeds
from medialens.testing.fake_model import FakeModel, fake_models

PICTURE = PIL.Image.new("RGB", (4, 4), "red")


def user(*content):
    return {"role": "user", "content": list(content)}


def parts(*content):
    return conversation_item(Conversation((user(*content),))).parts


@pytest.mark.parametrize(
    ("content", "kind", "source"),
    [
        ({"type": "image", "image": "a.png"}, Image, "a.png"),
        ({"type": "image", "image": PICTURE}, Image, PICTURE),
        ({"type": "image", "url": "https://h/a.png"}, Image, "https://h/a.png"),
        ({"type": "image", "url": "data:image/png;base64,AAAA"}, Image, "data:image/png;base64,AAAA"),
        ({"type": "image", "path": "a.png"}, Image, Path("a.png")),
        ({"type": "image", "base64": "AAAA", "mime_type": "image/png"}, Image, "data:;base64,AAAA"),
        ({"type": "image_url", "image_url": {"url": "http://h/a", "detail": "low"}}, Image, "http://h/a"),
        ({"type": "image_url", "image_url": "DATA:,x"}, Image, "DATA:,x"),
        ({"type": "video", "video": "a.mp4", "fps": 1.0, "max_pixels": 9}, Video, "a.mp4"),
        ({"type": "video", "path": "a.mp4"}, Video, Path("a.mp4")),
        ({"type": "video_url", "video_url": {"url": "https://h/a.mp4"}}, Video, "https://h/a.mp4"),
        ({"type": "audio", "audio": "a.wav"}, Audio, "a.wav"),
        ({"type": "audio", "url": "https://h/a.wav"}, Audio, "https://h/a.wav"),
        ({"type": "audio_url", "audio_url": {"url": "https://h/a.wav"}}, Audio, "https://h/a.wav"),
        ({"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}, Audio, "data:;base64,AAAA"),
    ],
)
def test_media_of_messages(content, kind, source):
    (part,) = parts(content)
    assert type(part) is kind
    assert part.source == source


@pytest.mark.parametrize(
    ("told", "rate"), [({}, None), ({"sampling_rate": 8000}, 8000), ({"sample_rate_hz": 8000}, 8000)]
)
def test_samples_of_messages_are_at_the_rate_of_the_model_or_at_theirs(told, rate):
    samples = np.zeros(100, np.float32)
    (part,) = parts({"type": "audio", "audio": samples, "start_seconds": 0.001, **told})
    assert part.source == {"array": samples, "sampling_rate": rate}
    assert (part.sample_rate_hz, part.start_seconds) == (None, 0.001)


def test_parts_keep_their_order_over_all_user_messages():
    messages = (
        user({"type": "image", "image": "a.png"}, "between", {"type": "text", "text": "after"}),
        {"role": "user", "content": "last"},
        {"role": "user", "content": PICTURE},
    )
    first, *texts, last = conversation_item(Conversation(messages)).parts
    assert (first.source, last.source) == ("a.png", PICTURE)
    assert texts == [Text("between"), Text("after"), Text("last")]


def test_typed_parts_stay_as_they_are():
    image, clip = Image("a.pdf", page=2), Video("a.mp4", end_seconds=2)
    assert parts(image, {"type": "image", "image": image}, {"type": "video", "video": clip}) == (image, image, clip)


def test_what_of_a_medium_is_meant():
    (page,) = parts({"type": "image", "image": "a.pdf", "page": 2, "box": (1, 2, 3, 4)})
    assert (page.page, page.box) == (2, (1, 2, 3, 4))
    (clip,) = parts({"type": "video", "video": "a.mp4", "video_start": 1.5, "end_seconds": 2})
    assert (clip.start_seconds, clip.end_seconds) == (1.5, 2)
    frames = [PICTURE, PICTURE]
    (clip,) = parts({"type": "video", "video": frames, "fps": 2})
    assert (clip.source, clip.fps) == (frames, 2)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ({"type": "picture", "picture": "a.png"}, "'type' of text, image"),
        ({"type": ["image"], "image": "a.png"}, "'type' of text, image"),
        ({"text": "x"}, "'type' of text, image"),
        ({"type": "text"}, "takes a str"),
        ({"type": "image"}, "one of image, url, path, base64"),
        ({"type": "image", "image": "a.png", "url": "https://h/a.png"}, "one of image, url, path, base64"),
        ({"type": "image", "image": 3}, "Image takes"),
        ({"type": "image", "base64": b"AAAA"}, "is no base64"),
        ({"type": "image", "path": 3}, "is no path"),
        ({"type": "image_url"}, "is no URL"),
        ({"type": "input_audio", "input_audio": {}}, "is no base64"),
        ({"type": "video", "video": "a.mp4", "start_seconds": "x"}, "window"),
        (b"bytes", "say what it holds"),
        (None, "cannot encode a NoneType"),
    ],
)
def test_parts_of_no_known_form_are_refused_by_their_place(content, complaint):
    with pytest.raises(InputError, match=complaint) as caught:
        parts("fine", content)
    assert str(caught.value).startswith("message 0, part 1: ")


@pytest.mark.parametrize("url", ["/etc/passwd", "file:///etc/passwd", "ftp://h/a", "<media://x>", "", None, 3])
@pytest.mark.parametrize("wrap", [
    lambda url: {"type": "image", "url": url, "image": None},
    lambda url: {"type": "image_url", "image_url": {"url": url}},
    lambda url: {"type": "image_url", "image_url": url},
    lambda url: {"type": "video_url", "video_url": {"url": url}},
    lambda url: {"type": "audio_url", "audio_url": {"url": url}},
])  # fmt: skip
def test_what_stands_under_url_is_never_a_file(wrap, url):
    with pytest.raises(InputError, match=r"is no URL|one of image"):
        parts(wrap(url))


def test_a_message_chooses_no_store():
    (part,) = parts({"type": "image", "image": "a.png", "store": "s3://elsewhere"})
    assert part.store is None


@pytest.mark.parametrize("role", ["assistant", "tool", "query", None, ["user"]])
def test_other_roles_are_refused(role):
    with pytest.raises(UnsupportedModalityError, match="reads no conversations") as caught:
        conversation_item(Conversation((user("x"), {"role": role, "content": "y"})))
    assert caught.value.modalities == ("message",)
    assert "message 1 " in str(caught.value)


@pytest.mark.parametrize("messages", [(user(),), ({"role": "system", "content": "x"},)])
def test_messages_that_say_nothing_are_refused(messages):
    with pytest.raises(InputError, match="say nothing"):
        conversation_item(Conversation(messages))


# The system's messages --------------------------------------------------------------------------------------------


def system(content):
    return {"role": "system", "content": content}


@pytest.mark.parametrize(
    ("messages", "instruction"),
    [
        ("a plain string", ""),
        ([user("x")], ""),
        ([system("find: "), user("x")], "find: "),
        ([system("Find it."), user("x")], "Find it. "),
        ([system([{"type": "text", "text": "Find"}, {"type": "text", "text": "it."}]), user("x")], "Find it. "),
        ([system("One."), user("x"), system("Two.")], "One.\nTwo. "),
        ([system([{"type": "image", "image": "a.png"}]), user("x")], ""),  # refused where it is read
        ([system(None), user("x")], ""),
        (object(), ""),
    ],
)
def test_the_system_s_text_is_the_instruction(messages, instruction):
    assert own_instruction(messages) == instruction


@pytest.mark.parametrize("content", [[{"type": "image", "image": "a.png"}], None, [PICTURE]])
def test_a_system_s_message_of_anything_but_text_is_refused(content):
    with pytest.raises(InputError, match="message 0"):
        conversation_item(Conversation((system(content), user("x"))))


@pytest.fixture
def engine():
    with fake_models() as made:
        yield made


def test_each_input_is_encoded_with_its_own_instruction(engine):
    encoder = Encoder("any/model")
    vectors = encoder.encode([[system("a:\n"), user("x")], "x", [user("x")]], instruction="b: ")
    np.testing.assert_array_equal(vectors[0], encoder.encode("x", instruction="a:\n"))
    np.testing.assert_array_equal(vectors[1], encoder.encode("x", instruction="b: "))
    np.testing.assert_array_equal(vectors[2], vectors[1])


def test_a_bad_message_fails_alone(engine):
    encoder = Encoder("any/model")
    bad = [[user({"type": "image"})], [{"role": "assistant", "content": "x"}], [system(None), user("x")]]
    result = encoder.encode(["before", *bad, [user("after")]], errors="return")
    kinds = {1: InputError, 2: UnsupportedModalityError, 3: InputError}
    assert {at: type(error) for at, error in result.errors.items()} == kinds
    assert [error.index for error in result.errors.values()] == [1, 2, 3]
    np.testing.assert_array_equal(result.vectors[4], encoder.encode("after"))


@pytest.mark.parametrize("task", ["embed", "score"])
def test_a_query_of_messages_brings_the_instruction_of_its_pairs(engine, task):
    reranker = Reranker(FakeModel(task=task))
    documents = ["one", [user("two")]]
    asked = reranker.rank([system("find: "), user("one")], documents)
    assert asked == reranker.rank("one", ["one", "two"], instruction="find: ")


def test_a_document_of_a_pair_brings_none(engine):
    reranker = Reranker(FakeModel(task="score"))
    documents = ["one", [system("find: "), user("two")]]
    result = reranker.rank([system("find: "), user("one")], documents, errors="return")
    assert [one.index for one in result.ranked] == [0]
    assert "no place in a pair" in str(result.errors[1])


def test_messages_of_strangers_can_be_kept_away_from_files(tmp_path):
    PICTURE.save(tmp_path / "a.png")
    path = str(tmp_path / "a.png")
    with fake_models():
        for part in ({"type": "image", "image": path}, {"type": "image", "path": path}):
            assert Encoder("any/model").encode(user(part)).shape == (32,)
            with pytest.raises(MediaAccessError, match="outside the allowed folders"):
                Encoder("any/model", limits=MediaLimits(roots=())).encode(user(part))


def test_an_item_is_what_messages_become():
    image = Image("a.png")
    item = conversation_item(Conversation((user(image, "x"),)))
    assert isinstance(item, Item)
    assert item.modalities == ("text", "image")
    assert issubclass(UnsupportedModalityError, MedialensError)


def test_models_that_read_messages_get_all_turns():
    messages = (system("Be brief."), user("what is", PICTURE), {"role": "assistant", "content": "a cat"})
    item = conversation_turns(Conversation(messages))
    assert [part.modality for part in item.parts] == ["text", "text", "image", "text"]
    assert item.turns == (Turn("system", 1), Turn("user", 2), Turn("assistant", 1))


@pytest.mark.parametrize("role", ["user<|im_end|>", "", 7, None, "two words"])
def test_a_role_is_one_word(role):
    with pytest.raises(InputError, match="message 1 has the role"):
        conversation_turns(Conversation((user("x"), {"role": role, "content": "y"})))


def test_messages_must_say_something_to_models_that_read_them():
    with pytest.raises(InputError, match="say nothing"):
        conversation_turns(Conversation((user(),)))


def test_who_says_what_is_part_of_an_item():
    said = [conversation_turns(Conversation(messages)) for messages in ((user("x"),), (system("x"),))]
    digests = {resolve(item, MediaLimits()).digest for item in [*said, Item("x")]}
    assert len(digests) == 3
    assert all(decode(resolve(item, MediaLimits()), MediaNeeds(), MediaLimits()).turns == item.turns for item in said)


def test_a_system_message_is_no_instruction_to_models_that_read_messages():
    messages = [system("Be brief."), user("x")]
    assert instruction_of(messages, "Find it.", reads_messages=True) == "Find it."
