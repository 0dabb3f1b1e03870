"""What is decoded, how often, and when a model's own memory stands in for it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from medialens import Encoder, Image, Item, MediaLimits
from medialens.engine.config import EngineConfig
from medialens.engine.engine import Engine
from medialens.errors import MediaLimitError
from medialens.media.decoded import DecodedItem, Remembered
from medialens.models.abilities import MemoryLimits, NotRememberedError
from medialens.models.cache import CacheStats
from medialens.models.protocol import Prepared
from medialens.testing.fake_model import FakeModel

pytestmark = pytest.mark.timeout(60)


@dataclasses.dataclass(frozen=True, eq=False)
class Rememberer(FakeModel):
    """Keeps the decoded picture itself, and says what it was given."""

    kept: dict[str, object] = dataclasses.field(default_factory=dict)
    given: list[tuple[type, ...]] = dataclasses.field(default_factory=list)

    def prepare(self, items: tuple[DecodedItem, ...], *, instruction: str) -> Prepared:
        if instruction == "closer" and any(isinstance(part, Remembered) for item in items for part in item.parts):
            raise NotRememberedError
        self.given.append(tuple(type(part) for item in items for part in item.parts))
        known = [
            DecodedItem(tuple(part.known if isinstance(part, Remembered) else part for part in item.parts))
            for item in items
        ]
        self.kept.update({image.digest: image for item in known for image in item.images})
        return super().prepare(tuple(known), instruction=instruction)

    def remember_within(self, limits: MemoryLimits) -> None:
        pass

    def memory_stats(self) -> Mapping[str, CacheStats]:
        return {}

    def recall(self, digest: str) -> Remembered | None:
        known = self.kept.get(digest)
        return None if known is None else Remembered(modality="image", digest=digest, known=known)


@pytest.fixture
def engine():
    """Without caches: everything is prepared anew."""
    config = EngineConfig(cpu_lanes=1, prepare_threads=1, media_cache_bytes=0, vector_cache_bytes=0)
    with Engine(config) as made:
        yield made


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    file = tmp_path / "picture.png"
    PIL.Image.fromarray(np.full((40, 30, 3), (200, 30, 30), dtype=np.uint8)).save(file)
    return file


def test_what_the_model_remembers_is_not_decoded_again(engine, picture):
    model = Rememberer()
    encoder = Encoder(model, engine=engine)

    first = encoder.encode(Image(picture))
    second = encoder.encode(Image(picture))
    mixed = encoder.encode(Item("red", Image(picture)))

    assert [[kind.__name__ for kind in one] for one in model.given] == [
        ["DecodedImage"],
        ["Remembered"],
        ["Text", "DecodedImage"],  # this item was not decoded under these limits before
    ]
    assert np.array_equal(first, second)
    assert not np.array_equal(first, mixed)


def test_what_does_not_do_this_time_is_decoded_after_all(engine, picture):
    model = Rememberer()
    encoder = Encoder(model, engine=engine)
    encoder.encode(Image(picture))

    encoder.encode(Image(picture), instruction="closer")

    assert [[kind.__name__ for kind in one] for one in model.given] == [["DecodedImage"], ["DecodedImage"]]


def test_boxes_of_a_picture_are_remembered_apart(engine, picture):
    model = Rememberer()
    encoder = Encoder(model, engine=engine)
    boxes = [Image(picture, box=(0, 0, 10, 10)), Image(picture, box=(5, 0, 10, 10)), Image(picture)]

    for _ in range(2):
        encoder.encode(boxes)

    assert len(model.kept) == 3
    assert {kind.__name__ for one in model.given[3:] for kind in one} == {"Remembered"}


def test_a_memory_does_not_get_around_the_limits(engine, picture):
    model = Rememberer()
    Encoder(model, engine=engine).encode(Image(picture))

    with pytest.raises(MediaLimitError):
        Encoder(model, engine=engine, limits=MediaLimits(max_pixels=100)).encode(Image(picture))
