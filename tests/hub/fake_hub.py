"""A hub on the loopback interface that serves folders: enough of the protocol for huggingface_hub's client."""

from __future__ import annotations

import hashlib
import http.server
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"
_INFO = re.compile(r"/api/models/(?P<id>[^/]+/[^/]+)(?:/revision/(?P<revision>[^/]+))?")
_TREE = re.compile(r"/api/models/(?P<id>[^/]+/[^/]+)/tree/(?P<revision>[^/]+)/?")
_FILE = re.compile(r"/(?P<id>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<path>.+)")


class FakeHub:
    """Repositories by id; `asked` collects the paths of files that were downloaded."""

    def __init__(self, repositories: dict[str, Path], gated: frozenset[str] = frozenset()) -> None:
        self.repositories = repositories
        self.gated = gated
        self.asked: list[str] = []
        self.url = ""

    def files(self, repo_id: str) -> list[str]:
        folder = self.repositories[repo_id]
        return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())


@contextmanager
def serve(hub: FakeHub) -> Iterator[FakeHub]:
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(http.server.BaseHTTPRequestHandler):
    hub: FakeHub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Nothing on stderr."""

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, *, with_body: bool) -> None:
        path = unquote(urlsplit(self.path).path)
        match = _TREE.fullmatch(path) or _INFO.fullmatch(path) or _FILE.fullmatch(path)
        refusal = self._refusal(match)
        if refusal is not None:
            self._send(*refusal, with_body=with_body)
        elif path.startswith("/api/"):
            self._send_json(match["id"], tree=_TREE.fullmatch(path) is not None, with_body=with_body)
        else:
            self._send_file(match["id"], match["path"], with_body=with_body)

    def _refusal(self, match: re.Match[str] | None) -> tuple[int, bytes, dict[str, str]] | None:
        if match is None or match["id"] not in self.hub.repositories:
            return 404, b"{}", {"X-Error-Code": "RepoNotFound"}
        if match["id"] in self.hub.gated and "authorization" not in self.headers:
            return 403, b"{}", {"X-Error-Code": "GatedRepo"}
        if match["revision"] not in {None, "main", "v1", COMMIT}:
            return 404, b"{}", {"X-Error-Code": "RevisionNotFound"}
        return None

    def _send_json(self, repo_id: str, *, tree: bool, with_body: bool) -> None:
        files, folder = self.hub.files(repo_id), self.hub.repositories[repo_id]
        listed = [
            {"type": "file", "path": file, "oid": "0" * 40, "size": (folder / file).stat().st_size} for file in files
        ]
        info = {"id": repo_id, "sha": COMMIT, "siblings": [{"rfilename": file} for file in files]}
        self._send(200, json.dumps(listed if tree else info).encode(), {}, with_body=with_body)

    def _send_file(self, repo_id: str, path: str, *, with_body: bool) -> None:
        if path not in self.hub.files(repo_id):
            self._send(404, b"", {"X-Error-Code": "EntryNotFound"}, with_body=with_body)
            return
        content = (self.hub.repositories[repo_id] / path).read_bytes()
        if with_body:
            self.hub.asked.append(f"{repo_id}/{path}")
        headers = {"ETag": f'"{hashlib.sha256(content).hexdigest()}"', "X-Repo-Commit": COMMIT}
        self._send(200, content, headers, with_body=with_body)

    def _send(self, status: int, body: bytes, headers: dict[str, str], *, with_body: bool) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if with_body:
            self.wfile.write(body)
