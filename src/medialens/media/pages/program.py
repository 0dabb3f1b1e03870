"""The program that PDFium runs in: ``python -m medialens.media.pages.program``, asked through standard input.

It never opens the file that it looks at, writes no file, ignores Ctrl-C, and ends when its input does. Each step has an
allowance of processor time, at whose end the system ends the process; what it may allocate is limited as well. Both
are the kernel's to enforce, so they hold inside of C code, and after the asking process is gone.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections import OrderedDict
from collections.abc import Callable, Iterator

from medialens.media.pages import messages
from medialens.media.pages.messages import Kind, Refusal
from medialens.media.pages.pdfium import Document, Library, RefusedError

_BLOCK_BYTES = 64 * 1024
_KEPT_BLOCKS = 64

_LEAST_SECONDS, _MOST_SECONDS = 1e-4, 1e8
"""What the clock can tell from none at all, and what it can count."""

_WORN_BYTES = 512 * 1024**2
"""Address space that a process has got more than at its beginning when it has had its time."""


class _File:
    """The file, which stays with the process that asks: read in blocks, the latest of which are kept."""

    def __init__(self, commands: int, answers: int, n_bytes: int) -> None:
        self._commands, self._answers, self._n_bytes = commands, answers, n_bytes
        self._blocks: OrderedDict[int, bytes] = OrderedDict()

    def read(self, position: int, n_bytes: int) -> bytes:
        """These bytes; fewer where the file ends or cannot be read."""
        if n_bytes > _BLOCK_BYTES:
            starts = range(position, position + n_bytes, messages.MOST_READ_BYTES)
            ends = [*starts[1:], position + n_bytes]
            return b"".join(self._ask(start, end - start) for start, end in zip(starts, ends, strict=True))
        first, last = position // _BLOCK_BYTES, (position + max(0, n_bytes - 1)) // _BLOCK_BYTES
        data = b"".join(self._block(number) for number in range(first, last + 1))
        start = position - first * _BLOCK_BYTES
        return data[start : start + n_bytes]

    def _block(self, number: int) -> bytes:
        block = self._blocks.pop(number, None) or self._ask(number * _BLOCK_BYTES, _BLOCK_BYTES)
        self._blocks[number] = block
        if len(self._blocks) > _KEPT_BLOCKS:
            self._blocks.popitem(last=False)
        return block

    def _ask(self, position: int, n_bytes: int) -> bytes:
        n_bytes = min(n_bytes, self._n_bytes - position)
        if n_bytes <= 0:
            return b""
        messages.send(self._answers, Kind.READ, messages.READ.pack(position, n_bytes))
        _kind, length = messages.receive_header(self._commands)
        return messages.receive(self._commands, length)


class Program:
    """Does what the commands say, with one document at a time.

    Args:
        commands, answers: Descriptors to read from and to write to.
    """

    def __init__(self, commands: int, answers: int) -> None:
        self._commands, self._answers = commands, answers
        self._library = Library()
        self._document: Document | None = None
        self._seconds = 0.0
        self._begin_bytes = _address_space()
        self._handlers: dict[int, Callable[[bytes], bytes | memoryview]] = {
            Kind.SIZE: self._size,
            Kind.TEXT: self._text,
            Kind.DRAW: self._draw,
            Kind.CLOSE: self._close,
        }

    def run(self) -> None:
        """Until there are no more commands."""
        messages.send(self._answers, Kind.READY)
        while True:
            kind, length = messages.receive_header(self._commands)
            payload = messages.receive(self._commands, length)
            try:
                done = self._open(payload) if kind == Kind.OPEN else self._step(self._handlers[kind], payload)
            except RefusedError as refused:
                messages.send(self._answers, Kind.REFUSED, messages.REFUSED.pack(refused.code))
            except MemoryError:
                messages.send(self._answers, Kind.REFUSED, messages.REFUSED.pack(Refusal.NO_MEMORY))
            else:
                messages.send(self._answers, Kind.DONE, done)

    def _step(self, handle: Callable[[bytes], bytes | memoryview], payload: bytes) -> bytes | memoryview:
        with _time_limited(self._seconds):
            return handle(payload)

    def _open(self, payload: bytes) -> bytes:
        n_bytes, self._seconds, memory_bytes = messages.OPEN.unpack(payload)
        _limit_memory(memory_bytes)
        file = _File(self._commands, self._answers, n_bytes)
        with _time_limited(self._seconds):
            self._document = Document(self._library, n_bytes, file.read)
        return messages.N_PAGES.pack(self._document.n_pages)

    def _size(self, payload: bytes) -> bytes:
        (page,) = messages.PAGE.unpack(payload)
        return messages.SIZE.pack(*self._opened().size_points(page))

    def _text(self, payload: bytes) -> bytes:
        (page,) = messages.PAGE.unpack(payload)
        return self._opened().text(page).encode()

    def _draw(self, payload: bytes) -> memoryview:
        page, *page_size, x, y, width, height = messages.DRAW.unpack(payload)
        return self._opened().draw(page, (page_size[0], page_size[1]), (x, y, width, height))

    def _close(self, _payload: bytes) -> bytes:
        """Whether the process can go on: one that has grown much is better ended."""
        self._opened().close()
        self._document = None
        return bytes([_address_space() - self._begin_bytes < _WORN_BYTES])

    def _opened(self) -> Document:
        assert self._document is not None  # noqa: S101  # the other side asks in order
        return self._document


@contextlib.contextmanager
def _time_limited(seconds: float) -> Iterator[None]:
    """Processor time after which the system ends this process; 0 is any."""
    if not hasattr(signal, "setitimer"):
        yield  # where there is no such clock, the other side has one that tells the time of day
        return
    signal.setitimer(signal.ITIMER_PROF, min(max(seconds, _LEAST_SECONDS), _MOST_SECONDS) if seconds else 0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _limit_memory(n_bytes: int) -> None:
    """Let the process grow by so much from now on; 0 is any. Without effect where the system knows no such limit."""
    try:
        import resource  # noqa: PLC0415  # not on every system
    except ImportError:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    soft = _address_space() + n_bytes if n_bytes else resource.RLIM_INFINITY
    if hard != resource.RLIM_INFINITY:
        soft = hard if soft == resource.RLIM_INFINITY else min(soft, hard)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _address_space() -> int:
    """Bytes that this process has mapped; 0 where the system does not say."""
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123  # pathlib takes its time to import
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _give_up_rights() -> None:
    """No files are written, no core is dumped; Ctrl-C is meant for the process that asks."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "SIGPROF"):
        signal.signal(signal.SIGPROF, signal.SIG_DFL)  # whatever was inherited
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGPROF})
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415  # not on every system

        for limit in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE):
            resource.setrlimit(limit, (0, 0))


def main() -> None:
    """Serve standard input and output until the other side hangs up."""
    commands, answers = os.dup(0), os.dup(1)
    # Whatever a library prints must not get in between: standard output is from here on standard error.
    os.dup2(2, 1)
    _give_up_rights()
    with contextlib.suppress(EOFError, OSError):
        Program(commands, answers).run()


if __name__ == "__main__":
    main()
