"""From a repository to a Qwen3-VL that runs."""

from __future__ import annotations

import hashlib
from typing import Any

from transformers import AutoModel, AutoModelForImageTextToText

from medialens.models.architectures.qwen3_vl._repo import normalises, read_score_tokens, score_kind, wanted_tokens
from medialens.models.architectures.qwen3_vl.forward.head import Head, ScoreHead, VectorHead
from medialens.models.architectures.qwen3_vl.forward.network import Network
from medialens.models.architectures.qwen3_vl.model import Qwen3VL, Views
from medialens.models.architectures.qwen3_vl.pictures.pixels import normalise
from medialens.models.architectures.qwen3_vl.pictures.sight import Sight
from medialens.models.architectures.qwen3_vl.pictures.vision_recipe import VisionRecipe
from medialens.models.architectures.qwen3_vl.pictures.vision_settings import read_vision_recipe
from medialens.models.architectures.qwen3_vl.prompts.reading import PromptReader
from medialens.models.family import LoadRequest
from medialens.models.layers.backbone import actual_placement, load_backbone, load_tokenizer
from medialens.models.layers.tokens import max_tokens, text_config
from medialens.models.protocol import Recipe


def load(request: LoadRequest) -> Qwen3VL:
    """The embedder or the reranker of a repository.

    Raises:
        RepositoryError: Its files contradict each other, or transformers cannot load it.
    """
    manifest, spec = request.manifest, request.spec
    vision = read_vision_recipe(manifest, spec.processor_kwargs)
    tokenizer = load_tokenizer(request)
    module, head = _load_weights(request, tokenizer)
    config = text_config(module.config)
    wanted = wanted_tokens(manifest, spec.task, asked=spec.max_tokens)
    reader = PromptReader.of(
        manifest,
        spec.task,
        tokenizer,
        max_tokens=max_tokens(tokenizer, config, wanted=wanted),
        chat_template=spec.processor_kwargs.get("chat_template"),
        shrinks=bool(spec.processor_kwargs.get("shrink_to_fit", True)),
    )
    network = Network.of(module, lambda patches: normalise(patches, vision))
    return Qwen3VL(
        recipe=_read_recipe(request, vision, reader, dimension=int(config.hidden_size)),
        placement=actual_placement(request.placement, module.config),
        identity=request.identity,
        reader=reader,
        sight=Sight(vision, network.features.get),
        network=network,
        head=head,
        module=module,
        views=Views(),
    )


def _load_weights(request: LoadRequest, tokenizer: Any) -> tuple[Any, Head]:
    """The backbone, and what follows it; of the layer that gives all tokens' logits, no more than a row is kept."""
    if request.spec.task == "embed":
        return load_backbone(AutoModel, request), VectorHead(normalised=normalises(request.manifest))
    generator = load_backbone(AutoModelForImageTextToText, request)
    tokens = read_score_tokens(request.manifest, tokenizer)
    return generator.model, ScoreHead.of(generator.lm_head, tokens)


def _read_recipe(request: LoadRequest, vision: VisionRecipe, reader: PromptReader, *, dimension: int) -> Recipe:
    manifest, task = request.manifest, request.spec.task
    embeds = task == "embed"
    return Recipe(
        family="qwen3_vl",
        task=task,
        modalities=("text", "image", "video", "message"),
        mixes=True,
        prompts=manifest.prompts,
        default_prompt_name=manifest.default_prompt_name,
        dimension=dimension if embeds else 0,
        similarity=manifest.similarity,
        score_kind="cosine" if embeds else score_kind(manifest),
        max_tokens=reader.max_tokens,
        frame_rate=vision.frame_rate,
        settings={
            "architecture": manifest.model_type,
            "pooling": "lasttoken",
            "normalize": normalises(manifest),
            "truncate_dim": manifest.truncate_dim,
            "pixels": vision.as_settings(),
            "shrink_to_fit": reader.shrinks,
            "wording": hashlib.sha256(repr(reader.wording).encode()).hexdigest()[:16],
        },
    )
