"""The network of the embedded model: a ConvNeXt and a small BERT in a VisionTextDualEncoder, all stock transformers."""

from __future__ import annotations

from typing import Any

from transformers import BertConfig, ConvNextConfig, VisionTextDualEncoderConfig, VisionTextDualEncoderModel

from medialens.training.examples import IMAGE_SIZE

_VISION_WIDTHS = [32, 64, 128, 192, 256, 320]


def build_network(vocabulary_size: int, *, widths: list[int] | None = None, text_width: int = 192) -> Any:
    """A freshly initialised model; `widths` and `text_width` shrink it for tests.

    Six stages halve 96 / 3 = 32 cells a side down to a single one, so that the last "mean over positions" is
    over one position and *where* something is survives in the channels: that is what makes "above" and "top
    left" learnable. The first stage has no blocks, because they would cost as much as all others together.
    `hidden_size` is not ConvNeXt's own field; VisionTextDualEncoder reads it to size its
    projection.
    """
    widths = widths or _VISION_WIDTHS
    vision = ConvNextConfig(
        image_size=IMAGE_SIZE, patch_size=3, num_stages=6, hidden_sizes=widths, depths=[0, 1, 3, 2, 1, 1],
        hidden_size=widths[-1], layer_scale_init_value=0.1, drop_path_rate=0.0,
    )  # fmt: skip
    text = BertConfig(
        vocab_size=vocabulary_size, hidden_size=text_width, num_hidden_layers=3, num_attention_heads=4,
        intermediate_size=3 * text_width, max_position_embeddings=64, type_vocab_size=1, hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0, pad_token_id=0,
    )  # fmt: skip
    config = VisionTextDualEncoderConfig(
        vision_config=vision.to_dict(), text_config=text.to_dict(), projection_dim=text_width
    )
    network = VisionTextDualEncoderModel(config)
    # On CPUs the fused attention's way back takes longer than everything else of so short a text.
    network.text_model.set_attn_implementation("eager")
    return network
