"""Training crowds: what a step compares, scenes in clusters that look nearly alike, most often of one kind.

That is what a reranker meets. Among the first 20 of a large gallery are the scenes that are made of the same things,
those that differ in one fact, and others of the same kind; a network that has seen only some of these in training
errs on the rest.
"""

from __future__ import annotations

import dataclasses
import random
from typing import Literal

import numpy as np
import numpy.typing as npt

from medialens.training.drawing import KINDS, Scene, describe, invent, invent_rival, rearrange
from medialens.training.examples import Example, holds_for, picture, show
from medialens.training.language.speaker import Speaker

Form = Literal["text", "picture", "second text", "second picture", "picture and text"]
"""What stands for a scene: a caption, its picture, another caption that tells all, another drawing, or both."""

# Queries and documents of a crowd, and how often. Text that looks for pictures is what a reranker mostly does.
_FORMS: dict[tuple[Form, Form], float] = {
    ("text", "picture"): 0.78,
    ("picture", "text"): 0.06,
    ("text", "second text"): 0.04,
    ("picture", "second picture"): 0.06,
    ("text", "picture and text"): 0.06,
}

# Kinds that an embedder mixes up are shown more often than others.
_MORE_OF = {"relation": 3.0, "word": 6.0, "count": 1.5, "clip": 2.0}
_ONE_KIND_SHARE = 0.7
_ARRANGED_SHARE = 0.6


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Crowd:
    """Aligned lists of n scenes.

    Attributes:
        examples: Their pictures and captions.
        query_form, document_form: What stands for a scene on each side.
        texts: By form, a caption of each scene, for the forms that are text.
        drawings: By form, a picture (height, width, 3) uint8 of each.
        matches: (n, n) bool; document j is what query i asks for.
    """

    examples: tuple[Example, ...]
    query_form: Form
    document_form: Form
    texts: dict[Form, list[str]]
    drawings: dict[Form, list[npt.NDArray[np.uint8]]]
    matches: npt.NDArray[np.bool_]


def make_crowd(
    seed: int, step: int, *, n_clusters: int, n_rivals: int, one_kind_share: float = _ONE_KIND_SHARE
) -> Crowd:
    """The crowd of one step, a function of (seed, step): scenes with their rivals, often all of one kind.

    All of the same forms, so that no short query is filled up to the length of a picture.
    """
    chance = random.Random(f"crowds/{seed}/{step}")
    (query_form, document_form), *_ = chance.choices(list(_FORMS), list(_FORMS.values()))
    scenes = [
        scene
        for kind in _choose_kinds(chance, n_clusters, one_kind_share)
        for scene in _make_cluster(chance, kind, n_rivals)
    ]
    examples = tuple(show(scene, chance) for scene in scenes)
    texts: dict[Form, list[str]] = {"text": [one.caption.text for one in examples]}
    drawings: dict[Form, list[npt.NDArray[np.uint8]]] = {"picture": [one.pixels for one in examples]}
    if document_form == "second text":
        texts["second text"] = [describe(scene, Speaker(chance)).text for scene in scenes]
    if document_form == "picture and text":
        texts["second text"] = [one.second.text for one in examples]
    if document_form == "second picture":
        drawings["second picture"] = [np.asarray(picture(scene, chance)) for scene in scenes]
    return Crowd(
        examples=examples, query_form=query_form, document_form=document_form, texts=texts, drawings=drawings,
        matches=_matches(examples, query_form, document_form),
    )  # fmt: skip


def _choose_kinds(chance: random.Random, count: int, one_kind_share: float) -> list[str]:
    weights = [_MORE_OF.get(name, 1.0) * kind.weight for name, kind in KINDS.items()]
    n_draws = 1 if chance.random() < one_kind_share else count
    return chance.choices(list(KINDS), weights, k=n_draws) * (count // n_draws)


def _make_cluster(chance: random.Random, kind: str, n_rivals: int) -> list[Scene]:
    """A scene and rivals of it, all different: the same things arranged otherwise, or what differs in a fact."""
    scenes = [invent(chance, kind=kind)]
    arranged = [other for other in rearrange(scenes[0]) if not other.held_out]
    chance.shuffle(arranged)
    while len(scenes) < 1 + n_rivals:
        if arranged and chance.random() < _ARRANGED_SHARE:
            rival: Scene | None = arranged.pop()
        else:
            rival = invent_rival(chance.choice(scenes), chance)
        scenes.append(rival if rival is not None and rival not in scenes else invent(chance, kind=kind))
    return scenes


def _matches(examples: tuple[Example, ...], query_form: Form, document_form: Form) -> npt.NDArray[np.bool_]:
    """By what is said and true; of two pictures, by their scenes."""
    if query_form == "picture" and document_form == "second picture":
        scenes = [one.scene for one in examples]
        return np.array([[one == other for other in scenes] for one in scenes])
    held = holds_for([one.caption.facts for one in examples], [one.truths for one in examples]).numpy()
    return held.T if query_form == "picture" else held
