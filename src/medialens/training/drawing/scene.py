"""A scene: what a picture shows, as facts, before anything is drawn or said."""

from __future__ import annotations

import dataclasses
import hashlib
import random
from collections.abc import Callable, Mapping

from PIL import Image

from medialens.training.language.speaker import Speaker

HELD_OUT_SHARE = 0.1


@dataclasses.dataclass(frozen=True)
class Scene:
    """One combination of facts.

    Attributes:
        kind: Name of the kind of picture.
        facts: Everything that a full caption of this kind states; the scene's identity.
    """

    kind: str
    facts: Mapping[str, str]

    @property
    def key(self) -> str:
        """Its identity in words: ``shape colour=red position=top ...``."""
        return " ".join([self.kind, *(f"{name}={value}" for name, value in sorted(self.facts.items()))])

    @property
    def held_out(self) -> bool:
        """Whether training never sees this combination: one in ten, by a hash of the facts."""
        digest = hashlib.sha256(self.key.encode()).digest()
        return int.from_bytes(digest[:4], "big") < HELD_OUT_SHARE * 2**32


Size = tuple[int, int]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of picture: how to invent one, draw it, describe it, and what is true of it.

    Attributes:
        name: As in `Scene.kind`.
        weight: Share among the kinds, before normalising.
        invent: Random facts.
        draw: The picture of those facts, (width, height) pixels; what no fact settles is left to chance.
        describe: A noun phrase and the names of the facts it states; all of them when `full`.
        truths: Statements that hold for the picture; a caption's statements are among them.
        film: For kinds that move: the frames of those facts, (width, height) pixels each, as a function of time
            from 0 to 1; `draw` then gives the sheet of them that a model looks at.
        free_facts: Facts that may change alone, whatever the others are.
        rearrange: Changes of the facts that put the same things together otherwise.
    """

    name: str
    weight: float
    invent: Callable[[random.Random], dict[str, str]]
    draw: Callable[[Mapping[str, str], Size, random.Random], Image.Image]
    describe: Callable[[Mapping[str, str], Speaker, bool], tuple[str, frozenset[str]]]
    truths: Callable[[Mapping[str, str]], frozenset[str]]
    film: Callable[[Mapping[str, str], Size, random.Random], Callable[[float], Image.Image]] | None = None
    free_facts: tuple[str, ...] = ()
    rearrange: Callable[[Mapping[str, str]], list[dict[str, str]]] = lambda _: []


def states(facts: Mapping[str, str], *names: str) -> frozenset[str]:
    """The named facts as statements: ``colour=red``."""
    return frozenset(f"{name}={facts[name]}" for name in names)
