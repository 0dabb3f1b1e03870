"""Training examples: seeded pictures with what is said of them, and batches of tensors.

A batch is a function of (seed, step) alone, so a run that is taken up again sees what it would have seen.
"""

from __future__ import annotations

import dataclasses
import io
import random
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from transformers import PreTrainedTokenizerFast

from medialens.training.captions import say
from medialens.training.drawing import KINDS, Scene, draw, film, invent, invent_rival, on_sheet, truths
from medialens.training.facts import label_caption, label_picture
from medialens.training.language.speaker import Caption
from medialens.training.tokens import MAX_TOKENS

Pixels = npt.NDArray[np.uint8]
IMAGE_SIZE = 96
_RESIZED_SHARE = 0.5
_JPEG_SHARE = 0.08
_RIVAL_SHARE = 0.75
_STILL_SHARE = 0.03  # a film in which nothing moves
_KINDS_BY_STEP = (None, 1, 3, 1)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Example:
    """A picture (height, width, 3) uint8, two captions of it, and everything that is true of it."""

    scene: Scene
    pixels: Pixels
    caption: Caption
    second: Caption
    truths: frozenset[str]


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class TrainingBatch:
    """Tensors of n examples.

    Attributes:
        pixels: (n, 3, 96, 96) in -1..1.
        tokens, token_mask: (n + m, length); the captions of all, then the second captions of the first m.
        same: (n, n) bool; caption i holds for picture j as well, so that j is no counter-example to i.
        n_second: m.
        picture_facts: (n, facts) labels, as `facts.label_picture` gives them.
        caption_facts: (n, facts) labels of the first captions.
    """

    pixels: torch.Tensor
    tokens: torch.Tensor
    token_mask: torch.Tensor
    same: torch.Tensor
    n_second: int
    picture_facts: torch.Tensor
    caption_facts: torch.Tensor


def picture(scene: Scene, chance: random.Random) -> Image.Image:
    """The scene at the model's size; half of the time drawn at another one, and some went through JPEG.

    A scene in which something happens gives the sheet of frames that the model looks at.
    """
    size = (IMAGE_SIZE, IMAGE_SIZE)
    shown = film(scene, _any_size(chance, at_most=160), chance)
    if shown is not None:
        return on_sheet(shown, size)
    image = draw(scene, _any_size(chance), chance)
    if image.size != size:
        image = image.resize(size, Image.Resampling.BICUBIC)
    if chance.random() < _JPEG_SHARE:
        data = io.BytesIO()
        image.save(data, "JPEG", quality=chance.randint(60, 92))
        image = Image.open(data).convert("RGB")
    return image


def _any_size(chance: random.Random, at_most: int = 320) -> tuple[int, int]:
    if chance.random() < _RESIZED_SHARE:
        return chance.randint(100, at_most), chance.randint(100, at_most)
    return IMAGE_SIZE, IMAGE_SIZE


def make_example(chance: random.Random, kind: str, rival_of: Scene | None = None) -> Example:
    """A scene of the kind from the training side of the split, drawn and described twice.

    Often it is a rival of `rival_of`, if there is one: nearly the same, so that it takes a look to tell them apart.
    """
    rival = invent_rival(rival_of, chance) if rival_of and chance.random() < _RIVAL_SHARE else None
    return show(rival or invent(chance, kind=kind), chance)


def show(scene: Scene, chance: random.Random) -> Example:
    """The scene, drawn once and described twice."""
    image = picture(scene, chance)
    if scene.kind != "clip" and chance.random() < _STILL_SHARE:
        image = on_sheet(lambda _: image, image.size)
    pixels = np.asarray(image)
    return Example(
        scene=scene, pixels=pixels, caption=say(scene, chance), second=say(scene, chance), truths=truths(scene)
    )


def make_examples(seed: int, step: int, count: int, *, kinds: Sequence[str] = tuple(KINDS)) -> list[Example]:
    """The examples of one step: of one kind on every other step, else of three kinds or all.

    Among pictures of all kinds the kind and the place of things almost suffice to tell them apart, so that a network
    learns to overlook the rest: colours, first of all. Rivals of the same kind leave no such way out.
    """
    chance = random.Random(f"examples/{seed}/{step}")
    weights = [KINDS[kind].weight for kind in kinds]
    if (n_kinds := _KINDS_BY_STEP[step % len(_KINDS_BY_STEP)]) is not None:
        kinds = chance.choices(kinds, weights, k=n_kinds)
        weights = [1.0] * len(kinds)
    examples: list[Example] = []
    latest: dict[str, Scene] = {}
    for name in chance.choices(kinds, weights, k=count):
        examples.append(make_example(chance, name, latest.get(name)))
        latest[name] = examples[-1].scene
    return examples


def to_batch(examples: Sequence[Example], tokenizer: PreTrainedTokenizerFast, *, n_second: int = 0) -> TrainingBatch:
    """Tensors of the examples, with second captions for the first `n_second` of them."""
    texts = [each.caption.text for each in examples] + [each.second.text for each in examples[:n_second]]
    encoded = tokenizer(texts, padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt")
    return TrainingBatch(
        pixels=to_tensor([each.pixels for each in examples]),
        tokens=encoded["input_ids"],
        token_mask=encoded["attention_mask"],
        same=holds_for([each.caption.facts for each in examples], [each.truths for each in examples]),
        n_second=n_second,
        picture_facts=torch.tensor([label_picture(each.scene) for each in examples]),
        caption_facts=torch.tensor([label_caption(each.scene, each.caption) for each in examples]),
    )


def to_tensor(pictures: Sequence[Pixels]) -> torch.Tensor:
    """(n, 3, height, width) in -1..1 from n arrays (height, width, 3) of uint8."""
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float().div(127.5).sub(1.0)


def holds_for(said: Sequence[frozenset[str]], true: Sequence[frozenset[str]]) -> torch.Tensor:
    """(captions, pictures) bool: everything that the caption states is true of the picture."""
    index = {fact: number for number, fact in enumerate(sorted(frozenset().union(*said, *true)))}
    stated, known = torch.zeros(len(said), len(index)), torch.zeros(len(true), len(index))
    for matrix, sets in ((stated, said), (known, true)):
        for row, facts in enumerate(sets):
            matrix[row, [index[fact] for fact in facts]] = 1.0
    return stated @ known.T == stated.sum(1, keepdim=True)
