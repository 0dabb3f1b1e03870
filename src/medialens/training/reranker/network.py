"""The network of the reranker, with the towers that the embedder has learnt."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from medialens.models.architectures.cross_attention._repo import MODEL_TYPE
from medialens.models.architectures.cross_attention.network import CrossAttentionNetwork

_LOOKED_AT = ("stage3", "stage4", "stage6")  # 8, 4 and 1 cells a side
_FINEST_SHARE = 12  # the finest map that is looked at has a cell for so many pixels a side


def describe_network(embedder: Path, *, layers: int = 2, heads: int = 4) -> dict[str, Any]:
    """The ``config.json`` of a reranker on the towers of an embedder's repository.

    Of the image tower, maps are looked at whose cells still are places, and the end, where they have become a vector
    that is good for finding and has forgotten much of what is next to what.
    """
    config = json.loads((embedder / "config.json").read_text(encoding="utf-8"))
    vision, text = config["vision_config"], config["text_config"]
    n_stages = int(_LOOKED_AT[-1].removeprefix("stage"))
    width, side = int(text["hidden_size"]), int(vision["image_size"]) // _FINEST_SHARE
    return {
        "architectures": [CrossAttentionNetwork.__name__],
        "model_type": MODEL_TYPE,
        "vision_config": {
            "model_type": vision["model_type"],
            "image_size": vision["image_size"],
            "patch_size": vision["patch_size"],
            "num_stages": n_stages,
            "hidden_sizes": vision["hidden_sizes"][:n_stages],
            "depths": vision["depths"][:n_stages],
            "layer_scale_init_value": vision["layer_scale_init_value"],
            "out_features": list(_LOOKED_AT),
        },
        "text_config": {name: value for name, value in text.items() if name not in {"architectures", "dtype"}},
        "fusion": {
            "width": width, "layers": layers, "heads": heads, "inner_width": 3 * width,
            "vector_width": config["projection_dim"], "cells": [side, side],
        },
    }  # fmt: skip


def build_network(embedder: Path, *, layers: int = 2, heads: int = 4) -> CrossAttentionNetwork:
    """The network with all that the embedder has learnt, so that at first it says what the embedder says.

    What joins the towers' tokens is freshly initialised, and adds nothing yet.
    """
    network = CrossAttentionNetwork(describe_network(embedder, layers=layers, heads=heads))
    learnt = {name: tensor.float() for name, tensor in load_file(embedder / "model.safetensors").items()}
    for tower, prefix in ((network.vision, "vision_model."), (network.text, "text_model.")):
        own = {name.removeprefix(prefix): tensor for name, tensor in learnt.items() if name.startswith(prefix)}
        wanted = tower.state_dict()
        tower.load_state_dict({name: own.get(name, tensor) for name, tensor in wanted.items()})
    with torch.no_grad():
        last = network.vision.hidden_states_norms[_LOOKED_AT[-1]]
        last.weight.copy_(learnt["vision_model.layernorm.weight"])
        last.bias.copy_(learnt["vision_model.layernorm.bias"])
        network.vision_vector.weight.copy_(learnt["visual_projection.weight"])
        network.text_vector.weight.copy_(learnt["text_projection.weight"])
        network.cosine_scale.copy_(learnt["logit_scale"].exp())
        network.score.weight.zero_()
        network.score.bias.fill_(_read_bias(embedder))
    network.text.set_attn_implementation("eager")  # on CPUs its way back is several times faster
    return network


def with_finder(network: CrossAttentionNetwork, embedder: Path) -> CrossAttentionNetwork:
    """The trained network, and beside it the embedder as it was; what it says counts as much as its own scale says."""
    layers = len(network.fusion.layers)
    heads = network.fusion.layers[0].self_attn.num_heads
    whole = CrossAttentionNetwork({**describe_network(embedder, layers=layers, heads=heads), "finder": True})
    before = build_network(embedder, layers=layers, heads=heads).state_dict()
    known = {name.removeprefix("finder."): name for name in whole.state_dict() if name.startswith("finder.")}
    whole.load_state_dict(network.state_dict() | {name: before[own] for own, name in known.items()})
    return whole.eval()


def _read_bias(embedder: Path) -> float:
    config = json.loads((embedder / "config.json").read_text(encoding="utf-8"))
    return float(config["medialens"]["logit_bias"])
