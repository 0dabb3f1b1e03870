"""Qwen3-VL: one language model that sees, for vectors of anything and for scores of pairs of anything.

Qwen3-VL-Embedding and Qwen3-VL-Reranker, from their repositories in Sentence Transformers' layout and from plain ones,
of text, pictures, pages and clips in any mixture and order, and of conversations.

    items --turns, template, reading--> Prompt --network--> hidden state of the last token --> vector, or yes less no
            pixels: patches
"""

from __future__ import annotations

from medialens.models.architectures.qwen3_vl._repo import why_not
from medialens.models.architectures.qwen3_vl.loading import load
from medialens.models.family import Family

FAMILY = Family(name="qwen3_vl", why_not=why_not, load=load)
