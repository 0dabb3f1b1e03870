"""The browser's only way out: a proxy on the loopback interface that asks `MediaLimits` about every host.

    http://...        fetched by the gate: host resolved, addresses checked, connected to the very one checked
    https://, wss://  a tunnel to such an address; TLS stays between the page and its server
    http://<token>.localhost/...   files of the folder in which the captured HTML file lies

Whatever a page does (redirects, frames, scripts, workers, fonts) passes here. The token is drawn for each capture, so
that nobody else on the machine can ask for the files.
"""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import http.server
import mimetypes
import secrets
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from medialens.errors import MedialensError, MediaLimitError, MediaNotFoundError
from medialens.media.access.connection import checked_connection
from medialens.media.access.fetch import checked_addresses, checked_url, shown
from medialens.media.access.files import read_file
from medialens.media.limits import MediaLimits

_CHUNK_BYTES: Final = 64 * 1024
_MAX_REQUEST_BYTES: Final = 16 * 1024**2
_HOP_BY_HOP: Final = frozenset({
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
    "transfer-encoding", "upgrade",
})  # fmt: skip
REFUSED: Final = "X-Medialens-Refused"
"""Header of the answers that the gate gives itself."""


class Gate(http.server.ThreadingHTTPServer):
    """Serves one capture; see the module.

    Args:
        limits: What may be asked for; `max_bytes` counts for all answers together.
        deadline: On the clock of `time.monotonic`.
        folder: Whose files are served; None serves none.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, limits: MediaLimits, deadline: float, folder: Path | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.limits, self.deadline, self.folder = limits, deadline, folder
        self.file_host = f"{secrets.token_hex(16)}.localhost"
        self.refusals: dict[str, MedialensError] = {}
        """By the host and port that could not be asked, what was wrong with it."""
        self.too_much: MediaLimitError | None = None
        self._n_bytes, self._lock = 0, threading.Lock()

    @property
    def url(self) -> str:
        """What the browser is told."""
        return f"http://127.0.0.1:{self.server_port}"

    def count(self, n_bytes: int) -> None:
        """Add to what was downloaded.

        Raises:
            MediaLimitError: That is more than may be.
        """
        with self._lock:
            self._n_bytes += n_bytes
            if self._n_bytes <= self.limits.max_bytes:
                return
            maximum = self.limits.max_bytes
            msg = f"the page and what belongs to it are larger than {maximum} bytes (MediaLimits.max_bytes)"
            self.too_much = MediaLimitError(msg, limit="max_bytes", value=self._n_bytes, maximum=maximum)
            raise self.too_much

    def handle_error(self, *_: object) -> None:
        """A browser that hangs up is no news."""


@contextlib.contextmanager
def gate(limits: MediaLimits, deadline: float, folder: Path | None) -> Iterator[Gate]:
    """A gate at work."""
    with Gate(limits, deadline, folder) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class _Handler(http.server.BaseHTTPRequestHandler):
    """One connection of the browser, for one request."""

    server: Gate
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_GET(self) -> None:
        self.close_connection = True
        parts = urlsplit(self.path)
        if parts.hostname == self.server.file_host and self.server.folder is not None:
            self._guarded(parts.netloc, lambda: self._serve_file(unquote(parts.path), self.server.folder or Path()))
        else:
            self._guarded(parts.netloc, self._forward)

    # http.server's names, one for each method.
    do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_GET  # noqa: N815

    def do_CONNECT(self) -> None:
        self.close_connection = True
        self._guarded(self.path, self._tunnel)

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""

    def _guarded(self, host: str, serve: Callable[[], None]) -> None:
        """Serve; what goes wrong is remembered for the host, and answered if nothing was answered yet."""
        self._has_answered = False
        try:
            serve()
        except MediaNotFoundError as error:
            self._refuse(host, http.HTTPStatus.NOT_FOUND, error)
        except MedialensError as error:
            self._refuse(host, http.HTTPStatus.FORBIDDEN, error)
        except (OSError, http.client.HTTPException, ValueError) as error:
            msg = f"{host} cannot be asked: {type(error).__name__}: {error}"
            self._refuse(host, http.HTTPStatus.BAD_GATEWAY, MediaNotFoundError(msg, source=host))

    def _refuse(self, host: str, status: http.HTTPStatus, error: MedialensError) -> None:
        self.server.refusals[host] = error
        if not self._has_answered:
            self._answer(status, {REFUSED: "1", "Content-Length": "0"})

    def _answer(self, status: int, headers: dict[str, str] | list[tuple[str, str]]) -> None:
        self._has_answered = True
        self.send_response_only(status)
        for name, value in headers.items() if isinstance(headers, dict) else headers:
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()

    def _serve_file(self, path: str, folder: Path) -> None:
        inside = dataclasses.replace(self.server.limits, roots=(folder,))
        data = read_file(folder / path.lstrip("/"), inside)
        self.server.count(len(data))
        mime_type, _ = mimetypes.guess_type(path)
        self._answer(200, {"Content-Type": mime_type or "application/octet-stream", "Content-Length": str(len(data))})
        self.wfile.write(data)

    def _forward(self) -> None:
        limits, deadline = self.server.limits, self.server.deadline
        parts = checked_url(self.path, limits)
        connection = checked_connection(parts, checked_addresses(self.path, parts, limits, deadline), limits, deadline)
        with contextlib.closing(connection):
            target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
            connection.putrequest(self.command, target, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in _HOP_BY_HOP:
                    connection.putheader(name, value)
            connection.putheader("Connection", "close")
            connection.endheaders(self._body())
            with connection.getresponse() as response:
                headers = [(name, value) for name, value in response.getheaders() if name.lower() not in _HOP_BY_HOP]
                self._answer(response.status, headers)
                while chunk := response.read1(_CHUNK_BYTES):
                    self.server.count(len(chunk))
                    self.wfile.write(chunk)

    def _body(self) -> bytes | None:
        n_bytes = int(self.headers.get("Content-Length") or 0)
        if n_bytes > _MAX_REQUEST_BYTES:
            msg = f"the page sends {n_bytes} bytes to {shown(self.path)}"
            raise MediaLimitError(msg, limit="request", value=n_bytes, maximum=_MAX_REQUEST_BYTES)
        return self.rfile.read(n_bytes) if n_bytes else None

    def _tunnel(self) -> None:
        limits, deadline = self.server.limits, self.server.deadline
        url = f"https://{self.path}/"
        addresses = checked_addresses(url, checked_url(url, limits), limits, deadline)
        with _connected(addresses, limits, deadline) as server:
            self._answer(200, {})
            self._pump(server)

    def _pump(self, server: socket.socket) -> None:
        """Hand bytes to and fro until one side hangs up, or the time is over."""
        with selectors.DefaultSelector() as waiting:
            waiting.register(self.connection, selectors.EVENT_READ, (self.connection, server))
            waiting.register(server, selectors.EVENT_READ, (server, self.connection))
            while (left := self.server.deadline - time.monotonic()) > 0:
                for key, _ in waiting.select(left):
                    one, other = key.data
                    chunk = one.recv(_CHUNK_BYTES)
                    if not chunk:
                        return
                    self.server.count(len(chunk))
                    other.sendall(chunk)


def _connected(addresses: Sequence[tuple[str, int]], limits: MediaLimits, deadline: float) -> socket.socket:
    """A connection to the first of the addresses that answers."""
    failure: OSError = TimeoutError()
    for address in addresses:
        wait = min(limits.connect_timeout_seconds, deadline - time.monotonic())
        if wait <= 0:
            break
        try:
            return socket.create_connection(address, timeout=wait)
        except OSError as error:
            failure = error
    raise failure
