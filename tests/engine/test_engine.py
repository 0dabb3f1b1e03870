"""What callers of the engine can rely on."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections import Counter
from concurrent.futures import CancelledError

import numpy as np
import pytest
from tests.engine.gates import PATIENCE_SECONDS, Gate, requests, run, settle

from medialens.engine.config import EngineConfig
from medialens.engine.engine import Engine, close_engine, configure, get_engine, use_engine
from medialens.engine.request import Request, Source
from medialens.errors import (
    DeviceMemoryError,
    EngineClosedError,
    EngineError,
    InputError,
    ItemFailedError,
    MediaNotFoundError,
    UnsupportedModalityError,
)
from medialens.inputs import Image, Item
from medialens.models.protocol import Batch, Recipe
from medialens.models.spec import ModelSpec
from medialens.testing.fake_model import FakeModel, fake_recipe

pytestmark = pytest.mark.timeout(120)

ONE_OF_EACH = EngineConfig(cpu_lanes=1, prepare_threads=1)


@pytest.fixture
def engine():
    with Engine(EngineConfig(cpu_lanes=2, prepare_threads=2)) as made:
        yield made


@pytest.fixture
def narrow():
    """One lane and one prepare thread for bulk work: what happens, happens in order."""
    with Engine(ONE_OF_EACH) as made:
        yield made


@pytest.fixture
def gate():
    made = Gate()
    yield made
    made.open()


def alone(model: FakeModel, value: object) -> np.ndarray:
    """The vector that `value` gets in an engine of its own, without neighbours."""
    with Engine(ONE_OF_EACH) as other:
        return run(other, model, [value])[0]


# -- results


def test_results_are_in_request_order(engine):
    texts = [" ".join(["red"] * (1 + at * 7 % 40) + [f"word{at}"]) for at in range(300)]
    random.Random(1).shuffle(texts)
    vectors = run(engine, FakeModel(), texts)
    for at in (0, 17, 150, 299):
        np.testing.assert_array_equal(vectors[at], alone(FakeModel(), texts[at]))
    assert len({vector.tobytes() for vector in vectors}) > 100


def test_nothing_in_nothing_out(engine):
    assert run(engine, FakeModel(), []) == []


def test_an_error_belongs_to_its_item(engine):
    red = np.zeros((4, 4, 3), dtype=np.uint8)
    values = ["good", "!forward-fails", Image(red), "!prepare-fails", 5, Image("nowhere.png"), "!nan", "also good"]
    results = run(engine, FakeModel(), values)
    kinds = [type(result) for result in results]
    assert kinds[:4] == [np.ndarray, ItemFailedError, np.ndarray, ItemFailedError]
    assert kinds[4:] == [InputError, MediaNotFoundError, ItemFailedError, np.ndarray]
    assert isinstance(results[1].__cause__, RuntimeError)
    assert isinstance(results[3].__cause__, ValueError)
    np.testing.assert_array_equal(results[7], alone(FakeModel(), "also good"))


def test_kinds_that_the_model_does_not_take_fail_alone(engine):
    recipe = Recipe(family="fake", task="embed", modalities=("text", "image"), dimension=32)
    red = Image(np.zeros((4, 4, 3), dtype=np.uint8))
    text, mixed, message = run(
        engine, FakeModel(recipe=recipe), ["ok", Item(red, "caption"), {"role": "assistant", "content": "hello"}]
    )
    assert isinstance(text, np.ndarray)
    assert isinstance(mixed, UnsupportedModalityError)
    assert "takes text, image, one kind an item; got text + image. Give one of them alone" in str(mixed)
    assert isinstance(message, UnsupportedModalityError)


def test_a_model_that_gives_too_few_rows_is_found_out(engine):
    class Short(FakeModel):
        def forward(self, batch: Batch):
            return super().forward(batch)[1:]

    assert all(isinstance(result, ItemFailedError) for result in run(engine, Short(), ["a", "b", "c"]))


def test_instructions_are_part_of_the_work(engine):
    model = FakeModel()
    call = engine.submit(model, [*requests("cat", instruction="query: "), *requests("cat")])
    with_prompt, without = call.future.result(PATIENCE_SECONDS)
    np.testing.assert_array_equal(with_prompt, alone(model, "query: cat"))
    assert not np.array_equal(with_prompt, without)


# -- callers together


def test_equal_work_in_flight_is_computed_once(gate):
    model = gate.model()
    with Engine(EngineConfig(cpu_lanes=1, prepare_threads=1, vector_cache_bytes=0)) as engine:
        first = engine.submit(model, requests("hold", "twin"))
        assert gate.reached.wait(PATIENCE_SECONDS)
        second = engine.submit(model, requests("twin", "hold", "twin"))
        settle(engine, model)
        gate.open()
        one, two = first.future.result(PATIENCE_SECONDS), second.future.result(PATIENCE_SECONDS)
        np.testing.assert_array_equal(one, [two[1], two[0]])
        assert Counter(gate.computed)["twin"] == Counter(gate.computed)["hold"] == 1
        assert engine.stats().n_shared >= 2


def test_callers_share_batches(narrow, gate):
    model = gate.model()
    narrow.submit(model, requests("hold"))
    assert gate.reached.wait(PATIENCE_SECONDS)
    calls = [narrow.submit(model, requests(f"caller {at}")) for at in range(6)]
    settle(narrow, model)
    gate.open()
    for call in calls:
        call.future.result(PATIENCE_SECONDS)
    assert gate.batches[1:] == [tuple(f"caller {at}" for at in range(6))]


def test_a_query_does_not_wait_for_bulk_work(narrow, gate):
    model = gate.model()
    bulk = narrow.submit(model, requests("hold", *(f"document {at}" for at in range(500))), priority="bulk")
    assert gate.reached.wait(PATIENCE_SECONDS)
    run(narrow, model, ["a query"], priority="interactive")
    assert not bulk.future.done()
    gate.open()
    assert len(bulk.future.result(PATIENCE_SECONDS)) == 501


def test_a_query_pulls_equal_bulk_work_forward(narrow, gate):
    model = gate.model()
    narrow.submit(model, requests("hold"))
    assert gate.reached.wait(PATIENCE_SECONDS)
    bulk = narrow.submit(model, requests("later", "wanted now"), priority="bulk")
    settle(narrow, model)
    run(narrow, model, ["wanted now"], priority="interactive")
    assert gate.computed == ["hold", "wanted now"]
    gate.open()
    bulk.future.result(PATIENCE_SECONDS)
    assert gate.computed == ["hold", "wanted now", "later"]


def test_bulk_work_waits_while_much_is_prepared_and_queries_pass(gate):
    prepared = []

    class Counting(FakeModel):
        def prepare(self, items, *, instruction):
            prepared.append(items)
            return super().prepare(items, instruction=instruction)

    model = Counting(on_batch=gate)
    with Engine(EngineConfig(cpu_lanes=1, prepare_threads=2, max_prepared_items=8)) as engine:
        bulk = engine.submit(model, requests("hold", *(f"document {at}" for at in range(400))))
        assert gate.reached.wait(PATIENCE_SECONDS)
        for at in range(30):
            run(engine, model, [f"query {at}"], priority="interactive")
        # What ran with "hold", what may lie prepared, and one in the hands of each thread.
        assert len(prepared) - 30 <= len(gate.batches[0]) + 8 + 2
        gate.open()
        assert len(bulk.future.result(PATIENCE_SECONDS)) == 401


# -- cancelling


def test_cancelling_removes_its_own_work_only(narrow, gate):
    model = gate.model()
    narrow.submit(model, requests("hold"))
    assert gate.reached.wait(PATIENCE_SECONDS)
    patient = narrow.submit(model, requests("shared", "patient's own"))
    hasty = narrow.submit(model, requests("shared", "hasty one's own"))
    settle(narrow, model)
    assert hasty.cancel()
    gate.open()
    assert len(patient.future.result(PATIENCE_SECONDS)) == 2
    with pytest.raises(CancelledError):
        hasty.future.result(PATIENCE_SECONDS)
    run(narrow, model, ["later"])
    assert "hasty one's own" not in gate.computed
    assert Counter(gate.computed)["shared"] == 1


def test_cancelling_frees_the_room_it_held(gate):
    model = gate.model()
    with Engine(EngineConfig(cpu_lanes=1, prepare_threads=1, max_prepared_items=4)) as engine:
        engine.submit(model, requests("hold"))
        assert gate.reached.wait(PATIENCE_SECONDS)
        hasty = engine.submit(model, requests(*(f"hasty {at}" for at in range(100))))
        patient = engine.submit(model, requests("patient"))
        hasty.cancel()
        gate.open()
        assert len(patient.future.result(PATIENCE_SECONDS)) == 1
        assert engine.stats().n_items < 50


async def test_a_cancelled_await_harms_no_other(narrow, gate):
    model = gate.model()
    narrow.submit(model, requests("hold"))
    assert await asyncio.to_thread(gate.reached.wait, PATIENCE_SECONDS)
    hasty = narrow.submit(model, requests("shared", "hasty one's own"))
    patient = narrow.submit(model, requests("shared"))
    told, loop = asyncio.Event(), asyncio.get_running_loop()
    hasty.future.add_done_callback(lambda _: loop.call_soon_threadsafe(told.set))
    task = asyncio.ensure_future(asyncio.wrap_future(hasty.future))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await told.wait()  # asyncio tells the future behind in its next turn
    gate.open()
    assert len(await asyncio.wrap_future(patient.future)) == 1
    assert "hasty one's own" not in gate.computed


# -- many at once


def hammer(engine: Engine, model: FakeModel, expected: dict[str, np.ndarray]) -> None:
    """64 threads and an event loop of 64 tasks, each with calls of its own; every result is right and in order."""
    wrong: list[str] = []

    def check(texts: list[str], vectors: list[np.ndarray]) -> None:
        wrong.extend(
            text
            for text, vector in zip(texts, vectors, strict=True)
            if not np.allclose(vector, expected[text], atol=1e-5)
        )

    def texts_of(seed: int) -> list[str]:
        return random.Random(seed).choices(list(expected), k=9)

    def from_a_thread(seed: int) -> None:
        for turn in range(4):
            texts = texts_of(1000 * turn + seed)
            check(texts, run(engine, model, texts, priority=("bulk", "interactive")[turn % 2]))

    async def from_a_task(seed: int) -> None:
        for turn in range(4):
            texts = texts_of(5000 + 1000 * turn + seed)
            check(texts, await asyncio.wrap_future(engine.submit(model, requests(*texts)).future))

    async def from_the_loop() -> None:
        await asyncio.gather(*map(from_a_task, range(64)))

    threads = [threading.Thread(target=from_a_thread, args=(seed,)) for seed in range(64)]
    for thread in threads:
        thread.start()
    asyncio.run(from_the_loop())
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    assert not any(thread.is_alive() for thread in threads)
    assert wrong == []


@pytest.mark.parametrize("vector_cache_bytes", [0, 1 << 20])
def test_64_threads_and_an_event_loop_at_once(vector_cache_bytes):
    model = FakeModel()
    texts = [f"{'red ' * (at % 9)}text {at}" for at in range(60)]
    expected = {text: alone(model, text) for text in texts}
    with Engine(EngineConfig(cpu_lanes=2, vector_cache_bytes=vector_cache_bytes)) as engine:
        hammer(engine, model, expected)


def test_64_threads_and_an_event_loop_at_once_on_a_real_model(tiny_bert):
    words = ["a", "red", "circle", "photo", "of", "the", "small", "dog"]
    texts = [" ".join(random.Random(at).choices(words, k=1 + at % 12)) + f" {at}" for at in range(40)]
    with Engine(EngineConfig(cpu_lanes=2, vector_cache_bytes=0)) as engine:
        model = engine.load(ModelSpec(repository=str(tiny_bert), device="cpu"))
        expected = {text: run(engine, model, [text])[0] for text in texts}
        hammer(engine, model, expected)


# -- memory


def test_out_of_memory_is_split_and_remembered(narrow):
    model = FakeModel(capacity_tokens=8)
    vectors = run(narrow, model, [f"a text of {at}" for at in range(64)])
    np.testing.assert_array_equal(vectors[40], alone(FakeModel(), "a text of 40"))
    before = narrow.stats()
    assert before.n_out_of_memory > 0
    assert before.n_failed == 0
    run(narrow, model, [f"more text of {at}" for at in range(64)])
    assert narrow.stats().n_out_of_memory == before.n_out_of_memory


def test_a_single_item_that_cannot_fit_is_its_own_error(narrow):
    good, large = run(narrow, FakeModel(capacity_tokens=8), ["small", "large " * 9])
    assert isinstance(good, np.ndarray)
    assert isinstance(large, DeviceMemoryError)
    assert "make it smaller" in str(large)


# -- caches


def test_vectors_are_computed_once(narrow, gate):
    model = gate.model()
    first = run(narrow, model, ["one", "two"])
    np.testing.assert_array_equal(first, run(narrow, model, ["one", "two"]))
    assert sorted(gate.computed) == ["one", "two"]
    assert narrow.stats().vectors.n_hits == 2


def test_models_of_other_identity_recipe_or_task_share_nothing(narrow, gate):
    renamed = fake_recipe().__class__(**{**vars(fake_recipe()), "max_tokens": 7})
    models = [gate.model(), gate.model(identity="other"), gate.model(recipe=renamed)]
    for model in models:
        run(narrow, model, ["same"])
    assert gate.computed == ["same"] * 3


def test_failures_are_not_cached(narrow):
    assert isinstance(run(narrow, FakeModel(), ["!nan"])[0], ItemFailedError)
    assert narrow.stats().vectors.n_entries == 0


def test_vectors_outlive_the_process_on_disk(tmp_path, gate):
    config = EngineConfig(cpu_lanes=1, vector_cache_folder=tmp_path)
    with Engine(config) as first:
        expected = run(first, FakeModel(), ["one", "two"])
    with Engine(config) as second:
        np.testing.assert_array_equal(run(second, gate.model(), ["one", "two"]), expected)
        assert second.stats().disk.n_hits == 2
    assert gate.batches == []


def test_a_picture_is_decoded_once_for_all_models(narrow, tmp_path):
    import PIL.Image

    PIL.Image.new("RGB", (8, 8), "red").save(tmp_path / "red.png")
    picture = Image(tmp_path / "red.png")
    for identity in ("one", "two", "three"):
        run(narrow, FakeModel(identity=identity), [picture])
    stats = narrow.stats().media
    assert (stats.n_misses, stats.n_hits) == (1, 2)


def test_tiles_of_a_screenshot_need_it_decoded_once(tmp_path, monkeypatch):
    import PIL.Image

    from medialens.media import decode

    decoded, load_image = [], decode.load_image
    monkeypatch.setattr(decode, "load_image", lambda content, limits: decoded.append(1) or load_image(content, limits))
    path = tmp_path / "shot.png"
    PIL.Image.linear_gradient("L").convert("RGB").save(path)  # 256 x 256, from black to white
    tiles = [Image(path, box=(0, top, 256, 64)) for top in range(0, 193, 16)]
    with Engine(EngineConfig(cpu_lanes=2, prepare_threads=4)) as engine:
        vectors = run(engine, FakeModel(), tiles)
        run(engine, FakeModel(identity="other"), tiles)
        kept = engine.stats().media
    assert len(decoded) == 1
    assert (vectors[0] != vectors[-1]).any()
    assert kept.n_entries == len(tiles) + 1
    assert kept.n_bytes >= 256 * 256 * 3 + len(tiles) * 256 * 64 * 3  # of tiles, copies: no view keeps the whole


def test_a_source_of_several_requests_is_read_once_and_let_go(narrow, tmp_path):
    text = Source("query", n_uses=3)
    pairs = [Request((text, Source(f"document {at}"))) for at in range(3)]
    scores = narrow.submit(FakeModel(task="score"), pairs).future.result(PATIENCE_SECONDS)
    assert [score.shape for score in scores] == [()] * 3
    assert text._resolved is None


def test_scores_of_pairs_are_cached(narrow, gate):
    model = gate.model(task="score")
    pair = Request((Source("query"), Source("document")))
    swapped = Request((Source("document"), Source("query")))
    for request in (pair, pair, swapped):
        narrow.submit(model, [request]).future.result(PATIENCE_SECONDS)
    assert gate.computed == ["query document", "document query"]
    assert narrow.stats().scores.n_hits == 1


# -- loading


def test_a_model_is_loaded_once_however_many_ask():
    loads, may_go = [], threading.Event()

    def load(spec: ModelSpec) -> FakeModel:
        loads.append(spec)
        assert may_go.wait(PATIENCE_SECONDS)
        return FakeModel()

    with Engine(ONE_OF_EACH, loader=load) as engine:
        futures = [engine.begin_load(ModelSpec(repository=name)) for name in ("a", "a", "b", "a")]
        may_go.set()
        first, second, other, third = [future.result(PATIENCE_SECONDS) for future in futures]
        assert first is second is third is engine.load(ModelSpec(repository="a"))
        assert other is not first
        assert sorted(spec.repository for spec in loads) == ["a", "b"]
        assert engine.stats().n_models == 2


def test_a_failed_load_is_tried_again():
    outcomes = iter([RuntimeError("the disk was asleep"), FakeModel()])

    def load(spec: ModelSpec) -> FakeModel:
        outcome = next(outcomes)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    with Engine(ONE_OF_EACH, loader=load) as engine:
        with pytest.raises(RuntimeError, match="asleep"):
            engine.load(ModelSpec(repository="a"))
        assert engine.loaded(ModelSpec(repository="a")) is None
        assert isinstance(engine.load(ModelSpec(repository="a")), FakeModel)


# -- the end


def own_threads(since: set[threading.Thread]) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("medialens") and thread not in since]


def test_closing_mid_flight_leaves_no_pending_future(gate):
    before = set(threading.enumerate())
    engine = Engine(ONE_OF_EACH)
    model = gate.model()
    calls = [engine.submit(model, requests("hold", *(f"{at} {n}" for n in range(50)))) for at in range(10)]
    assert gate.reached.wait(PATIENCE_SECONDS)
    closing = threading.Thread(target=engine.close)
    closing.start()
    for call in calls:
        assert isinstance(call.future.exception(PATIENCE_SECONDS), EngineClosedError)
    gate.open()
    closing.join(PATIENCE_SECONDS)
    assert own_threads(before) == []
    engine.close()  # again: nothing happens
    with pytest.raises(EngineClosedError, match="new call on a handle"):
        engine.submit(model, requests("late"))
    with pytest.raises(EngineClosedError):
        engine.load(ModelSpec(repository="late"))


def test_a_callback_may_close_the_engine():
    before = set(threading.enumerate())
    engine = Engine(ONE_OF_EACH)
    closed = threading.Event()
    call = engine.submit(FakeModel(), requests("a"))
    call.future.add_done_callback(lambda _: (engine.close(), closed.set()))
    assert closed.wait(PATIENCE_SECONDS)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while own_threads(before):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert engine.closed


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # the death is the point
def test_a_model_that_wants_to_exit_fails_alone(engine):
    def leave(texts):
        if "bad" in texts:
            raise SystemExit

    good, bad = run(engine, FakeModel(on_batch=leave), ["good", "bad"])

    assert isinstance(good, np.ndarray)
    assert isinstance(bad, ItemFailedError)
    assert not engine.closed


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # it is what is provoked
def test_a_thread_that_dies_lets_nobody_wait(monkeypatch):
    def leave(*_):
        raise SystemExit

    monkeypatch.setattr("medialens.engine.lanes.run_isolated", leave)
    engine = Engine(ONE_OF_EACH)
    call = engine.submit(FakeModel(), requests("a", "b"))
    with pytest.raises(EngineError, match="the engine stopped: SystemExit"):
        call.future.result(PATIENCE_SECONDS)
    assert engine.closed
    engine.close()


def test_the_engine_of_the_process_is_made_again_after_closing():
    first = get_engine()
    assert get_engine() is first
    close_engine()
    second = get_engine()
    assert second is not first
    configure(EngineConfig(cpu_lanes=1, batch_tokens=99))
    assert get_engine().config.batch_tokens == 99
    configure(None)
    close_engine()


def test_another_engine_can_stand_in(narrow):
    with use_engine(narrow):
        assert get_engine() is narrow
    assert get_engine() is not narrow
    close_engine()


# -- progress


@pytest.mark.parametrize(("show", "shown"), [(True, True), (False, False), (None, False)])
def test_progress_goes_to_standard_error_when_asked_for(engine, capsys, show, shown):
    engine.submit(FakeModel(), requests("a", "b"), progress="encoding documents", show_progress=show).future.result(
        PATIENCE_SECONDS
    )
    captured = capsys.readouterr()
    assert ("encoding documents: 100%" in captured.err) is shown
    assert captured.out == ""
