import os
import sys
import threading
import time

import pytest

from medialens.media.threads.memo import Memo


def test_a_result_is_worked_out_once():
    memo, calls = Memo(4), []

    for _ in range(3):
        assert memo.get("a", lambda: calls.append(1) or 7) == 7
    assert len(calls) == 1


def test_the_one_asked_for_longest_ago_goes_first():
    memo = Memo(2)
    memo.get("a", lambda: 1)
    memo.get("b", lambda: 2)
    memo.get("a", lambda: 0)
    memo.get("c", lambda: 3)

    assert [memo.get(key, lambda: "anew") for key in "ac"] == [1, 3]
    assert memo.get("b", lambda: "anew") == "anew"


def test_failures_are_not_remembered():
    memo = Memo(2)
    with pytest.raises(ZeroDivisionError):
        memo.get("a", lambda: 1 // 0)
    assert memo.get("a", lambda: 5) == 5


def test_what_is_forgotten_is_worked_out_anew():
    memo = Memo(2)
    memo.get("a", lambda: 1)
    memo.forget("a")
    memo.forget("never there")
    assert memo.get("a", lambda: 2) == 2


def test_many_threads_wait_for_the_one_that_works():
    memo, calls, results = Memo(2), [], []

    def make():
        calls.append(1)
        time.sleep(0.05)
        return object()

    threads = [threading.Thread(target=lambda: results.append(memo.get("a", make))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(calls) == 1
    assert len(set(map(id, results))) == 1


@pytest.mark.skipif(not hasattr(os, "fork") or sys.platform == "darwin", reason="forks")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # the fork is what is tested
def test_a_forked_child_does_not_wait_for_a_thread_that_is_not_there():
    memo, working, finish = Memo(2), threading.Event(), threading.Event()

    def make():
        working.set()
        finish.wait()
        return 1

    thread = threading.Thread(target=lambda: memo.get("a", make))
    thread.start()
    working.wait()
    child = os.fork()
    if child == 0:
        os._exit(memo.get("a", lambda: 42))
    _, status = os.waitpid(child, 0)
    finish.set()
    thread.join()
    assert os.waitstatus_to_exitcode(status) == 42
