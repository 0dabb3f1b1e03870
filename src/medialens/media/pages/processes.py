"""A process that PDFium runs in: started, asked one thing at a time, ended.

    Process --ask(...)--> bytes; EndedError where PDFium crashed, or took too long or too much

It is a fresh interpreter that inherits nothing: no locks, no sockets, no memory. It ends when its input does, so it
does not survive this process, however that ends.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from multiprocessing.spawn import get_executable
from typing import Any

from medialens.errors import MediaError
from medialens.extras import require
from medialens.media.pages import messages
from medialens.media.pages.messages import Kind
from medialens.media.pages.watch import Watch
from medialens.media.threads.fork_gate import gate

Read = Callable[[int, int], bytes]

_PROGRAM = ["-P", "-W", "ignore", "-m", "medialens.media.pages.program"]
_START_SECONDS = 60.0
_SHOWN_BYTES = 600
_HAS_CPU_CLOCK = hasattr(signal, "setitimer")
_PATIENCE = 10 if _HAS_CPU_CLOCK else 1
"""Seconds by the clock for each second of processor time: a busy machine is no reason to give up."""


class EndedError(Exception):
    """The process ended before it answered.

    Attributes:
        is_late: It was out of time.
        is_out_of_memory: It could not allocate, as far as can be told.
        how: In words.
    """

    def __init__(self, returncode: int, *, is_late: bool) -> None:
        cpu_is_over = _HAS_CPU_CLOCK and returncode == -signal.SIGPROF
        self.is_late = is_late or cpu_is_over
        self.is_out_of_memory = not self.is_late and returncode == -signal.SIGABRT  # what PDFium does without memory
        self.how = signal.Signals(-returncode).name if returncode < 0 else f"exit code {returncode}"
        super().__init__(self.how)


class _NonsenseError(Exception):
    """It answered what was not asked for: it is not itself any more."""


class RefusedError(Exception):
    """It cannot be done; `code` is one of `messages.Refusal` or PDFium's own."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclasses.dataclass(frozen=True, kw_only=True)
class Question:
    """A message, and what is taken for an answer.

    Attributes:
        kind, payload: The message.
        into: Where the answer is put, which must be as long as that.
        most: Bytes of an answer that is returned.
    """

    kind: Kind
    payload: bytes = b""
    into: memoryview | None = None
    most: int = 0


everyone: set[Process] = set()
"""All that are alive."""


class Process:
    """One of them. Used by one thread at a time.

    Raises:
        MediaError: It cannot be started.
    """

    def __init__(self) -> None:
        self._watch = Watch(self._expire)
        self._is_late = False
        self._is_at_rest = False
        self._process: subprocess.Popen[bytes] | None = None
        self.is_of_parent = False
        with gate:  # a child forked in between would keep the pipes open
            self._process = _start()
            everyone.add(self)
        try:
            with self._watch.over(_START_SECONDS):
                self._greet()
        except BaseException:
            self.end()
            raise

    @property
    def is_usable(self) -> bool:
        """Whether it is alive, and waits for a question."""
        return self._is_at_rest and self._process is not None and self._process.poll() is None

    def ask(self, question: Question, *, read: Read, seconds: float) -> bytes:
        """The answer, unless it was put where the question says.

        Args:
            question: What, and how long the answer may be.
            read: Reads in the file: from where, how many.
            seconds: Processor time; infinity is any.

        Raises:
            RefusedError: It cannot be done.
            EndedError: The process ended, or was ended because of what it answered.
        """
        process, self._is_at_rest = self._process, False
        if process is None:  # of the process that this one was forked from
            raise EndedError(0, is_late=False)
        try:
            with self._watch.over(seconds * _PATIENCE):
                messages.send(_fd(process.stdin), question.kind, question.payload)
                answer = self._answer(process, question, read)
        except _NonsenseError as error:
            process.kill()
            raise self._ended() from error
        except (EOFError, OSError) as error:
            raise self._ended() from error
        self._is_at_rest = not self._is_late
        if isinstance(answer, int):
            raise RefusedError(answer)
        return answer

    def end(self) -> None:
        """At once, and leave nothing of it."""
        process = self._forget()
        if process is not None:
            process.kill()
            process.wait()
            _close(process)

    def leave_to_parent(self) -> None:
        """After a fork, in the child: only hang up."""
        process, self._process = self._process, None
        self.is_of_parent = True
        if process is not None:
            process.returncode = 0  # it is no child of this process: nobody here waits for it
            _close(process)

    def _greet(self) -> None:
        process = self._process
        assert process is not None  # noqa: S101  # it has just been started
        try:
            kind, length = messages.receive_header(_fd(process.stdout))
        except EOFError:
            kind, length = 0, 0
        if (kind, length) != (Kind.READY, 0):
            raise _not_started(process)
        self._is_at_rest = True

    def _answer(self, process: subprocess.Popen[bytes], question: Question, read: Read) -> bytes | int:
        source, into = _fd(process.stdout), question.into
        while True:
            kind, length = messages.receive_header(source)
            if kind == Kind.READ and length == messages.READ.size:
                position, n_bytes = messages.READ.unpack(messages.receive(source, length))
                messages.send(_fd(process.stdin), Kind.BYTES, read(position, n_bytes))
            elif kind == Kind.REFUSED and length == messages.REFUSED.size:
                return int(messages.REFUSED.unpack(messages.receive(source, length))[0])
            elif kind == Kind.DONE and into is not None and length == len(into):
                messages.receive_into(source, into)
                return b""
            elif kind == Kind.DONE and into is None and length <= question.most:
                return messages.receive(source, length)
            else:
                raise _NonsenseError

    def _ended(self) -> EndedError:
        process = self._forget()
        if process is None:
            return EndedError(0, is_late=self._is_late)
        try:
            process.wait(1)  # one that hung up by itself ends with a code that tells why
        except subprocess.TimeoutExpired:
            process.kill()
        returncode = process.wait()
        _close(process)
        return EndedError(returncode, is_late=self._is_late)

    def _forget(self) -> subprocess.Popen[bytes] | None:
        process, self._process = self._process, None
        self._watch.end()
        everyone.discard(self)
        return process

    def _expire(self) -> None:
        self._is_late = True
        process = self._process
        if process is not None:
            process.kill()


def _start() -> subprocess.Popen[bytes]:
    if importlib.util.find_spec("pypdfium2") is None:
        require("pypdfium2", extra="pdf", to="Looking at PDF pages")
    executable = os.fsdecode(get_executable() or "")
    if not executable or (getattr(sys, "frozen", False) and executable == sys.executable):
        msg = (
            "PDFs are looked at in a process of their own, and there is no interpreter to start it with; name one with "
            "multiprocessing.set_executable('/path/to/python')"
        )
        raise MediaError(msg, executable=executable)
    command = [executable, *_PROGRAM]
    path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path if isinstance(entry, str))  # noqa: PTH100
    pipe = subprocess.PIPE
    try:
        return subprocess.Popen(  # noqa: S603  # our own program
            command, stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0, env={**os.environ, "PYTHONPATH": path}
        )
    except OSError as error:
        msg = (
            f"the process that looks at PDFs cannot be started with {executable!r}: {error}; name another interpreter "
            "with multiprocessing.set_executable('/path/to/python')"
        )
        raise MediaError(msg, executable=executable) from error


def _not_started(process: subprocess.Popen[bytes]) -> MediaError:
    process.kill()
    said = (process.stderr.read() if process.stderr else b"")[-_SHOWN_BYTES:].decode(errors="replace").strip()
    command = process.args if isinstance(process.args, list) else [process.args]
    msg = (
        f"the process that looks at PDFs ended with code {process.wait()} before it began; it was started as "
        f"{' '.join(map(str, command))!r} and said: {said or 'nothing'}"
    )
    return MediaError(msg)


def _fd(file: Any) -> int:
    return int(file.fileno())


def _close(process: subprocess.Popen[bytes]) -> None:
    for file in (process.stdin, process.stdout, process.stderr):
        if file is not None:
            file.close()
