import os
import socket
import threading

import pytest

from medialens.media.access import lookup
from medialens.media.access.lookup import look_up


def test_a_number_is_its_own_address():
    assert look_up("127.0.0.1", 80, wait_seconds=10) == ["127.0.0.1"]
    assert look_up("::1", 80, wait_seconds=10) == ["::1"]


def test_what_the_system_says_is_raised_here(monkeypatch):
    def refuse(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    with pytest.raises(socket.gaierror, match="not known"):
        look_up("nowhere.example", 80, wait_seconds=10)


@pytest.fixture
def hanging(monkeypatch):
    """Look-ups hang until this event is set."""
    done = threading.Event()
    monkeypatch.setattr(lookup, "_places", lookup._Places())

    def getaddrinfo(*_, **__):
        done.wait(60)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield done
    done.set()


def test_only_so_many_look_ups_hang_at_a_time(hanging):
    before = threading.active_count()
    for _ in range(lookup._MOST_AT_ONCE + 3):
        with pytest.raises(TimeoutError):
            look_up("hanging.example", 80, wait_seconds=0.01)
    assert threading.active_count() - before == lookup._MOST_AT_ONCE
    hanging.set()
    assert look_up("awake.example", 80, wait_seconds=10) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")  # of Python 3.12, about threads: they are the test
def test_a_forked_child_does_not_wait_for_its_parent_s_look_ups(hanging):
    for _ in range(lookup._MOST_AT_ONCE):
        with pytest.raises(TimeoutError):
            look_up("hanging.example", 80, wait_seconds=0.01)
    child = os.fork()
    if child == 0:
        hanging.set()
        try:
            os._exit(look_up("any.example", 80, wait_seconds=10) != [])
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
