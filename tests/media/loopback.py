"""A web server on the loopback interface that behaves as badly as a test asks."""

from __future__ import annotations

import contextlib
import http.server
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

Handler = http.server.BaseHTTPRequestHandler
Answer = Callable[[Handler], None]

CERTIFICATE = Path(__file__).with_name("localhost.pem")


class Server(http.server.ThreadingHTTPServer):
    """`answers` maps paths to what is done; `asked` collects the paths in order, `headers` are those of the last."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, answers: dict[str, Answer]) -> None:
        super().__init__(("127.0.0.1", 0), _RequestHandler)
        self.answers, self.asked, self.headers = answers, list[str](), dict[str, str]()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: object) -> None:
        pass  # clients that hang up are what the tests are about


class _RequestHandler(Handler):
    server: Server

    def do_GET(self) -> None:  # noqa: N802  # http.server's name for it
        self.server.asked.append(self.path)
        self.server.headers = dict(self.headers)
        self.server.answers[self.path](self)

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def serving(answers: dict[str, Answer], *, tls: bool = False) -> Iterator[Server]:
    with Server(answers) as server:
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATE)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def body(data: bytes, *, status: int = 200, **headers: str) -> Answer:
    """Answers with `data`; `headers` in snake case replace or add."""

    def answer(request: Handler) -> None:
        request.send_response(status)
        said = {"Content-Length": str(len(data))} | {name.replace("_", "-").title(): v for name, v in headers.items()}
        for name, value in said.items():
            if value:
                request.send_header(name, value)
        request.end_headers()
        request.wfile.write(data)

    return answer


def redirect(to: str, status: int = 302) -> Answer:
    return body(b"", status=status, location=to)
