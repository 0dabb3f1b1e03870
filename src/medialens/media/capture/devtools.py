"""The Chrome DevTools Protocol through a pipe: JSON messages, each ended by a zero byte.

Source: https://chromedevtools.github.io/devtools-protocol/ and Chromium's ``--remote-debugging-pipe``, which reads
commands from file descriptor 3 and writes answers and events to 4.
"""

from __future__ import annotations

import json
import os
import select
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

_CHUNK_BYTES = 1024**2
_MILLISECONDS = 1000

Message: TypeAlias = dict[str, Any]


class CommandError(Exception):
    """The browser refused a command."""


class DevTools:
    """One browser's end of the line.

    Args:
        commands, answers: File descriptors to write to and to read from; closed by `close`.
        deadline: On the clock of `time.monotonic`; every wait ends there.
        max_bytes: Of one answer.
        on_event: Called with each event as it arrives. It may send commands, but not wait for answers.
    """

    def __init__(self, commands: int, answers: int, *, deadline: float, max_bytes: int) -> None:
        self._commands, self._answers = commands, answers
        self._deadline, self._max_bytes = deadline, max_bytes
        self._buffer = bytearray()
        self._last_id = 0
        self.session = ""
        self.on_event: Callable[[str, Message], None] = lambda _method, _params: None

    def send(self, method: str, **params: Any) -> int:
        """Ask for something without waiting; the number of the question.

        Raises:
            EOFError: The browser is gone.
        """
        self._last_id += 1
        message: Message = {"id": self._last_id, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        try:
            _write_all(self._commands, json.dumps(message).encode() + b"\0")
        except OSError as error:
            raise EOFError from error
        return self._last_id

    def call(self, method: str, **params: Any) -> Message:
        """Ask for something; the answer. Events that arrive meanwhile are handled.

        Raises:
            CommandError: The browser refused.
            TimeoutError: No answer until the deadline.
            EOFError: The browser is gone.
        """
        number = self.send(method, **params)
        for message in self._messages(self._deadline):
            if message.get("id") == number:
                if "error" in message:
                    raise CommandError(f"{method}: {message['error'].get('message', '')}")
                result: Message = message.get("result", {})
                return result
        raise TimeoutError(method)

    def wait(self, is_done: Callable[[], bool]) -> None:
        """Handle events until `is_done`.

        Raises:
            TimeoutError: It is not until the deadline.
            EOFError: The browser is gone.
        """
        if is_done():
            return
        for _ in self._messages(self._deadline):
            if is_done():
                return
        raise TimeoutError

    def rest(self, seconds: float) -> None:
        """Handle events for so long.

        Raises:
            TimeoutError: The deadline comes first.
            EOFError: The browser is gone.
        """
        until = time.monotonic() + seconds
        for _ in self._messages(min(until, self._deadline)):
            pass
        if until > self._deadline:
            raise TimeoutError

    def close(self) -> None:
        """Hang up."""
        os.close(self._commands)
        os.close(self._answers)

    def _messages(self, until: float) -> Iterator[Message]:
        """What arrives until then, events handled already."""
        waiting = select.poll()
        waiting.register(self._answers, select.POLLIN)
        while (left := until - time.monotonic()) > 0:
            end = self._buffer.find(b"\0")
            if end < 0:
                if waiting.poll(left * _MILLISECONDS):
                    self._read()
                continue
            message: Message = json.loads(bytes(self._buffer[:end]))
            del self._buffer[: end + 1]
            if "method" in message:
                self.on_event(message["method"], message.get("params", {}))
            yield message

    def _read(self) -> None:
        chunk = os.read(self._answers, _CHUNK_BYTES)
        if not chunk or len(self._buffer) > self._max_bytes:
            raise EOFError
        self._buffer += chunk


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
