"""The protocol, against a browser that is a thread."""

import json
import os
import threading
import time

import pytest

from medialens.media.capture.devtools import CommandError, DevTools


class Browser:
    """Reads commands and does with each what `answers` says for its method."""

    def __init__(self, answers, *, seconds=10.0, max_bytes=10**6):
        commands, ours_out = os.pipe()
        ours_in, self.out = os.pipe()
        self.devtools = DevTools(ours_out, ours_in, deadline=time.monotonic() + seconds, max_bytes=max_bytes)
        self.asked = []
        self._file = os.fdopen(commands, "rb")
        self._thread = threading.Thread(target=self._serve, args=(answers,))
        self._thread.start()

    def _serve(self, answers):
        buffer = b""
        while chunk := self._file.read1(1000):
            *commands, buffer = (buffer + chunk).split(b"\0")
            for command in map(json.loads, commands):
                self.asked.append(command)
                for message in answers[command["method"]](command["id"]):
                    os.write(self.out, json.dumps(message).encode() + b"\0")

    def __enter__(self):
        return self.devtools

    def __exit__(self, *_):
        self.devtools.close()
        self._thread.join()
        self._file.close()
        os.close(self.out)


def test_answers_find_their_questions_and_events_are_handled_on_the_way():
    events = []
    answers = {
        "A.b": lambda number: [{"method": "E.f", "params": {"x": 1}}, {"id": 99}, {"id": number, "result": {"y": 2}}]
    }
    browser = Browser(answers)
    with browser as devtools:
        devtools.on_event = lambda method, params: events.append((method, params))
        assert devtools.call("A.b", z="ü") == {"y": 2}
        devtools.session = "S"
        assert devtools.call("A.b") == {"y": 2}
    assert events == [("E.f", {"x": 1})] * 2
    assert browser.asked[0] == {"id": 1, "method": "A.b", "params": {"z": "ü"}}
    assert browser.asked[1]["sessionId"] == "S"


def test_a_refusal_names_the_command():
    with (
        Browser({"A.b": lambda number: [{"id": number, "error": {"message": "no such thing"}}]}) as devtools,
        pytest.raises(CommandError, match=r"A\.b: no such thing"),
    ):
        devtools.call("A.b")


def test_every_wait_ends_at_the_deadline():
    with Browser({"A.b": lambda _: []}, seconds=0.2) as devtools:
        for wait in (lambda: devtools.call("A.b"), lambda: devtools.wait(lambda: False), lambda: devtools.rest(60)):
            with pytest.raises(TimeoutError):
                wait()


def test_waiting_handles_events_until_what_is_waited_for():
    seen = []
    with Browser({"A.b": lambda number: [{"id": number}, *({"method": f"E.{n}"} for n in range(3))]}) as devtools:
        devtools.on_event = lambda method, _: seen.append(method)
        devtools.call("A.b")
        devtools.wait(lambda: "E.1" in seen)
        devtools.rest(0.1)
    assert seen == ["E.0", "E.1", "E.2"]


def test_a_browser_that_is_gone_or_says_too_much_is_the_end():
    browser = Browser({"A.b": lambda number: [{"id": number, "result": {"data": "x" * 3_000_000}}]}, max_bytes=1000)
    with browser as devtools, pytest.raises(EOFError):
        devtools.call("A.b")
