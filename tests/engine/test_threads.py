"""Thread settings never leak. In fresh interpreters, because torch's defaults are process-wide."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.interpreter import run_python

from medialens.engine import threads

PRELUDE = """
import os
os.environ.pop("OMP_NUM_THREADS", None)
import threading
import torch
from medialens.engine import threads

def of_new_thread():
    return threads.in_new_thread(torch.get_num_threads)

def limited(n):
    threads.limit_this_thread(n)
    return torch.get_num_threads()
"""


@pytest.mark.parametrize("without_libraries", [False, True])
def test_limiting_one_thread_changes_no_other(without_libraries):
    code = f"""{PRELUDE}
if {without_libraries}:
    threads._thread_local_setters = lambda: ()
torch.set_num_threads(3)
assert threads.in_new_thread(lambda: limited(1)) == 1
assert (torch.get_num_threads(), of_new_thread()) == (3, 3)
print("same")
"""
    assert run_python(code) == "same"


def test_a_later_setting_of_the_host_does_not_reach_a_limited_thread():
    code = f"""{PRELUDE}
limited_now, changed, seen = threading.Event(), threading.Event(), []
def lane():
    limited(1)
    limited_now.set()
    changed.wait(30)
    seen.append(torch.get_num_threads())
thread = threading.Thread(target=lane)
thread.start()
limited_now.wait(30)
torch.set_num_threads(2)
changed.set()
thread.join(30)
print(seen, of_new_thread())
"""
    assert run_python(code) == "[1] 2"


def test_an_engine_at_work_changes_no_thread_of_the_host():
    code = f"""{PRELUDE}
torch.set_num_threads(3)
from medialens.engine.engine import Engine
from medialens.engine.request import Request, Source
from medialens.testing.fake_model import FakeModel
seen = set()
model = FakeModel(on_batch=lambda texts: seen.add(torch.get_num_threads()))
with Engine() as engine:
    engine.submit(model, [Request((Source(str(at)),)) for at in range(50)]).future.result(60)
    print(seen, torch.get_num_threads(), of_new_thread())
print(of_new_thread())
"""
    assert run_python(code).split("\n") == ["{1} 3 3", "3"]


@pytest.mark.parametrize(("text", "expected"), [("200000 100000", 2), ("150000 100000", 2), ("max 100000", 1 << 16)])
def test_a_container_quota_counts(tmp_path, text, expected):
    file = tmp_path / "cpu.max"
    file.write_text(text)
    assert threads._cgroup_cores(file) == expected
    assert threads._cgroup_cores(Path("/nowhere/cpu.max")) == 1 << 16


def test_usable_cores_respect_torch():
    code = f"{PRELUDE}\ntorch.set_num_threads(1)\nprint(threads.usable_cores())"
    assert run_python(code) == "1"


def test_errors_of_a_new_thread_are_raised_here():
    def fail():
        raise KeyError("there")

    with pytest.raises(KeyError, match="there"):
        threads.in_new_thread(fail)
