"""Cycles of objects are collected on the window's thread alone.

Python looks for them on whichever thread happens to allocate. A Qt object in such a cycle would then
be freed on a thread that is not its own, which takes the program down ("Timers cannot be stopped from
another thread" is the mildest form). So Python's own collection is off, and is done by its thresholds
whenever the event loop is about to wait for something. A start makes next to no garbage: nothing is
looked for before its end, and nothing that it made afterwards, which is there for as long as the window.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QAbstractEventDispatcher, QThread


def begin_start() -> None:
    """Collect nothing until the start has ended."""
    gc.disable()


def end_start() -> None:
    """Collect on this thread from now on, and leave alone what there is."""
    gc.freeze()
    collect_on_this_thread()


def collect_on_this_thread() -> None:
    """Collect on the thread of the running event dispatcher from now on."""
    gc.disable()
    dispatcher = QAbstractEventDispatcher.instance(QThread.currentThread())
    dispatcher.aboutToBlock.connect(collect_if_due)


def collect_if_due() -> None:
    """What Python would have done by itself by now."""
    counts, limits = gc.get_count(), gc.get_threshold()
    if counts[0] <= limits[0]:
        return
    due = [generation for generation in (2, 1) if counts[generation] > limits[generation]]
    gc.collect(due[0] if due else 0)
