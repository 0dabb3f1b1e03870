"""A watch that rings when a block takes too long, and never otherwise."""

import math
import threading

import pytest

from medialens.media.pages.watch import Watch


@pytest.fixture
def rung():
    return threading.Event()


def test_it_rings_when_the_time_is_over(rung):
    with Watch(rung.set).over(0.05):
        assert rung.wait(20)


def test_it_rings_neither_afterwards_nor_when_ended(rung):
    watch = Watch(rung.set)
    for seconds in (0.05, 0.1, 0.05):
        with watch.over(seconds):
            pass
    with watch.over(0.05):
        watch.end()
        assert not rung.wait(0.3)


def test_a_shorter_block_after_a_longer_one_and_the_other_way_round(rung):
    watch = Watch(rung.set)
    with watch.over(math.inf):
        pass
    with watch.over(0.05):
        assert rung.wait(20)
    rung.clear()
    with watch.over(0.05):
        pass
    with watch.over(0.3):
        assert not rung.wait(0.15)
        assert rung.wait(20)
    watch.end()


def test_blocks_share_a_thread(rung):
    watch, threads = Watch(rung.set), set()
    for _ in range(50):
        with watch.over(30):
            threads.add(watch._timer)
    assert len(threads) == 1
    watch.end()
