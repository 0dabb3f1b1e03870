"""Loading a transformers model: offline, evaluated only, and with every weight it needs."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any

from transformers import AutoTokenizer
from transformers.utils import logging

from medialens.errors import IncompleteRepositoryError, RepositoryError
from medialens.models.family import LoadRequest
from medialens.models.layers.lora import merge_adapter
from medialens.models.placement import Placement

# Settings of the caller's that concern the tokenizer; all others concern the image processor.
_TOKENIZER_SETTINGS = frozenset(
    ("model_max_length", "padding_side", "truncation_side", "use_fast", "add_prefix_space", "do_lower_case")
)

_VOCABULARIES = ("tokenizer.json", "vocab.*", "*.model", "*.tiktoken")


def load_backbone(
    factory: Any, request: LoadRequest, *, may_miss: Iterable[str] = (), foreign_code: bool = True
) -> Any:
    """The model of `factory` (an auto class of transformers), on its device, in its dtype, for inference only.

    Args:
        factory: Has ``from_pretrained``.
        request: Folder, placement and the caller's kwargs.
        may_miss: Beginnings of weight names that are not used and so may be absent.
        foreign_code: Whether trusted code of the repository takes precedence over transformers' own.

    Raises:
        IncompleteRepositoryError: Weights are missing or have another shape; transformers would go on with
            random numbers in their place.
        RepositoryError: transformers refuses the repository or a kwarg.
    """
    asked = {"attn_implementation": request.spec.attention} if request.spec.attention else {}
    try:
        with _no_progress_bar():
            model, report = factory.from_pretrained(
                request.manifest.backbone_folder,
                dtype=request.placement.dtype,
                local_files_only=True,
                trust_remote_code=request.spec.trust_remote_code and foreign_code,
                output_loading_info=True,
                # A mismatch is let through here because the report below names it better.
                **{"use_safetensors": True, "ignore_mismatched_sizes": True, **asked, **request.spec.model_kwargs},
            )
    except (OSError, ValueError, KeyError, ImportError, TypeError) as error:
        msg = f"{request.manifest.name!r}: transformers cannot load it: {str(error).strip() or type(error).__name__}"
        raise RepositoryError(msg, repository=request.manifest.name) from error
    _check_report(report, request, tuple(may_miss))
    if request.manifest.adapter is not None:
        merge_adapter(model, request.manifest.adapter)
    return model.to(request.placement.device).eval().requires_grad_(requires_grad=False)


@contextlib.contextmanager
def _no_progress_bar() -> Iterator[None]:
    """Without transformers' bar, which is for people who wait at a terminal; the host's setting comes back."""
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def _check_report(report: Any, request: LoadRequest, may_miss: tuple[str, ...]) -> None:
    missing = sorted(key for key in report["missing_keys"] if not key.startswith(may_miss))
    reshaped = sorted(str(key[0]) for key in report["mismatched_keys"])
    if missing or reshaped:
        shown = ", ".join([*missing, *reshaped][:5])
        msg = (
            f"{request.manifest.name!r}: {len(missing)} weights are missing and {len(reshaped)} have another shape "
            f"than config.json says ({shown}); the weights belong to another model, or the download is broken"
        )
        raise IncompleteRepositoryError(msg, repository=request.manifest.name, missing=(*missing, *reshaped))


def load_tokenizer(request: LoadRequest, *, foreign_code: bool = True, config: Any = None) -> Any:
    """The repository's tokenizer, with the caller's settings.

    Args:
        request: Folder and the caller's kwargs.
        foreign_code: Whether trusted code of the repository takes precedence over transformers' own.
        config: Of the text model, for repositories whose ``config.json`` is none of transformers'.

    Raises:
        IncompleteRepositoryError: Its vocabulary is missing; transformers would go on with an empty one.
        RepositoryError: It needs a package that is not there.
    """
    name = request.manifest.name
    if not any(any(request.folder.glob(pattern)) for pattern in _VOCABULARIES):
        msg = f"{name!r}: no tokenizer.json or other vocabulary in {request.folder}; download the repository again"
        raise IncompleteRepositoryError(msg, repository=name, missing=("tokenizer.json",))
    settings = {key: value for key, value in request.spec.processor_kwargs.items() if key in _TOKENIZER_SETTINGS}
    trusted = request.spec.trust_remote_code and foreign_code
    try:
        return AutoTokenizer.from_pretrained(
            request.folder, config=config, local_files_only=True, trust_remote_code=trusted, **settings
        )
    except (OSError, ValueError, KeyError, ImportError, TypeError) as error:
        msg = f"{name!r}: its tokenizer cannot be loaded: {str(error).strip() or type(error).__name__}"
        raise RepositoryError(msg, repository=name) from error


def image_settings(request: LoadRequest) -> dict[str, Any]:
    """The image processor's settings, with the caller's over them."""
    return {**request.manifest.image_processor, **_asked(request)}


def sound_settings(request: LoadRequest) -> dict[str, Any]:
    """The sound's feature extractor's settings, with the caller's over them."""
    return {**request.manifest.feature_extractor, **_asked(request)}


def _asked(request: LoadRequest) -> dict[str, Any]:
    return {key: value for key, value in request.spec.processor_kwargs.items() if key not in _TOKENIZER_SETTINGS}


def actual_placement(placement: Placement, config: Any) -> Placement:
    """The placement with the attention kernel that transformers settled on: not all models have every one."""
    attention = getattr(config, "_attn_implementation", None) or placement.attention
    return dataclasses.replace(placement, attention=str(attention))
