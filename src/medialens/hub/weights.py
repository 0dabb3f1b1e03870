"""Whether weight files are all there, seen from their headers: nothing is loaded."""

from __future__ import annotations

import json
import struct
from operator import index
from pathlib import Path

from medialens.errors import IncompleteRepositoryError, UntrustedCodeError

_POINTER = b"version https://git-lfs.github.com/spec/"
_MAX_HEADER_BYTES = 100 * 1024**2  # the limit of the safetensors format itself


def check_weights(folder: Path, name: str, *, allow_pickle: bool = False) -> tuple[Path, ...]:
    """The weight files of one module folder, each found whole.

    Args:
        folder: A folder with ``model.safetensors``, or with shards and their index.
        name: The repository's name, for messages.
        allow_pickle: Whether ``pytorch_model.bin`` will do.

    Raises:
        IncompleteRepositoryError: Files are missing, cut short, or git-lfs pointers.
        UntrustedCodeError: There are only pickled weights and `allow_pickle` is False.
    """
    stems = ("model.safetensors", "pytorch_model.bin") if allow_pickle else ("model.safetensors",)
    for stem in stems:
        files = _listed_files(folder, stem, name)
        if files:
            for file in files:
                check_whole(file, name)
            return files
    raise _no_weights(folder, name)


def is_pointer(file: Path) -> bool:
    """Whether `file` is what git leaves in the place of a large file when git-lfs was not run."""
    with file.open("rb") as stream:
        return stream.read(len(_POINTER)) == _POINTER


def pointer_error(file: Path, name: str) -> IncompleteRepositoryError:
    """What to raise for such a file."""
    msg = f"{name!r}: {file.name} is a git-lfs pointer, not the file itself; run `git lfs pull` in {file.parent}"
    return IncompleteRepositoryError(msg, repository=name, missing=(file.name,))


def _listed_files(folder: Path, stem: str, name: str) -> tuple[Path, ...]:
    listing = folder / f"{stem}.index.json"
    if not listing.is_file():
        return (folder / stem,) if (folder / stem).is_file() else ()
    try:
        listed = sorted(map(str, set(json.loads(listing.read_text(encoding="utf-8"))["weight_map"].values())))
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        msg = f"{name!r}: {listing.name} is not a weight index; download the repository again"
        raise IncompleteRepositoryError(msg, repository=name, missing=(listing.name,)) from error
    missing = tuple(file for file in listed if Path(file).name != file or not (folder / file).is_file())
    if missing:
        msg = f"{name!r}: {listing.name} lists {', '.join(missing)}, not found in {folder}; finish the download"
        raise IncompleteRepositoryError(msg, repository=name, missing=missing)
    return tuple(folder / file for file in listed)


def check_whole(file: Path, name: str) -> None:
    """Nothing, if a weight file has the size that its header says.

    Raises:
        IncompleteRepositoryError: It is cut short, or a git-lfs pointer.
    """
    if is_pointer(file):
        raise pointer_error(file, name)
    if file.suffix != ".safetensors":
        return
    actual = file.stat().st_size
    expected = _expected_size(file)
    if expected != actual:
        wanted = "a readable header" if expected is None else f"{expected} bytes by its header"
        msg = f"{name!r}: {file.name} has {actual} bytes, expected {wanted}: a broken download; fetch it again"
        raise IncompleteRepositoryError(msg, repository=name, missing=(file.name,))


def _expected_size(file: Path) -> int | None:
    """Bytes that a whole safetensors file has: 8 for the header's length, the header, and the data."""
    with file.open("rb") as stream:
        start = stream.read(8)
        if len(start) < 8:  # noqa: PLR2004  # the length is a 64-bit number
            return None
        (length,) = struct.unpack("<Q", start)
        if length > _MAX_HEADER_BYTES:
            return None
        try:
            header = json.loads(stream.read(length))
            ends = [index(entry["data_offsets"][1]) for key, entry in header.items() if key != "__metadata__"]
        except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
            return None
    return 8 + int(length) + max(ends, default=0)


def _no_weights(folder: Path, name: str) -> IncompleteRepositoryError | UntrustedCodeError:
    if any(folder.glob("pytorch_model*.bin")):
        msg = (
            f"{name!r} has pickled weights only (pytorch_model.bin), which can run code when they are read; ask its "
            'author for safetensors, or, if you trust it, pass model_kwargs={"use_safetensors": False}'
        )
        return UntrustedCodeError(msg, repository=name)
    half = sorted(file.name for file in folder.rglob("*.incomplete"))
    hint = f" ({half[0]} shows a download that did not finish)" if half else ""
    msg = f"{name!r}: no model.safetensors in {folder}{hint}; download the repository again"
    return IncompleteRepositoryError(msg, repository=name, missing=("model.safetensors",))
