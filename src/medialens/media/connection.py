"""An HTTP connection to one given address, every wait of which is bounded."""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from typing import Any, Final, cast
from urllib.parse import SplitResult

from medialens.media.limits import MediaLimits

PORTS: Final = {"http": 80, "https": 443}


class _Connection(http.client.HTTPConnection):
    """A connection to one checked address, every read of which keeps to the deadline."""

    def __init__(self, parts: SplitResult, address: tuple[str, int], limits: MediaLimits, deadline: float) -> None:
        super().__init__(parts.hostname or "", parts.port or PORTS[parts.scheme])
        self._parts, self._address, self._limits, self._deadline = parts, address, limits, deadline

    def connect(self) -> None:
        wait = min(self._limits.connect_timeout_seconds, self._deadline - time.monotonic())
        if wait <= 0:
            raise TimeoutError
        try:
            plain = socket.create_connection(self._address, timeout=wait)
        except TimeoutError as error:
            msg = f"no connection within {wait:.1f} s (connect_timeout_seconds)"
            raise ConnectionError(msg) from error
        try:
            self.sock = self._secured(plain)
        except BaseException:
            plain.close()
            raise
        self.sock.settimeout(self._limits.read_timeout_seconds)

    def _secured(self, plain: socket.socket) -> socket.socket:
        if self._parts.scheme != "https":
            return plain
        context = ssl.create_default_context()
        return context.wrap_socket(plain, server_hostname=self._parts.hostname)


class _DeadlineReader(io.RawIOBase):
    """The bytes of a socket, each wait bounded by the read timeout and by the deadline of the whole download.

    A timeout on the socket alone bounds single waits: a server that sends one byte a second would never meet it.
    """

    def __init__(self, sock: socket.socket, limits: MediaLimits, deadline: float) -> None:
        self._sock, self._limits, self._deadline = sock, limits, deadline
        self._raw = sock.makefile("rb", buffering=0)  # keeps the socket open when http.client lets go of it

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        wait = min(self._limits.read_timeout_seconds, self._deadline - time.monotonic())
        if wait <= 0:
            raise TimeoutError
        self._sock.settimeout(wait)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _DeadlineSocket:
    """What http.client's response asks of a socket: a file to read from."""

    def __init__(self, sock: socket.socket, limits: MediaLimits, deadline: float) -> None:
        self._reader = _DeadlineReader(sock, limits, deadline)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self._reader)


def checked_connection(
    parts: SplitResult, address: tuple[str, int], limits: MediaLimits, deadline: float
) -> http.client.HTTPConnection:
    """A connection of http.client for the URL `parts`; it connects to `address` when the request is sent.

    Args:
        parts: The URL; its host is named in the request, and verified by TLS.
        address: IP address and port.
        limits: The timeouts; running into one raises `TimeoutError`, or `ConnectionError` while connecting.
        deadline: On the clock of `time.monotonic`.
    """
    connection = _Connection(parts, address, limits, deadline)

    def respond(sock: Any, *, method: str | None = None) -> http.client.HTTPResponse:
        return http.client.HTTPResponse(cast("Any", _DeadlineSocket(sock, limits, deadline)), method=method)

    connection.response_class = cast("Any", respond)
    return connection
