"""What videos and sounds have in common: how FFmpeg's errors are told, and that files name no other files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from medialens.errors import MediaDecodeError, MedialensError
from medialens.media.source import Encoded


@contextmanager
def told_as_decode_errors(medium: Encoded) -> Iterator[None]:
    """Whatever FFmpeg and PyAV raise, which for corrupt files is all sorts of errors, as one of ours.

    Raises:
        MediaDecodeError: Anything was raised that is not ours already.
    """
    try:
        yield
    except MedialensError:
        raise
    except Exception as error:
        # FFmpeg's own number of an error, and the name that PyAV has for an open file, say nothing to anybody.
        why = getattr(error, "strerror", None) or error
        msg = f"{medium.name!r} cannot be decoded as {medium.mime_type}: {type(error).__name__}: {why}"
        raise MediaDecodeError(msg, source=medium.name, mime_type=medium.mime_type) from error


def check_codec(stream: Any, medium: Encoded) -> None:
    """Refuse a track that nothing here decodes.

    Raises:
        MediaDecodeError: FFmpeg does not know how it is coded, or was built without a decoder for it.
    """
    if stream.codec_context is None:
        msg = (
            f"{medium.name!r} ({medium.mime_type}) holds a track of {stream.type} that is coded in a way for which "
            "there is no decoder; convert it to a usual one"
        )
        raise MediaDecodeError(msg, source=medium.name, mime_type=medium.mime_type)


class Seekable:
    """An open file as PyAV reads it: a leap to before its beginning fails, and is not written to standard error.

    Broken files send FFmpeg there; PyAV prints the errors that Python raises for it.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.read, self.tell, self._seek = file.read, file.tell, file.seek

    def seek(self, offset: int, whence: int = 0) -> int:
        """Where it is afterwards; -1 if there is no such place."""
        try:
            return self._seek(offset, whence)
        except (OSError, ValueError, OverflowError):
            return -1


def refuse_url(url: str, *_: Any) -> Any:
    """What FFmpeg calls where a file, such as a playlist, refers to another.

    Raises:
        PermissionError: Always.
    """
    msg = f"it refers to another file, {url!r:.200}, which is not read"
    raise PermissionError(msg)
