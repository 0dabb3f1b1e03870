"""The network: visuals through the tower, their tokens among those of the text, all through the language model.

    Prompts --pack--> Batch --run--> (n, hidden) fp32, the end of each item after the final norm

The weights are those of transformers' module, read once; its own forward never runs. `run` may be called by any
number of threads.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from medialens.models.architectures.qwen3_vl.forward.beginnings import Alone, Beginning, Following
from medialens.models.architectures.qwen3_vl.forward.language import LanguageModel, Rows
from medialens.models.architectures.qwen3_vl.forward.looking import Looked, lay_out
from medialens.models.architectures.qwen3_vl.forward.packing import Packed, pack, pack_prefixes, prefix_of
from medialens.models.architectures.qwen3_vl.forward.vision import Normalise, VisionTower
from medialens.models.architectures.qwen3_vl.payload import MERGE, Features, Prompt, Visual
from medialens.models.layers.attention import Spans, to_device
from medialens.models.layers.products import ACTIVATIONS
from medialens.models.memory import Memory
from medialens.models.protocol import Batch


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """What stays on the host of a batch.

    Attributes:
        packed: The rows of the language model.
        prefixes: A prompt with each prefix, by the prefix's key.
        beginnings: What is known of those; held here, so that it stays.
        visuals: All that the batch needs to know, by key; without those of known beginnings.
        known: The features of those that are known.
        looked: The others, as the tower takes them; None where all are known.
    """

    packed: Packed
    prefixes: Mapping[str, Prompt]
    beginnings: Mapping[str, Beginning]
    visuals: Mapping[str, Visual]
    known: Mapping[str, Features]
    looked: Looked | None


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Network:
    """Prompts to vectors.

    Attributes:
        tower: For pictures and clips.
        language: For all.
        placeholder_ids: What stands for a token of a visual.
        features: What the tower made of visuals, kept as far as its limits go.
        beginnings: What the language model made of prefixes.
    """

    tower: VisionTower
    language: LanguageModel
    placeholder_ids: tuple[int, ...]
    features: Memory[Features]
    beginnings: Memory[Beginning]

    @staticmethod
    def of(module: Any, normalise: Normalise) -> Network:
        """The network of transformers' ``Qwen3VLModel``, whose weights it shares.

        Args:
            module: In the dtype and on the device that it shall run in.
            normalise: 8-bit patches to what the tower was trained on.

        Raises:
            ValueError: Its shape is none that this network has.
        """
        _check(module.config)
        device = module.language_model.norm.weight.device
        return Network(
            tower=VisionTower.of(module.visual, normalise),
            language=LanguageModel.of(module.language_model),
            placeholder_ids=(int(module.config.image_token_id), int(module.config.video_token_id)),
            features=Memory(device),
            beginnings=Memory(device),
        )

    def pack(self, prompts: Sequence[Prompt]) -> Batch:
        """The prompts end to end, without the prefixes that they share, and each unknown visual once."""
        packed = pack(prompts, self.placeholder_ids)
        shared = {prompt.prefix.key: prompt for prompt in prompts if prompt.prefix is not None}
        beginnings = {key: begun for key in shared if (begun := self.beginnings.get(key)) is not None}
        to_begin = {key: prefix_of(prompt) for key, prompt in shared.items() if key not in beginnings}
        needed = [*(visual for one in to_begin.values() for visual in one.visuals), *packed.visuals]
        visuals = {visual.key: visual for visual in needed}
        known = {key: it for key, visual in visuals.items() if (it := self._known(visual)) is not None}
        unknown = [visual for key, visual in visuals.items() if key not in known]
        looked = self._lay_out(unknown) if unknown else None
        plan = Plan(packed=packed, prefixes=shared, beginnings=beginnings, looked=looked, visuals=visuals, known=known)
        return Batch({**packed.tensors, **(looked.tensors if looked else {})}, len(prompts), plan=plan)

    @torch.inference_mode()
    def run(self, batch: Batch) -> Float[Tensor, "n hidden"]:
        """The last token of each prompt after the final norm, in fp32."""
        plan: Plan = batch.plan
        features = self._look(plan, batch.tensors)
        context = self._context(plan, features, batch.tensors["ids"].device)
        told = self._read(plan.packed, batch.tensors, features)
        return self.language(told, context, batch.tensors["ends"])[batch.tensors["back"]]

    def _known(self, visual: Visual) -> Features | None:
        return self.features.get(visual.key) or visual.features

    def _lay_out(self, visuals: Sequence[Visual]) -> Looked:
        side = int(len(self.tower.table) ** 0.5)
        return lay_out(visuals, side=side, still_width=int(self.tower.embed_still.weight.shape[1]))

    def _look(self, plan: Plan, tensors: Mapping[str, Tensor]) -> dict[str, Features]:
        """The features of all visuals that the batch needs; the tower sees what nobody has seen yet."""
        device = tensors["ids"].device

        def look(keys: list[str]) -> dict[str, Features]:
            if plan.looked is not None and set(keys) == set(plan.looked.keys):
                there = {name: tensors[name] for name in plan.looked.tensors}
                looked = dataclasses.replace(plan.looked, tensors=there)
            else:  # others have been quicker with some of them
                looked = self._lay_out([plan.visuals[key] for key in keys]).to(device)
            return dict(zip(looked.keys, self.tower(looked), strict=True))

        known = self.features.use(plan.known)
        return known | self.features.fetch([key for key in plan.visuals if key not in known], look)

    def _context(self, plan: Plan, features: dict[str, Features], device: torch.device) -> Alone | Following:
        """What comes before the rows of the batch; prefixes that nobody has read yet are read."""
        spans = Spans.of(plan.packed.lengths, device)
        if not plan.prefixes:
            return Alone(spans=spans)

        def begin(keys: list[str]) -> dict[str, Beginning]:
            packed = pack_prefixes([plan.prefixes[key] for key in keys], self.placeholder_ids)
            tensors = {name: to_device(tensor, device) for name, tensor in packed.tensors.items()}
            told = self._read(packed, tensors, features)
            return dict(zip(keys, self.language.begin(told, Spans.of(packed.lengths, device)), strict=True))

        unknown = [key for key in plan.prefixes if key not in plan.beginnings]
        known = self.beginnings.use(plan.beginnings) | self.beginnings.fetch(unknown, begin)
        return Following.of(spans, plan.packed.prefixes, known)

    def _read(self, packed: Packed, tensors: Mapping[str, Tensor], features: Mapping[str, Features]) -> Rows:
        """Embeddings, with the visuals' tokens in the places of their placeholders."""
        rows, at = self.language.embed(tensors["ids"]), tensors["placeholders"]
        levels = None
        if packed.visuals:
            seen = [features[visual.key] for visual in packed.visuals]
            rows.index_copy_(0, at, torch.cat([each.tokens for each in seen]).to(rows.dtype))
            levels = torch.cat([each.levels for each in seen], dim=1).to(rows.dtype)
        return Rows(rows=rows, positions=tensors["positions"], placeholders=at, levels=levels)


def _check(config: Any) -> None:
    vision, text = config.vision_config, config.text_config
    _expect("spatial_merge_size", vision.spatial_merge_size, (MERGE,))
    _expect("hidden_act of the tower", vision.hidden_act, tuple(ACTIVATIONS))
    _expect("hidden_act of the language model", text.hidden_act, ("silu",))
    if len(vision.deepstack_visual_indexes) >= text.num_hidden_layers:
        msg = (
            f"{len(vision.deepstack_visual_indexes)} levels of features need more than {text.num_hidden_layers} layers"
        )
        raise ValueError(msg)


def _expect(what: str, value: object, known: tuple[object, ...]) -> None:
    if value not in known:
        msg = f"{what} {value!r} is not known; expected {' or '.join(map(repr, known))}"
        raise ValueError(msg)
