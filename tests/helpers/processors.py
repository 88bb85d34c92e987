"""Limits the processors of a test and its child processes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def on_one_processor() -> Iterator[None]:
    """Keep this thread, and the processes that it starts, on one processor.

    llama.cpp's threads wait for each other in a loop. With other tests on the same two processors,
    a start of the model takes 3 s of CPU time with two threads, and 0.5 s with one.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    yield
    os.sched_setaffinity(0, before)
