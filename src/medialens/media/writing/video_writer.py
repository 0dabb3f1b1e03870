"""A new video file: written under another name, track by track, and in its place only when it is whole."""

from __future__ import annotations

import contextlib
import itertools
import secrets
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Self

from medialens.errors import InputError, MediaError, MedialensError
from medialens.extras import require
from medialens.media.writing.track_copy import Written
from medialens.media.writing.track_encode import TimedFrame, encode_pictures, encode_sound, picture_stream, sound_stream


class VideoWriter:
    """A new file, written by PyAV; whatever goes wrong with it becomes an error that names it."""

    def __init__(self, path: Path, file_format: str, name: str) -> None:
        self.av = require("av", extra="video", to="Writing a video")
        self._path, self._format, self._name = path, file_format, name

    def __enter__(self) -> Self:
        with self._told():
            self._output = self.av.open(str(self._path), "w", format=self._format)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self._told() if kind is None else contextlib.suppress(Exception):
            self._output.close()

    def add_copy(self, stream: Any) -> Any:
        """A track like that one, for its packets."""
        with self._told():
            return self._output.add_stream_from_template(stream)

    def encode_pictures(
        self, frames: Iterator[TimedFrame], start: Fraction, end: Fraction, fps: float
    ) -> Iterator[Written]:
        """A track of these pictures; its packets."""
        first = next(frames)
        stream = picture_stream(self.av, self._output, first.frame, fps)
        return encode_pictures(itertools.chain([first], frames), start, end, stream)

    def encode_sound(
        self, frames: Iterable[TimedFrame], start: Fraction, end: Fraction, source: Any
    ) -> Iterator[Written]:
        """A track of this sound; its packets. `source` has its rate and channels."""
        return encode_sound(frames, start, end, sound_stream(self._output, source.sample_rate, source.channels))

    def write(self, packets: Iterable[Any]) -> None:
        """Write all packets."""
        for packet in packets:
            with self._told():
                self._output.mux(packet)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except MedialensError:
            raise
        except Exception as error:
            msg = (
                f"{self._name!r} cannot be written as {self._format} ({type(error).__name__}: {error}); check the "
                "folder; or take another format, .mkv holds most, or export with exact=True"
            )
            raise MediaError(msg) from error


@contextlib.contextmanager
def appearing(path: Path, *, sources: Iterable[Path]) -> Iterator[Path]:
    """Another path beside it, whose file takes its place once all is well, and else is removed.

    Raises:
        InputError: The path is one of the sources.
        MediaError: The file cannot be put in its place.
    """
    for source in sources:
        if _is_same(source, path):
            msg = f"target={str(path)!r} is the video itself, which is never overwritten; choose another name"
            raise InputError(msg, target=str(path))
    hidden = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        yield hidden
        try:
            hidden.replace(path)
        except OSError as error:
            msg = f"{str(path)!r} cannot be written: {error}"
            raise MediaError(msg, target=str(path)) from error
    finally:
        with contextlib.suppress(OSError):
            hidden.unlink(missing_ok=True)


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except (OSError, ValueError):
        return False
