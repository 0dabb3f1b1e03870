"""What models say of inputs, what they keep, and how closely they look."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import pytest

from medialens import Encoder, Image, Reranker
from medialens.engine.config import EngineConfig
from medialens.engine.engine import Engine
from medialens.errors import InputError, InputWarning
from medialens.media.decoded import DecodedItem
from medialens.models.abilities import MemoryLimits
from medialens.models.cache import CacheStats
from medialens.models.protocol import Prepared, SharedCost
from medialens.testing.fake_model import FakeModel

pytestmark = pytest.mark.timeout(60)


@dataclasses.dataclass(frozen=True, eq=False)
class Observer(FakeModel):
    """Says what it saw of pictures, shares the first word of pairs, and keeps what it is told to."""

    max_side: int = 8
    seen: list[Prepared] = dataclasses.field(default_factory=list)
    told: list[MemoryLimits] = dataclasses.field(default_factory=list)

    def prepare(self, items: tuple[DecodedItem, ...], *, instruction: str) -> Prepared:
        plain = super().prepare(items, instruction=instruction)
        notes = tuple(
            f"a picture of {image.width} pixels was made smaller"
            for item in items
            for image in item.images
            if image.width > self.max_side
        )
        shared = SharedCost(key=items[0].text, n_tokens=1) if len(items) > 1 else None
        return dataclasses.replace(plain, cost=dataclasses.replace(plain.cost, packed=True, shared=shared), notes=notes)

    def collate(self, prepared):
        self.seen.extend(prepared)
        return super().collate(prepared)

    def remember_within(self, limits: MemoryLimits) -> None:
        self.told.append(limits)

    def recall(self, digest: str) -> None:
        return None

    def memory_stats(self) -> Mapping[str, CacheStats]:
        return {"features": CacheStats(n_hits=len(self.seen))}

    def looking_at(self, *, max_pixels: int | None = None, max_visual_tokens: int | None = None) -> Observer:
        return dataclasses.replace(self, max_side=max_pixels or max_visual_tokens or self.max_side)


@pytest.fixture
def engine():
    with Engine(EngineConfig(cpu_lanes=1, prepare_threads=1, prefix_cache_bytes=77)) as made:
        yield made


def picture(side: int) -> Image:
    return Image(np.full((side, side, 3), side, dtype=np.uint8))


def test_notes_come_back_by_position_and_are_warned_of_once(engine):
    encoder = Encoder(Observer(), engine=engine)

    result = encoder.encode_documents([picture(4), picture(16), "text", picture(32)], errors="return")

    assert dict(result.notes) == {
        1: ("a picture of 16 pixels was made smaller",),
        3: ("a picture of 32 pixels was made smaller",),
    }
    with pytest.warns(InputWarning, match=r"item 0: a picture of 64 .*\(and 1 other items") as caught:
        encoder.encode_documents([picture(64), picture(65)])
    assert caught[0].filename == __file__


def test_pairs_are_told_of_both_their_sides(engine):
    for task in ("embed", "score"):
        reranker = Reranker(Observer(task=task), engine=engine)

        result = reranker.rank(picture(16), [picture(32), "red"], errors="return")

        first, second = (f"a picture of {side} pixels was made smaller" for side in (16, 32))
        assert {at: set(notes) for at, notes in result.notes.items()} == {0: {first, second}, 1: {first}}
        with pytest.warns(InputWarning, match="item 0") as caught:
            reranker.score([(picture(17), "red")])
        assert caught[0].filename == __file__


def test_only_a_query_before_several_documents_is_shared(engine):
    model = Observer(task="score")
    reranker = Reranker(model, engine=engine)

    reranker.rank("one", ["a", "b"])
    reranker.rank("two", ["c"])
    reranker.score([("three", "d"), ("four", "d")])

    assert {one.payload.text: one.cost.shared is not None for one in model.seen} == {
        "one a": True,
        "one b": True,
        "two c": False,
        "three d": False,
        "four d": False,
    }


def test_a_model_is_told_what_it_may_keep_and_asked_how_that_goes(engine):
    model = Observer()
    Encoder(model, engine=engine).encode(["a", "b"])

    (limits,) = model.told
    assert limits == dataclasses.replace(EngineConfig().memories("cpu"), prefixes_bytes=77)
    assert engine.stats().memories == {"features": CacheStats(n_hits=2)}


def test_a_call_says_how_closely_to_look(engine):
    encoder = Encoder(Observer(), engine=engine)

    assert encoder.encode(picture(16), max_pixels=16, errors="return").notes == {}
    assert encoder.encode(picture(17), max_visual_tokens=16, errors="return").notes != {}
    with pytest.raises(InputError, match="max_pixels=0 must be a whole number of at least 1"):
        encoder.encode(picture(16), max_pixels=0)
    with pytest.raises(InputError, match="max_pixels= is for models that choose how closely they look"):
        Encoder(FakeModel(), engine=engine).encode(picture(16), max_pixels=100)
