"""Training groups: a few scenes that look nearly alike and a few that do not, every query against every document."""

from __future__ import annotations

import dataclasses
import random
from typing import Literal

import numpy as np
import numpy.typing as npt

from medialens.training.drawing import KINDS, Scene, describe, invent, invent_rival
from medialens.training.examples import Example, holds_for, picture, show
from medialens.training.language.speaker import Speaker

Form = Literal["text", "picture", "second text", "second picture", "picture and text"]
"""What stands for a scene: a caption, its picture, another caption that tells all, another drawing, or both."""

# Queries and documents of a group, and how often. Text that looks for pictures is what a reranker mostly does.
_FORMS: dict[tuple[Form, Form], float] = {
    ("text", "picture"): 0.7,
    ("picture", "text"): 0.08,
    ("text", "second text"): 0.08,
    ("picture", "second picture"): 0.08,
    ("text", "picture and text"): 0.06,
}


# Kinds that an embedder mixes up are shown more often than others.
_MORE_OF = {"relation": 2.0, "word": 2.5, "count": 1.5, "clip": 1.5}


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Group:
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


def make_groups(seed: int, step: int, count: int, *, n_rivals: int = 3, n_others: int = 2) -> list[Group]:
    """The groups of one step, a function of (seed, step): a scene, its rivals, and scenes of any kind.

    All of the same forms, so that no short query is filled up to the length of a picture.
    """
    chance = random.Random(f"groups/{seed}/{step}")
    forms = chance.choices(list(_FORMS), list(_FORMS.values()))[0]
    return [_make_group(chance, forms, n_rivals, n_others) for _ in range(count)]


def _make_group(chance: random.Random, forms: tuple[Form, Form], n_rivals: int, n_others: int) -> Group:
    scenes = _choose(chance, n_rivals) + [invent(chance) for _ in range(n_others)]
    examples = tuple(show(scene, chance) for scene in scenes)
    query_form, document_form = forms
    texts: dict[Form, list[str]] = {"text": [one.caption.text for one in examples]}
    drawings: dict[Form, list[npt.NDArray[np.uint8]]] = {"picture": [one.pixels for one in examples]}
    if document_form == "second text":
        texts["second text"] = [describe(scene, Speaker(chance)).text for scene in scenes]
    if document_form == "picture and text":
        texts["second text"] = [one.second.text for one in examples]
    if document_form == "second picture":
        drawings["second picture"] = [np.asarray(picture(scene, chance)) for scene in scenes]
    return Group(
        examples=examples, query_form=query_form, document_form=document_form, texts=texts, drawings=drawings,
        matches=_matches(examples, query_form, document_form),
    )  # fmt: skip


def _choose(chance: random.Random, n_rivals: int) -> list[Scene]:
    """A scene and rivals of it, or of one of its rivals, all different."""
    weights = [_MORE_OF.get(name, 1.0) * kind.weight for name, kind in KINDS.items()]
    scenes = [invent(chance, kind=chance.choices(list(KINDS), weights)[0])]
    while len(scenes) < 1 + n_rivals:
        rival = invent_rival(chance.choice(scenes), chance)
        scenes.append(rival if rival is not None and rival not in scenes else invent(chance, kind=scenes[0].kind))
    return scenes


def _matches(examples: tuple[Example, ...], query_form: Form, document_form: Form) -> npt.NDArray[np.bool_]:
    """By what is said and true; of two pictures, by their scenes."""
    if query_form == "picture" and document_form == "second picture":
        scenes = [one.scene for one in examples]
        return np.array([[one == other for other in scenes] for one in scenes])
    held = holds_for([one.caption.facts for one in examples], [one.truths for one in examples]).numpy()
    return held.T if query_form == "picture" else held
