"""Texts that look like a way to a medium, and a guard that fails whoever follows one."""

import builtins
import io
import os
import socket

import pytest

LOOK_ALIKES = [
    "/etc/passwd",
    "pictures/cat.png",
    "file:///etc/passwd",
    "http://169.254.169.254/latest/meta-data/cat.png",
    "https://example.com/cat.jpg",
    "data:image/png;base64,iVBORw0KGgo=",
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ",
    "media://sha256/" + "a" * 64,
    "~/cat.png",
    "",
]


def refuse_io(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """From now on files cannot be opened or looked at, nor sockets made; the list fills with what was tried."""
    tried: list[str] = []

    def refuse(*args: object, **_: object) -> None:
        tried.append(repr(args)[:200])
        raise PermissionError(*args)

    for module, name in ((builtins, "open"), (io, "open"), (os, "open"), (os, "stat"), (os, "lstat")):
        monkeypatch.setattr(module, name, refuse)
    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return tried
