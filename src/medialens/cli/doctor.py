"""``medialens doctor``: what is installed, where models would run, and what is missing."""

from __future__ import annotations

import argparse
import platform
from importlib import metadata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  # argparse has no public name

_CORE: Final = ("medialens", "torch", "transformers", "huggingface-hub", "safetensors", "numpy", "pillow")
_EXTRAS: Final[dict[str, tuple[str, ...]]] = {
    "langchain": ("langchain-core",),
    "llama-index": ("llama-index-core",),
    "video": ("av",),
    "audio": ("av",),
    "pdf": ("pypdfium2",),
    "scenes": ("scenedetect",),
    "screenshot": ("playwright",),
    "whisper": ("faster-whisper",),
    "ray": ("ray",),
    "train": ("tokenizers",),
}


def add_parser(commands: Subparsers) -> None:
    """Adds this command, which takes no arguments."""
    parser = commands.add_parser("doctor", help="say what is installed and where models would run")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Prints the findings; 1 if the embedded model cannot be found."""
    del arguments
    print(f"Python {platform.python_version()} on {platform.platform()}")
    for package in _CORE:
        print(f"  {package:16} {_version(package) or 'missing'}")
    print("Extras")
    for extra, packages in _EXTRAS.items():
        found = [f"{package} {_version(package)}" for package in packages if _version(package)]
        print(f"  {extra:16} {', '.join(found) or _remedy(extra)}")
    print("Videos\n  " + _tell_decoder())
    return _tell_models()


def _tell_decoder() -> str:
    from medialens.errors import InputError  # noqa: PLC0415  # what decodes images comes with what follows
    from medialens.media.videos.backends import choose_backend  # noqa: PLC0415

    if _version("av") is None:
        return _remedy("video")
    try:
        backend = choose_backend()
    except InputError as error:
        return str(error)
    return f"decoded by {backend.name}: {backend.because}"


def _tell_models() -> int:
    from medialens.errors import RepositoryError  # noqa: PLC0415  # torch comes with what follows
    from medialens.models.catalogue import EMBEDDED, find_embedded  # noqa: PLC0415
    from medialens.models.placement import decide_placement  # noqa: PLC0415

    print("Placement\n  " + decide_placement().because)
    print("Embedded models")
    healthy = True
    for name in EMBEDDED:
        try:
            print(f"  {name:16} {find_embedded(name)}")
        except RepositoryError as error:
            healthy = False
            print(f"  {name:16} {error}")
    return 0 if healthy else 1


def _remedy(extra: str) -> str:
    return f"not installed: pip install 'medialens[{extra}]'"  # quoted, because some shells expand brackets


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
