"""Processes: what they are asked and may answer, how they end, and that none is left behind."""

import multiprocessing.spawn
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.interpreter import run_python
from tests.media.documents import document, nested, words

from medialens.errors import MediaDecodeError, MediaError
from medialens.media.pages import pool, processes
from medialens.media.pages.document import open_pdf
from medialens.media.pages.messages import Kind
from medialens.media.pages.processes import EndedError, Process, Question
from medialens.media.source import encoded

pytest.importorskip("pypdfium2", reason="pypdfium2 is not installed: pip install 'medialens[pdf]'")

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")
CONTENT = encoded(document([words("one"), words("two")]), name="a.pdf")


@pytest.fixture(autouse=True)
def none_at_rest():
    pool.end_all()
    yield
    pool.end_all()


def texts():
    with open_pdf(CONTENT) as pdf:
        return [pdf.text(page) for page in range(1, pdf.n_pages + 1)]


def resting():
    return [process._process.pid for process in pool._pool._resting]


def is_there(pid):
    """Running, or ended and not waited for."""
    return Path(f"/proc/{pid}").exists()


# From one document to the next ------------------------------------------------------------------------------------


@on_linux
def test_one_process_serves_one_document_after_the_other_and_ends_without_a_trace():
    texts()
    (first,) = resting()
    texts()
    assert resting() == [first]
    pool.end_all()
    assert not is_there(first)
    texts()
    assert resting() != [first]


def test_one_that_died_at_rest_is_replaced():
    texts()
    (process,) = pool._pool._resting
    process._process.kill()
    process._process.wait()
    assert texts() == ["one", "two"]


def test_many_threads_never_have_more_than_so_many(monkeypatch):
    monkeypatch.setattr(pool, "_MOST", 2)
    start = threading.Barrier(6)
    counts = []

    def look(_):
        start.wait()
        for _ in range(5):
            assert texts() == ["one", "two"]
            counts.append(len(processes.everyone))

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(look, range(6)))
    assert max(counts) <= 2


def test_one_in_the_middle_of_something_is_not_given_to_the_next(monkeypatch):
    with open_pdf(CONTENT) as pdf:
        process = pdf._process

        def interrupted(*_):
            raise KeyboardInterrupt

        monkeypatch.setattr(Process, "_answer", interrupted)
        with pytest.raises(KeyboardInterrupt):
            pdf.text(1)
        monkeypatch.undo()
        assert pdf.text(1) == "one"
        assert pdf._process is not process
    assert process not in processes.everyone


@on_linux
def test_one_that_has_grown_is_ended(monkeypatch):
    monkeypatch.setattr(processes, "_PROGRAM", [*processes._PROGRAM[:-2], "-c", GROWING])
    texts()
    assert resting() == []


GROWING = """
from medialens.media.pages import program
program._WORN_BYTES = 0
program.main()
"""


# What they answer -------------------------------------------------------------------------------------------------

LYING = """
import os, struct, sys
from medialens.media.pages import messages
from medialens.media.pages.messages import Kind
messages.send(1, Kind.READY)
messages.receive(0, messages.receive_header(0)[1])
{answer}
sys.stdin.read()
"""


@pytest.mark.parametrize(
    "answer",
    [
        "messages.send(1, Kind.DONE, bytes(9))",
        "messages.send(1, Kind.DONE, bytes(7))",
        "os.write(1, messages.HEADER.pack(Kind.DONE, 2**63))",
        "messages.send(1, Kind.READY)",
        "messages.send(1, Kind.REFUSED, b'')",
        "messages.send(1, Kind.READ, b'123')",
        "os.write(1, b'Hello, world! ' * 3)",
        "os.close(1)",
        "sys.exit(3)",
        "os.kill(os.getpid(), 11)",
    ],
)
def test_what_answers_nothing_that_was_asked_for_is_ended(monkeypatch, answer):
    monkeypatch.setattr(processes, "_PROGRAM", [*processes._PROGRAM[:-2], "-c", LYING.format(answer=answer)])
    with (
        pytest.raises(MediaDecodeError, match=r"PDFium ended \(.*\) while it looked at the PDF 'a.pdf'"),
        open_pdf(CONTENT),
    ):
        pass
    assert not processes.everyone


def test_one_that_hangs_is_ended_by_the_clock(monkeypatch):
    monkeypatch.setattr(processes, "_PROGRAM", [*processes._PROGRAM[:-2], "-c", LYING.format(answer="")])
    process = Process()
    with pytest.raises(EndedError) as caught:
        process.ask(Question(kind=Kind.CLOSE), read=lambda *_: b"", seconds=0.02)
    assert caught.value.is_late


# How they start ---------------------------------------------------------------------------------------------------


def test_one_that_cannot_start_says_what_it_said(monkeypatch):
    monkeypatch.setattr(processes, "_PROGRAM", [*processes._PROGRAM[:-2], "-c", "raise SystemExit('no such thing')"])
    with pytest.raises(MediaError, match=r"ended with code 1 before it began.*no such thing"):
        texts()
    assert not processes.everyone


def test_no_interpreter(monkeypatch):
    monkeypatch.setattr(processes, "get_executable", lambda: "/nowhere/python")
    with pytest.raises(MediaError, match=r"cannot be started with '/nowhere/python'.*set_executable"):
        texts()
    monkeypatch.setattr(processes, "get_executable", lambda: None)
    with pytest.raises(MediaError, match=r"no interpreter.*set_executable"):
        texts()
    monkeypatch.setattr(processes, "get_executable", multiprocessing.spawn.get_executable)
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    with pytest.raises(MediaError, match="no interpreter"):  # it would start the program itself
        texts()


def test_it_starts_quickly_because_it_imports_little():
    code = "import sys, medialens.media.pages.program; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    assert not {"numpy", "PIL", "torch", "fsspec", "multiprocessing"} & set(run_python(code).split())


@on_linux
def test_it_inherits_nothing(tmp_path):
    with (tmp_path / "open.txt").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        texts()
        (pid,) = resting()
        targets = [str(fd.readlink()) for fd in Path(f"/proc/{pid}/fd").iterdir()]
    assert all(target.startswith("pipe:") for target in targets), targets


# How they end -----------------------------------------------------------------------------------------------------

ENDING = """
import os, sys, threading, time
from medialens.media.pages import pool
from medialens.media.pages.document import open_pdf
from medialens.media.source import encoded
content = encoded(open(sys.argv[1], "rb").read(), name="a.pdf")
with open_pdf(content) as pdf:
    pdf.size_points(1)
    print(pdf._process._process.pid, flush=True)
    {then}
"""


@on_linux
@pytest.mark.parametrize(
    ("then", "code"),
    [
        ("pass", 0),
        ("raise SystemExit(3)", 3),
        ("os._exit(4)", 4),
        ("os.kill(os.getpid(), 9)", -9),
        (
            "threading.Thread(target=pdf.text, args=(1,), daemon=True).start(); time.sleep(0.5); os._exit(5)",
            5,
        ),
        ("os.fork() or time.sleep(60); os._exit(0)", 0),
    ],
)
def test_none_outlives_the_process_that_started_it(tmp_path, then, code):
    """Neither one at rest nor one that works; nor because a forked child is still there."""
    path = tmp_path / "long.pdf"
    path.write_bytes(nested(levels=9, width=10))
    program = [sys.executable, "-c", ENDING.format(then=then), str(path)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as started:
        pid = int(started.stdout.readline())
        assert started.wait(60) == code
    until = time.monotonic() + 60
    while is_there(pid) and not is_zombie(pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert not is_there(pid) or is_zombie(pid)  # where nobody waits for orphans


def is_zombie(pid):
    try:
        return ") Z " in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True


FORKED = """
import os, sys
from medialens.media.pages import pool, processes
from medialens.media.pages.document import open_pdf
from medialens.media.source import encoded
content = encoded(open(sys.argv[1], "rb").read(), name="a.pdf")
with open_pdf(content) as pdf:
    child = os.fork()
    if child == 0:
        assert not processes.everyone
        try:
            pdf.text(1)
        except Exception as error:
            assert type(error).__name__ == "MediaDecodeError", error
        pdf.close()
        with open_pdf(content) as own:
            print(own.text(2), flush=True)
        pool.end_all()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    print(pdf.text(1), len(processes.everyone))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
def test_a_forked_child_leaves_the_parents_processes_to_the_parent(tmp_path):
    (tmp_path / "a.pdf").write_bytes(CONTENT.data)
    assert run_python(FORKED, str(tmp_path / "a.pdf")).split() == ["two", "one", "1"]
