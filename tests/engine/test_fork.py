"""A forked child works, whatever the parent did before. In fresh interpreters: a fork of pytest helps nobody."""

from __future__ import annotations

import os

import pytest
from tests.interpreter import run_python

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")

# Python 3.12 warns of forking with threads, which is exactly what is tried here.
PRELUDE = """
import os, sys, threading, time, warnings
warnings.simplefilter("ignore", DeprecationWarning)
os.environ.pop("OMP_NUM_THREADS", None)
import numpy as np
import torch
from medialens import Encoder
from medialens.engine.engine import Engine, get_engine

def in_child(work):
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        threading.Timer(60, os._exit, [3]).start()  # a child that hangs is killed
        try:
            work()
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(1)
        sys.stdout.flush()
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code == 0, f"the child ended with {code}"
"""


def test_child_of_a_parent_that_used_the_engine_and_openmp(tiny_bert):
    code = f"""{PRELUDE}
torch.set_num_threads(2)
torch.randn(600, 600) @ torch.randn(600, 600)  # the main thread now owns OpenMP workers, which no child inherits
torch.randn(10**6).exp()
encoder = Encoder({str(tiny_bert)!r})
texts = [f"a red circle {{at}}" for at in range(40)]
expected = encoder.encode_documents(texts)

def work():
    assert get_engine().stats().n_items == 0  # the child's engine is its own
    np.testing.assert_allclose(encoder.encode_documents(texts), expected, atol=1e-6)
    np.testing.assert_allclose(encoder.encode_documents(texts[:3]), expected[:3], atol=1e-6)

in_child(work)
np.testing.assert_array_equal(encoder.encode_documents(texts), expected)
print("both work")
"""
    assert run_python(code) == "both work"


def test_child_forked_while_the_engine_is_busy_and_its_locks_are_held():
    code = f"""{PRELUDE}
from medialens.testing.fake_model import FakeModel
engine = Engine()
encoder = Encoder(FakeModel(), engine=engine)
stop = threading.Event()
def keep_busy(seed):
    turn = 0
    while not stop.is_set():
        turn += 1
        encoder.encode_documents([f"{{seed}} {{turn}} {{at}}" for at in range(50)])
busy = [threading.Thread(target=keep_busy, args=(seed,)) for seed in range(4)]
for thread in busy: thread.start()
for turn in range(10):
    in_child(lambda: encoder.encode_queries([f"child {{turn}}", "a red circle"]))
stop.set()
for thread in busy: thread.join(60)
engine.close()
print("ten children")
"""
    assert run_python(code) == "ten children"


def test_child_and_parent_share_the_cache_on_disk(tmp_path):
    code = f"""{PRELUDE}
from medialens.engine.config import EngineConfig
from medialens.testing.fake_model import FakeModel
engine = Engine(EngineConfig(vector_cache_folder={str(tmp_path)!r}))
encoder = Encoder(FakeModel(), engine=engine)
encoder.encode_documents(["from the parent"])
while not engine.stats().disk.n_entries:  # written after the caller has its vectors
    time.sleep(0.01)
def work():
    encoder.encode_documents(["from the parent", "from the child"])
    assert engine.stats().disk.n_hits == 1, engine.stats()
    engine.close()
in_child(work)
encoder.encode_documents(["from the child", "from the parent"])
assert engine.stats().disk.n_hits == 1, engine.stats()
print("shared")
"""
    assert run_python(code) == "shared"


def test_workers_of_multiprocessing_get_pickled_handles():
    code = f"""{PRELUDE}
import multiprocessing
from medialens.testing.fake_model import FakeModel
encoder = Encoder(FakeModel())
expected = encoder.encode("a red circle")
with multiprocessing.get_context("fork").Pool(2) as pool:
    vectors = pool.map(encoder.encode, ["a red circle"] * 4)
np.testing.assert_array_equal(vectors, [expected] * 4)
print("four")
"""
    assert run_python(code) == "four"


def test_the_interpreter_ends_with_work_under_way():
    code = f"""{PRELUDE}
from medialens.engine.request import Request, Source
from medialens.testing.fake_model import FakeModel
call = get_engine().submit(FakeModel(), [Request((Source(f"text {{at}}"),)) for at in range(50_000)])
print("ending")
"""
    assert run_python(code) == "ending"


def test_child_forked_while_a_progress_bar_is_drawn():
    code = f"""{PRELUDE}
from tqdm import tqdm
from medialens.engine.progress import _Bar
from medialens.testing.fake_model import FakeModel
encoder = Encoder(FakeModel(), engine=Engine())
encoder.encode_queries(["a red circle"])
held, done = threading.Event(), threading.Event()
def draw():
    with tqdm.get_lock(), _Bar.get_lock():
        held.set()
        done.wait(60)
thread = threading.Thread(target=draw)
thread.start()
held.wait(60)
in_child(lambda: encoder.encode_queries(["a blue circle"]))
done.set()
thread.join()
print("drawn")
"""
    assert run_python(code) == "drawn"
