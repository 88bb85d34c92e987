"""Cycles of objects are collected on the window's thread alone.

Python looks for them on whichever thread happens to allocate. A Qt object in such a cycle would then
be freed on a thread that is not its own, which takes the program down ("Timers cannot be stopped from
another thread" is the mildest form). So Python's own collection is off, and is done by its thresholds
whenever the event loop is about to wait for something, behind what has come by then: nobody waits for
the last turn and for a look as well. A start makes next to no garbage: nothing is looked for before its
end, and nothing that it made afterwards, which is there for as long as the window.
To go through all that is there takes longer than a frame where an answer is long: that waits until
nothing has been going on for a while. What outlives its first look is old: to look at it a second time
would take as long again, of a conversation of thousands of messages more than half a frame.

The C library keeps what it has been given back, for the next that asks: behind one paragraph of a
megabyte, which was copied as it grew, that is more than the paragraph. At rest the system gets it.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QAbstractEventDispatcher, QThread, QTimer

if TYPE_CHECKING:
    from collections.abc import Callable

_REST_MS: Final = 10_000
_RARELY: Final = 1_000
"""Looks at what is new before what is old has its turn without any rest, ten times as many as Python
takes: what there is grows with what is on screen, garbage in it hardly."""


def begin_start() -> None:
    """Collect nothing until the start has ended."""
    gc.disable()


def end_start() -> None:
    """Collect on this thread from now on, and leave alone what there is."""
    gc.freeze()
    collect_on_this_thread()


def collect_on_this_thread(rest_ms: int = _REST_MS) -> Callable[[], None]:
    """Collect on the thread of the running event dispatcher from now on; what is old when next to
    nothing has been made for so long. Returns what ends it."""
    gc.disable()
    dispatcher = QAbstractEventDispatcher.instance(QThread.currentThread())
    at_rest = QTimer(dispatcher, singleShot=True, interval=rest_ms)
    at_rest.timeout.connect(tidy_up)
    next_turn = QTimer(dispatcher, singleShot=True, interval=0)

    def collect() -> None:
        if collect_if_due():
            at_rest.start()

    def collect_next() -> None:
        if _is_due() and not next_turn.isActive():
            next_turn.start()

    next_turn.timeout.connect(collect)
    dispatcher.aboutToBlock.connect(collect_next)

    def end() -> None:
        dispatcher.aboutToBlock.disconnect(collect_next)
        next_turn.deleteLater()
        at_rest.deleteLater()

    return end


def tidy_up() -> None:
    """What is done at rest: look at everything, and give the system the memory that is free."""
    gc.collect()
    # Of the GNU C library alone: https://man7.org/linux/man-pages/man3/malloc_trim.3.html
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


def collect_if_due() -> bool:
    """Look at what is new where Python would have done so by itself by now; whether it was due."""
    if not _is_due():
        return False
    gc.collect(2 if gc.get_count()[2] > _RARELY else 1)
    return True


def _is_due() -> bool:
    return gc.get_count()[0] > gc.get_threshold()[0]
