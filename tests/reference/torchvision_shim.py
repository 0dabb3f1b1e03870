"""Makes torchvision's transforms importable beside a CPU build of torch.

The wheel on the package index is a CUDA build: its compiled operators do not load here, and its Python part stops
at import because nobody has declared them. The transforms use none of them; declaring their names is enough.
"""

from __future__ import annotations

import importlib
import sys

import torch

_OPERATORS = (
    *("nms", "qnms", "box_iou_rotated", "roi_align", "qroi_align", "roi_pool", "ps_roi_align", "ps_roi_pool"),
    *("_roi_align_backward", "_roi_pool_backward", "_ps_roi_align_backward", "_ps_roi_pool_backward"),
    *("deform_conv2d", "_deform_conv2d_backward"),
)

_declared: list[torch.library.Library] = []  # a library's declarations end with it


def make_torchvision_importable() -> None:
    """Imports torchvision; declares its operators first, if it does not import by itself."""
    try:
        importlib.import_module("torchvision")
    except RuntimeError:  # operator torchvision::nms does not exist
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        library = torch.library.Library("torchvision", "DEF")
        for operator in _OPERATORS:
            library.define(f"{operator}(Tensor input) -> Tensor")
        _declared.append(library)
        importlib.import_module("torchvision")
