"""How much arithmetic a page is, counted from the sizes: what no implementation gets around.

Linear layers are two operations a weight and a row; attention is four a pair of rows and a column of width, half of
that where rows see only those before them. Norms, activations and rotations are left out, and so is what sharing saves.
"""

from __future__ import annotations

from benchmarks.qwen_models import Size

TEMPLATE_TOKENS = 40
MERGED = 4  # patches that become one token
PATCH_VALUES = 3 * 16 * 16  # both frames of a still are the same one, and their weights can be summed
HEAD = 128


def page_flops(size: Size, n_tokens: int) -> float:
    """Operations for one page of so many visual tokens, both parts, and a short prompt around it."""
    return _tower(size, n_tokens) + _language(size, n_tokens + TEMPLATE_TOKENS)


def _tower(size: Size, n_tokens: int) -> float:
    width, depth = size.vision["hidden_size"], size.vision["depth"]
    n_patches = MERGED * n_tokens
    layer = 4 * width**2 + 2 * width * size.vision["intermediate_size"]
    n_mergers = 1 + len(size.vision["deepstack_visual_indexes"])
    merger = (MERGED * width) ** 2 + MERGED * width * size.text["hidden_size"]
    linear = 2 * n_patches * (PATCH_VALUES * width + depth * layer) + 2 * n_tokens * n_mergers * merger
    return linear + 4 * depth * width * n_patches**2


def _language(size: Size, n_tokens: int) -> float:
    text = size.text
    hidden, queries = text["hidden_size"], text["num_attention_heads"] * HEAD
    keys = text["num_key_value_heads"] * HEAD
    layer = 2 * hidden * (queries + keys) + 3 * hidden * text["intermediate_size"]
    return text["num_hidden_layers"] * (2 * n_tokens * layer + 2 * queries * n_tokens**2)
