"""The families of models, one folder each; this tuple is the order in which they are asked.

To add one: a folder with `FAMILY` in its ``__init__.py``, a line here, a test folder, a row in
docs/adding-a-model-family.md. Most specific first: the first that recognises a repository runs it.
"""

from __future__ import annotations

from medialens.models.architectures import clap, cross_attention, cross_encoder, dual_encoder, qwen3_vl, text_encoder
from medialens.models.family import Family

FAMILIES: tuple[Family, ...] = (
    qwen3_vl.FAMILY,
    dual_encoder.FAMILY,
    clap.FAMILY,
    cross_attention.FAMILY,
    cross_encoder.FAMILY,
    text_encoder.FAMILY,
)
