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

from medialens.models.architectures.qwen3_vl.language import LanguageModel, Levels
from medialens.models.architectures.qwen3_vl.looking import Looked, lay_out
from medialens.models.architectures.qwen3_vl.packing import Packed, pack
from medialens.models.architectures.qwen3_vl.payload import MERGE, Features, Prompt, Visual
from medialens.models.architectures.qwen3_vl.vision import Normalise, VisionTower
from medialens.models.layers.attention import Spans
from medialens.models.protocol import Batch

_LOOKED = ("stills", "clips", "places", "corners", "weights")


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """What stays on the host of a batch.

    Attributes:
        packed: The rows of the language model.
        looked: What the tower is to look at; None where all is known.
        known: Features that need no look, by key.
    """

    packed: Packed
    looked: Looked | None
    known: Mapping[str, Features]


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Network:
    """Prompts to vectors.

    Attributes:
        tower: For pictures and clips.
        language: For all.
        placeholder_ids: What stands for a token of a visual.
    """

    tower: VisionTower
    language: LanguageModel
    placeholder_ids: tuple[int, ...]

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
        return Network(
            tower=VisionTower.of(module.visual, normalise),
            language=LanguageModel.of(module.language_model),
            placeholder_ids=(int(module.config.image_token_id), int(module.config.video_token_id)),
        )

    def pack(self, prompts: Sequence[Prompt]) -> Batch:
        """The prompts end to end, and each distinct visual once."""
        packed = pack(prompts, self.placeholder_ids)
        visuals = {visual.key: visual for visual in packed.visuals}
        known = {key: visual.features for key, visual in visuals.items() if visual.features is not None}
        unknown = [visual for key, visual in visuals.items() if key not in known]
        looked = self._lay_out(unknown) if unknown else None
        tensors = {**packed.tensors, **(looked.tensors if looked else {})}
        return Batch(tensors, len(prompts), plan=Plan(packed=packed, looked=looked, known=known))

    @torch.inference_mode()
    def run(self, batch: Batch) -> Float[Tensor, "n hidden"]:
        """The last token of each prompt after the final norm, in fp32."""
        plan: Plan = batch.plan
        features = dict(plan.known)
        if plan.looked is not None:
            there = {name: batch.tensors[name] for name in _LOOKED if name in batch.tensors}
            looked = dataclasses.replace(plan.looked, tensors=there)
            features |= dict(zip(looked.keys, self.tower(looked), strict=True))
        rows, levels = self._rows(plan.packed, batch.tensors, features)
        spans = Spans.of(plan.packed.lengths, rows.device)
        ends = self.language(rows, batch.tensors["positions"], spans, batch.tensors["ends"], levels)
        return ends[batch.tensors["back"]]

    def _lay_out(self, visuals: Sequence[Visual]) -> Looked:
        side = int(len(self.tower.table) ** 0.5)
        return lay_out(visuals, side=side, still_width=int(self.tower.embed_still.weight.shape[1]))

    def _rows(
        self, packed: Packed, tensors: Mapping[str, Tensor], features: Mapping[str, Features]
    ) -> tuple[Float[Tensor, "rows dim"], Levels | None]:
        """Embeddings, the visuals' tokens in their places, and what their levels add later."""
        rows = self.language.embed(tensors["ids"])
        if not packed.visuals:
            return rows, None
        seen = [features[visual.key] for visual in packed.visuals]
        at = tensors["placeholders"]
        rows.index_copy_(0, at, torch.cat([each.tokens for each in seen]).to(rows.dtype))
        return rows, Levels(rows=at, values=torch.cat([each.levels for each in seen], dim=1).to(rows.dtype))


def _check(config: Any) -> None:
    merge, levels = config.vision_config.spatial_merge_size, config.vision_config.deepstack_visual_indexes
    if merge != MERGE:
        msg = f"spatial_merge_size={merge} is not known; expected {MERGE}"
        raise ValueError(msg)
    if len(levels) >= config.text_config.num_hidden_layers:
        msg = f"{len(levels)} levels of features need more than {config.text_config.num_hidden_layers} layers"
        raise ValueError(msg)
    if config.text_config.hidden_act != "silu":
        msg = f"hidden_act={config.text_config.hidden_act!r} of the language model is not known; expected 'silu'"
        raise ValueError(msg)
