"""An HTTP connection to given addresses, every wait of which is bounded."""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from collections.abc import Sequence
from typing import Any, Final, TypeAlias, cast
from urllib.parse import SplitResult

from medialens.media.limits import MediaLimits

PORTS: Final = {"http": 80, "https": 443}


Address: TypeAlias = tuple[str, int]
"""IP address and port."""


class ConnectTimeoutError(TimeoutError):
    """There was no connection in time."""


class _Connection(http.client.HTTPConnection):
    """A connection to the first of some checked addresses that takes it, every read of which keeps to the deadline."""

    def __init__(self, parts: SplitResult, addresses: Sequence[Address], limits: MediaLimits, deadline: float) -> None:
        super().__init__(parts.hostname or "", parts.port or PORTS[parts.scheme])
        self._parts, self._addresses, self._limits, self._deadline = parts, addresses, limits, deadline

    def connect(self) -> None:
        until = min(time.monotonic() + self._limits.connect_timeout_seconds, self._deadline)
        try:
            self.sock = self._connected(until)
        except TimeoutError as error:
            raise ConnectTimeoutError from error
        self.sock.settimeout(self._limits.read_timeout_seconds)

    def _connected(self, until: float) -> socket.socket:
        failure = OSError("the host has no address")
        for address in self._addresses:
            try:
                plain = socket.create_connection(address, timeout=_left(until))
            except OSError as error:
                failure = error
            else:
                return self._wrapped(plain, until)
        raise failure

    def _wrapped(self, plain: socket.socket, until: float) -> socket.socket:
        try:
            plain.settimeout(_left(until))
            return self._secured(plain)
        except BaseException:
            plain.close()
            raise

    def _secured(self, plain: socket.socket) -> socket.socket:
        if self._parts.scheme != "https":
            return plain
        context = ssl.create_default_context()
        return context.wrap_socket(plain, server_hostname=self._parts.hostname)


def _left(until: float) -> float:
    """Seconds from now until then.

    Raises:
        TimeoutError: There are none.
    """
    wait = until - time.monotonic()
    if wait <= 0:
        raise TimeoutError
    return wait


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
        self._sock.settimeout(min(self._limits.read_timeout_seconds, _left(self._deadline)))
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
    parts: SplitResult, addresses: Sequence[Address], limits: MediaLimits, deadline: float
) -> http.client.HTTPConnection:
    """A connection of http.client for the URL `parts`; it connects to one of `addresses` when the request is sent.

    Args:
        parts: The URL; its host is named in the request, and verified by TLS.
        addresses: Tried in this order.
        limits: The timeouts; running into one raises `TimeoutError`, and `ConnectTimeoutError` while connecting.
        deadline: On the clock of `time.monotonic`.
    """
    connection = _Connection(parts, addresses, limits, deadline)

    def respond(sock: Any, *, method: str | None = None) -> http.client.HTTPResponse:
        return http.client.HTTPResponse(cast("Any", _DeadlineSocket(sock, limits, deadline)), method=method)

    connection.response_class = cast("Any", respond)
    return connection
