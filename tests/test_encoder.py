from __future__ import annotations

import asyncio
import copy
import dataclasses
import importlib.util
import pickle

import numpy as np
import PIL.Image
import pytest
from tests.engine.gates import Gate

from medialens import Audio, Encoder, Image, Item, MediaLimits, MediaStore, Video
from medialens.engine.config import EngineConfig
from medialens.engine.engine import Engine
from medialens.errors import (
    InputError,
    ItemFailedError,
    MediaDecodeError,
    MediaError,
    MediaLimitError,
    MediaNotFoundError,
    MissingExtraError,
    RepositoryNotFoundError,
    UnsupportedModalityError,
)
from medialens.models.layers.clip_sheet import ClipSheet
from medialens.outputs import EncodeResult
from medialens.scoring.quantization import quantize
from medialens.testing.fake_model import FakeModel, fake_models, fake_recipe


@pytest.fixture
def engine():
    with fake_models() as made:
        yield made


@pytest.fixture
def encoder(engine):
    return Encoder("any/model")


def with_prompts(**changes):
    return FakeModel(recipe=dataclasses.replace(fake_recipe(), **changes))


def test_a_text_finds_the_picture_of_its_colour(encoder):
    pictures = [Image(PIL.Image.new("RGB", (20, 10), colour)) for colour in ("red", "green", "blue")]
    scores = encoder.similarity(encoder.encode_queries(["a blue thing", "red"]), encoder.encode_documents(pictures))
    assert scores.argmax(axis=1).tolist() == [2, 0]


def test_shapes_and_types(encoder):
    many = encoder.encode(["one", Item(Image(np.zeros((4, 4, 3), np.uint8)), "two")])
    assert (many.shape, many.dtype) == ((2, 32), np.float32)
    np.testing.assert_array_equal(encoder.encode("one"), many[0])
    assert (encoder.encode([]).shape, encoder.encode([]).dtype) == ((0, 32), np.float32)
    np.testing.assert_array_equal(encoder.encode(text for text in ("one", "two")), encoder.encode(["one", "two"]))
    assert encoder.encode(Image(np.zeros((4, 4, 3), np.uint8))).shape == (32,)
    assert encoder.encode(np.zeros((4, 4, 3), np.uint8)).shape == (32,)


@pytest.mark.parametrize(
    ("prompts", "default", "query", "document", "neither"),
    [
        ({"query": "q: ", "document": "d: ", "passage": "p: "}, None, "q: ", "d: ", ""),
        ({"query": "q: ", "passage": "p: ", "corpus": "c: "}, "query", "q: ", "p: ", "q: "),
        ({"corpus": "c: ", "other": "o: "}, "other", "", "c: ", "o: "),
        ({}, None, "", "", ""),
    ],
)
def test_prompts_are_chosen_by_role(engine, prompts, default, query, document, neither):  # noqa: PLR0913, PLR0917  # a table
    encoder = Encoder(with_prompts(prompts=prompts, default_prompt_name=default))
    bare = Encoder(FakeModel())
    np.testing.assert_array_equal(encoder.encode_queries("x"), bare.encode(f"{query}x"))
    np.testing.assert_array_equal(encoder.encode_documents("x"), bare.encode(f"{document}x"))
    np.testing.assert_array_equal(encoder.encode("x"), bare.encode(f"{neither}x"))
    np.testing.assert_array_equal(encoder.encode_queries("x", instruction="i: "), bare.encode("i: x"))
    np.testing.assert_array_equal(encoder.encode_queries("x", instruction=""), bare.encode("x"))


def test_own_prompts_are_stronger_than_the_repository_s(engine):
    encoder = Encoder(with_prompts(prompts={"query": "q: "}), prompts={"query": "mine: "})
    np.testing.assert_array_equal(encoder.encode_queries("x"), Encoder(FakeModel()).encode("mine: x"))


def test_errors_are_returned_beside_what_worked(encoder, tmp_path):
    inputs = ["good", Image(tmp_path / "missing.png"), "!forward-fails", "also good"]
    result = encoder.encode_documents(inputs, errors="return")
    assert isinstance(result, EncodeResult)
    assert {at: type(error) for at, error in result.errors.items()} == {1: MediaNotFoundError, 2: ItemFailedError}
    assert result.errors[2].index == 2
    np.testing.assert_array_equal(np.isnan(result.vectors).all(axis=1), [False, True, True, False])
    np.testing.assert_array_equal(result.vectors[3], encoder.encode("also good"))


def test_the_first_error_is_raised_with_its_place_and_what_worked(encoder, tmp_path):
    with pytest.raises(MediaNotFoundError, match=r"^item 1: .*missing\.png") as caught:
        encoder.encode_documents(["good", Image(tmp_path / "missing.png"), "!forward-fails"])
    assert caught.value.index == 1
    assert sorted(caught.value.result.errors) == [1, 2]
    np.testing.assert_array_equal(caught.value.result.vectors[0], encoder.encode("good"))
    pickle.loads(pickle.dumps(caught.value))  # noqa: S301  # written by this test


def test_a_single_input_has_no_place(encoder):
    with pytest.raises(ItemFailedError) as caught:
        encoder.encode("!forward-fails")
    assert caught.value.index is None
    assert isinstance(caught.value.__cause__, RuntimeError)
    result = encoder.encode("!forward-fails", errors="return")
    assert result.vectors.shape == (32,)
    assert np.isnan(result.vectors).all()


def test_async_twins_give_the_same(encoder):
    async def all_three():
        return await asyncio.gather(
            encoder.aencode_queries(["x"]), encoder.aencode_documents(["x"]), encoder.aencode(["x"])
        )

    for vectors in asyncio.run(all_three()):
        np.testing.assert_array_equal(vectors, encoder.encode(["x"]))
    with pytest.raises(ItemFailedError):
        asyncio.run(encoder.aencode_documents(["x", "!forward-fails"]))


def test_truncation_keeps_unit_vectors(engine):
    whole = Encoder(FakeModel()).encode(["a red cat sat"])
    cut = Encoder(FakeModel(), truncate_dim=5)
    assert cut.dimension == 5
    expected = whole[:, :5] / np.linalg.norm(whole[:, :5])
    np.testing.assert_allclose(cut.encode(["a red cat sat"]), expected, rtol=1e-6)
    assert cut.encode(["x"], truncate_dim=3).shape == (1, 3)
    np.testing.assert_array_equal(Encoder(FakeModel(), truncate_dim=99).encode(["a red cat sat"]), whole)
    dot = Encoder(with_prompts(similarity="dot"), truncate_dim=5)
    np.testing.assert_array_equal(dot.encode(["a red cat sat"]), whole[:, :5])


def test_the_repository_s_own_truncation_is_the_default(engine):
    encoder = Encoder(with_prompts(settings={"truncate_dim": 6}))
    assert encoder.dimension == encoder.encode("x").shape[0] == 6
    assert encoder.encode("x", truncate_dim=4).shape == (4,)


@pytest.mark.parametrize("precision", ["int8", "uint8", "binary", "ubinary"])
def test_precision_is_of_the_finished_vectors(encoder, precision):
    texts = ["a red cat", "two blue dogs", "!nan"]
    whole = encoder.encode(texts, errors="return").vectors
    result = encoder.encode(texts, errors="return", precision=precision)
    np.testing.assert_array_equal(result.vectors, quantize(whole, precision))
    coded = Encoder("any/model", precision=precision)
    np.testing.assert_array_equal(coded.encode(texts[:2]), result.vectors[:2])
    likeness = coded.similarity(coded.encode("a red cat"), coded.encode(texts[:2]))
    assert likeness[0, 0] == pytest.approx(1, abs=1e-6)
    assert likeness[0, 1] < 1


def test_calibration_ranges_are_used(engine):
    ranges = np.stack([np.full(32, -1.0), np.full(32, 1.0)])
    encoder = Encoder("any/model", precision="int8", calibration_ranges=ranges)
    whole = encoder.encode(["a red cat"], precision="float32")
    np.testing.assert_array_equal(encoder.encode(["a red cat"]), quantize(whole, "int8", ranges=ranges))


def test_properties_load_the_model(encoder):
    assert "not loaded" in repr(encoder)
    assert encoder.modalities == ("text", "image")
    assert encoder.supports("image")
    assert encoder.supports(("text", "image"))
    assert not encoder.supports("audio")
    assert encoder.dimension == 32
    assert "family='fake'" in repr(encoder)


def test_making_a_handle_loads_nothing(engine):
    encoder = Encoder("any/model")
    assert engine.stats().n_models == 0
    assert encoder.load() is encoder
    assert engine.stats().n_models == 1


def test_handles_are_values(encoder):
    expected = encoder.encode("x")
    for twin in (copy.copy(encoder), copy.deepcopy(encoder), pickle.loads(pickle.dumps(encoder))):  # noqa: S301  # written by this test
        np.testing.assert_array_equal(twin.encode("x"), expected)


def test_a_pickle_carries_no_weights_and_the_store_by_its_url(tiny_clip):
    store = MediaStore("memory://encoder-pickle")
    encoder = Encoder(tiny_clip, store=store, limits=MediaLimits(max_pixels=99)).load()
    pickled = pickle.dumps(encoder)
    assert len(pickled) < 2000
    assert pickle.loads(pickled)._store.url == store.url  # noqa: S301  # written by this test


def test_references_are_looked_up_in_the_store(engine):
    store = MediaStore("memory://encoder-references")
    reference = store.put(png("red"), mime_type="image/png")
    encoder = Encoder("any/model", store=store)
    found = encoder.encode(Image(str(reference)))
    np.testing.assert_array_equal(found, encoder.encode(Image(PIL.Image.new("RGB", (9, 9), "red"))))


def png(colour: str) -> bytes:
    import io

    file = io.BytesIO()
    PIL.Image.new("RGB", (9, 9), colour).save(file, format="PNG")
    return file.getvalue()


def test_limits_apply(engine):
    encoder = Encoder("any/model", limits=MediaLimits(max_pixels=50))
    result = encoder.encode([Image(png("red")), "text"], errors="return")
    assert list(result.errors) == [0]
    assert "max_pixels" in str(result.errors[0].facts)


def test_bad_arguments_are_refused_at_once(tmp_path):
    with pytest.raises(InputError, match="truncate_dim=0"):
        Encoder("demo", truncate_dim=0)
    with pytest.raises(InputError, match="precision 'int4'"):
        Encoder("demo", precision="int4")
    with pytest.raises(InputError, match="neither the name of a repository"):
        Encoder(5)
    with pytest.raises(RepositoryNotFoundError, match="nowhere"):
        Encoder(tmp_path / "nowhere")
    with pytest.raises(RepositoryNotFoundError, match="nowhere"):
        Encoder(str(tmp_path / "nowhere"))


def test_bad_options_are_refused(encoder):
    with pytest.raises(InputError, match="errors='ignore'"):
        encoder.encode("x", errors="ignore")
    with pytest.raises(TypeError, match="batch_size"):
        encoder.encode("x", batch_size=5)
    with pytest.raises(InputError, match=r"cannot encode a int \(5\)"):
        encoder.encode(5)


def test_an_unknown_repository_is_an_error_at_first_use():
    encoder = Encoder("no/such", local_files_only=True)
    with pytest.raises(RepositoryNotFoundError, match="no/such"):
        encoder.encode("x")
    with pytest.raises(RepositoryNotFoundError, match="no/such"):
        encoder.load()


def test_neighbours_do_not_matter_on_a_real_model(tiny_clip):
    encoder = Encoder(tiny_clip)
    rng = np.random.default_rng(0)
    inputs = [Image(rng.integers(0, 256, (height, 40, 3), dtype=np.uint8)) for height in (20, 40, 90)]
    inputs += ["a red circle", "a photo of two small dogs on the left"]
    together = encoder.encode_documents(inputs)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    for at, value in enumerate(inputs):
        # atol: ten times the float32 noise seen between batch shapes on these models, 3e-7.
        np.testing.assert_allclose(Encoder(tiny_clip, max_tokens=77).encode(value), together[at], atol=3e-6)


async def test_a_cancelled_task_gives_up_its_work_at_once():
    gate = Gate()
    with Engine(EngineConfig(cpu_lanes=1, prepare_threads=1)) as engine:
        encoder = Encoder(FakeModel(on_batch=gate), engine=engine)
        holding = asyncio.create_task(encoder.aencode_documents(["hold"]))
        assert await asyncio.to_thread(gate.reached.wait, 60)
        hasty = asyncio.create_task(encoder.aencode_documents(["hasty"]))
        await asyncio.sleep(0)  # it has submitted its work, and waits
        hasty.cancel()
        with pytest.raises(asyncio.CancelledError):
            await hasty
        gate.open()
        assert (await holding).shape == (1, 32)
        assert (await encoder.aencode_documents(["later"])).shape == (1, 32)
    assert gate.computed == ["hold", "later"]


@pytest.mark.parametrize(
    "options",
    [
        *({"truncate_dim": dim} for dim in (0, -1, 1.5, "3", True, float("nan"))),
        *({"precision": kind} for kind in ("", "int4", 5, ["x"])),
        *({"instruction": text} for text in (5, b"x", "half \ud800")),
        *({"priority": kind} for kind in ("now", 5)),
        *({"errors": policy} for policy in ("ignore", ["raise"])),
    ],
)
def test_an_option_that_is_none_is_named_before_anything_runs(encoder, options):
    with pytest.raises(InputError) as caught:
        encoder.encode(["fine"], **options)
    assert caught.value.index is None
    assert next(iter(options)) in str(caught.value)


def test_limits_that_are_none():
    with pytest.raises(InputError, match="limits="):
        Encoder("any/model", limits=5)


class Exits:
    """An open file that raises what is no `Exception`."""

    def __init__(self, error):
        self.error = error

    def read(self, _size):
        raise self.error


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, asyncio.CancelledError, GeneratorExit])
def test_whatever_an_item_raises_stays_with_it(encoder, engine, kind):
    result = encoder.encode(["one", Image(Exits(kind("boo"))), "two"], errors="return")

    assert list(result.errors) == [1]
    assert isinstance(result.errors[1], ItemFailedError)
    assert isinstance(result.errors[1].__cause__, kind)
    np.testing.assert_array_equal(result.vectors[[0, 2]], encoder.encode(["one", "two"]))
    assert not engine.closed


def test_a_kind_that_the_model_does_not_take_is_said_before_anything_is_read(encoder, tmp_path):
    result = encoder.encode(["one", Audio(tmp_path / "nope.wav"), Audio(np.zeros(9))], errors="return")

    assert list(result.errors) == [1, 2]
    assert all(isinstance(error, UnsupportedModalityError) for error in result.errors.values())


# Clips -------------------------------------------------------------------------------------------------------------


def test_clips_from_files_frames_and_references(tiny_model, tmp_path):
    levels = (20, 90, 160, 230)
    frames = np.stack([np.full((12, 16, 3), level, np.uint8) for level in levels])
    pictures = [PIL.Image.fromarray(frame) for frame in frames]
    path = tmp_path / "clip.gif"
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=100)
    store = MediaStore("memory://encoder-clips")
    window = dataclasses.replace(store.register(path), start_seconds=0.0, end_seconds=0.4)
    encoder = Encoder(tiny_model("clip_sheet_dual_encoder"), store=store)

    vectors = encoder.encode(
        [
            Video(path),
            Video(path.read_bytes()),
            Video(frames),
            Video(pictures),
            {"array": frames, "video_metadata": {"fps": 24}},
            Video(str(window)),
            Image(ClipSheet().compose(list(frames), (32, 32))),
            Video(path, end_seconds=0.2),
            Item(Video(path), "a dog"),
        ]
    )

    assert encoder.supports("video")
    assert encoder.supports(("text", "video"))
    np.testing.assert_allclose(vectors[1:7], np.repeat(vectors[:1], 6, axis=0), rtol=0, atol=1e-5)
    assert np.abs(vectors[7:] - vectors[0]).max(axis=1).min() > 1e-3
    assert vectors.shape == (9, encoder.dimension)


def test_each_bad_clip_fails_alone(tiny_model, tmp_path):
    good = np.stack([np.full((12, 16, 3), level, np.uint8) for level in (0, 255)])
    encoder = Encoder(tiny_model("clip_sheet_dual_encoder"), limits=MediaLimits(max_frames=50))

    result = encoder.encode(
        [
            Video(good),
            Video(b"GIF89a"),
            Video(good[:0]),
            Video(tmp_path / "gone.gif"),
            "a dog",
            Video(np.zeros((51, 4, 4, 3), np.uint8)),
            Video(good, fps=2, start_seconds=7),
            Video(b"\x00\x00\x00\x18ftypisom"),
            Audio(b"RIFF"),
        ],
        errors="return",
    )

    assert {index: type(error) for index, error in result.errors.items()} == {
        1: MediaDecodeError,
        2: MediaDecodeError,
        3: MediaNotFoundError,
        5: MediaLimitError,
        6: MediaError,
        7: MediaDecodeError if importlib.util.find_spec("av") else MissingExtraError,
        8: UnsupportedModalityError,
    }
    assert all(error.index == index for index, error in result.errors.items())


def test_clips_are_refused_by_a_model_of_pictures(tiny_clip):
    with pytest.raises(UnsupportedModalityError, match="takes text, image") as caught:
        Encoder(tiny_clip).encode(["a dog", Video(np.zeros((2, 4, 4, 3), np.uint8))])
    assert caught.value.index == 1
