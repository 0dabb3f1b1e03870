"""A tiny network beside transformers' own, and prompts with random pictures for both."""

from __future__ import annotations

import functools

import numpy as np
import torch
from tests.tiny import fill
from tests.tiny_qwen import CONTROLS, qwen_config
from transformers import Qwen3VLModel

from medialens.models.architectures.qwen3_vl.forward.network import Network
from medialens.models.architectures.qwen3_vl.payload import Prefix, Prompt, Visual

CONTROL_IDS = {name: 300 + at for at, name in enumerate(CONTROLS)}
IMAGE, VIDEO = CONTROL_IDS["<|image_pad|>"], CONTROL_IDS["<|video_pad|>"]
SIDE = 16


def normalise(patches):
    return (patches.float() / 255 - 0.5) / 0.5


@functools.lru_cache(maxsize=1)
def reference() -> Qwen3VLModel:
    """transformers' model."""
    return fill(Qwen3VLModel(qwen_config(CONTROL_IDS)))


def make_network(**options) -> Network:
    """Ours, of the same weights in a module of its own."""
    return Network.of(fill(Qwen3VLModel(qwen_config(CONTROL_IDS))), normalise, **options)


def still(seed: int, height: int, width: int) -> Visual:
    """A picture of random patches; height and width count them."""
    values = np.random.default_rng(seed).integers(0, 256, (height * width, 3 * SIDE**2), dtype=np.uint8)
    return Visual(key=f"still {seed} {height} {width}", grid=(1, height, width), patches=torch.from_numpy(values))


def clip(seed: int, pairs: int, height: int, width: int) -> Visual:
    values = np.random.default_rng(seed).integers(0, 256, (pairs * height * width, 6 * SIDE**2), dtype=np.uint8)
    return Visual(
        key=f"clip {seed} {pairs} {height} {width}", grid=(pairs, height, width), patches=torch.from_numpy(values)
    )


def prompt(*parts: int | Visual, seed: int = 0, prefix: int | None = None) -> Prompt:
    """Parts one behind the other: so many tokens of random text, or a visual; the frames of a clip have two tokens
    before each. `prefix` says how many parts several prompts share.
    """
    rng = np.random.default_rng(seed)
    ids: list[int] = []
    kinds: list[int] = []
    shared, visuals = 0, [part for part in parts if isinstance(part, Visual)]
    for number, part in enumerate(parts):
        if number == prefix:
            shared = len(ids)
        if isinstance(part, int):
            ids += rng.integers(0, 250, part).tolist()
            kinds += [0] * part
            continue
        pairs = part.patches.shape[1] == 6 * SIDE**2
        for _ in range(part.grid[0]):
            ids += [7, 8] if pairs else []
            kinds += [0, 0] if pairs else []
            per_frame = part.n_tokens // part.grid[0]
            ids += [VIDEO if pairs else IMAGE] * per_frame
            kinds += [2 if pairs else 1] * per_frame
    positions = _positions(ids, kinds, visuals)
    inside = sum(isinstance(part, Visual) for part in parts[: prefix or 0])
    key = "+".join([str(ids[:shared]), *(visual.key for visual in visuals[:inside])])
    return Prompt(
        ids=torch.tensor(ids),
        positions=positions,
        visuals=tuple(visuals),
        prefix=Prefix(key=key, n_tokens=shared, n_visuals=inside) if prefix else None,
    )


def _grids(visuals) -> dict[str, torch.Tensor]:
    stills = [each.grid for each in visuals if each.patches.shape[1] == 3 * SIDE**2]
    clips = [each.grid for each in visuals if each.patches.shape[1] == 6 * SIDE**2]
    named = {"image_grid_thw": stills, "video_grid_thw": clips}
    return {name: torch.tensor(grids) for name, grids in named.items() if grids}


def _positions(ids, kinds, visuals) -> torch.Tensor:
    of, _ = reference().get_rope_index(torch.tensor([ids]), torch.tensor([kinds]), **_grids(visuals))
    return of[:, 0]


@torch.no_grad()
def expected(one: Prompt) -> torch.Tensor:
    """What transformers makes of it: the last token after the final norm."""
    pixels: dict[str, list[torch.Tensor]] = {}
    for each in one.visuals:
        values = normalise(each.patches)
        if values.shape[1] == 3 * SIDE**2:  # a still is the same frame twice
            twice = values.view(len(values), 3, 1, -1).expand(-1, -1, 2, -1).flatten(1)
            pixels.setdefault("pixel_values", []).append(twice)
        else:
            pixels.setdefault("pixel_values_videos", []).append(values)
    given = {name: torch.cat(values) for name, values in pixels.items()}
    out = reference()(
        input_ids=one.ids[None],
        attention_mask=torch.ones_like(one.ids)[None],
        position_ids=one.positions[:, None],
        **given,
        **_grids(one.visuals),
    )
    return out.last_hidden_state[0, -1]


def samples() -> list[Prompt]:
    """Text, pictures of several sizes, clips, and all of them mixed."""
    return [
        prompt(5, seed=1),
        prompt(40, seed=2),
        prompt(3, still(1, 4, 6), 4),
        prompt(3, still(2, 4, 4), 1, still(3, 8, 2), 4, seed=3),
        prompt(2, clip(4, 3, 4, 6), 6),
        prompt(2, clip(5, 1, 2, 2), 6),
        prompt(4, still(1, 4, 6), 5, clip(6, 2, 4, 4), 2, still(7, 2, 2), 3, seed=4),
        prompt(5, seed=5),
        prompt(1, seed=6),
    ]
