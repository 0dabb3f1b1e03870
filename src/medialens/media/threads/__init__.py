"""Threads: what many of them share, and what a fork must not cut in half.

Takes keys, functions and callers' own objects; gives each result once (`memo.py`), each object to one thread at a
time (`locks.py`), and forks only while no thread of ours is inside a C library (`fork_gate.py`). Knows nothing of
media.

To add a C library that keeps locks: enter `fork_gate.gate` around the calls into it.
"""
