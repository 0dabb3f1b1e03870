"""Messages arrive as they were sent, and their end is noticed."""

import os
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medialens.media.pages import messages
from medialens.media.pages.messages import Kind


@pytest.fixture(scope="module")
def line():
    read, write = os.pipe()
    yield read, write
    os.close(read)
    os.close(write)


@given(kind=st.sampled_from(Kind), payload=st.binary() | st.integers(0, 300_000).map(bytes))
def test_what_is_sent_arrives(line, kind, payload):
    read, write = line
    sender = threading.Thread(target=messages.send, args=(write, kind, payload))  # a pipe holds 64 kilobytes
    sender.start()
    received, length = messages.receive_header(read)
    assert (received, length) == (kind, len(payload))
    assert messages.receive(read, length) == payload
    sender.join()


@pytest.mark.parametrize("n_bytes", [0, 1, messages.HEADER.size, messages.HEADER.size + 1])
def test_an_end_in_the_middle(n_bytes):
    read, write = os.pipe()
    os.write(write, (messages.HEADER.pack(Kind.DONE, 5) + b"12345")[:n_bytes])
    os.close(write)
    with pytest.raises(EOFError):
        messages.receive(read, messages.receive_header(read)[1])
    os.close(read)


def test_without_readv(monkeypatch):
    monkeypatch.delattr(os, "readv", raising=False)
    read, write = os.pipe()
    messages.send(write, Kind.TEXT, b"12345")
    assert messages.receive(read, messages.receive_header(read)[1]) == b"12345"
    os.close(read)
    os.close(write)
