"""Collection of cyclic garbage, on the window's thread only, and of dropped async generators.

Python collects on whichever thread allocates. A Qt object in a cycle would then be freed on a
foreign thread, which crashes the program ("Timers cannot be stopped from another thread" is the
mildest form). Therefore Python's automatic collection is off. This module collects young objects at
the same threshold, but when the event loop is about to wait, so that no event waits for it.

Nothing is collected during the start, which produces almost no garbage. The start's objects are
exempt afterwards, because they live as long as the window. After a long answer, a full collection
takes longer than a frame, so it waits until the program is idle. Objects that survive one
collection count as old. Examining them again soon would take more than half a frame with thousands
of messages.

glibc retains freed memory; after streaming 1 MB, that can be more than the text. Once the program
is idle, this memory is returned to the system.
"""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QAbstractEventDispatcher, QThread, QTimer

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncGenerator, Callable

_IDLE_MS: Final = 10_000
_MAX_YOUNG_COLLECTIONS: Final = 1_000
"""The number of young collections after which a full one runs even without an idle phase.

This is ten times Python's number: live objects grow with the screen's content, garbage hardly does.
"""


def suspend_collection() -> None:
    """Collect nothing until the start has ended."""
    gc.disable()


def resume_collection() -> None:
    """Collect on this thread from now on, but never objects that exist now."""
    gc.freeze()
    collect_on_this_thread()


def collect_on_this_thread(idle_ms: int = _IDLE_MS) -> Callable[[], None]:
    """Collect on the current thread when its event loop is about to wait.

    Args:
        idle_ms: the milliseconds without a young collection after which old objects are collected.

    Returns:
        A function that stops the collection.
    """
    gc.disable()
    dispatcher = QAbstractEventDispatcher.instance(QThread.currentThread())
    idle_timer = QTimer(dispatcher, singleShot=True, interval=idle_ms)
    idle_timer.timeout.connect(collect_and_trim)
    collect_timer = QTimer(dispatcher, singleShot=True, interval=0)

    def collect() -> None:
        if collect_if_due():
            idle_timer.start()

    def schedule_collection() -> None:
        if _is_due() and not collect_timer.isActive():
            collect_timer.start()

    collect_timer.timeout.connect(collect)
    dispatcher.aboutToBlock.connect(schedule_collection)

    def stop() -> None:
        dispatcher.aboutToBlock.disconnect(schedule_collection)
        collect_timer.deleteLater()
        idle_timer.deleteLater()

    return stop


def collect_and_trim() -> None:
    """Collect all garbage, and return free memory to the system."""
    import ctypes

    gc.collect()
    # glibc only: https://man7.org/linux/man-pages/man3/malloc_trim.3.html
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


def collect_if_due() -> bool:
    """Collect garbage if Python would do so by now; return True if it was collected."""
    if not _is_due():
        return False
    gc.collect(2 if gc.get_count()[2] > _MAX_YOUNG_COLLECTIONS else 1)
    return True


def _is_due() -> bool:
    return gc.get_count()[0] > gc.get_threshold()[0]


def close_in_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """Close dropped generators in tasks of `loop`; once it has ended they are only freed.

    qasync does not, unlike asyncio's own loops. Python would then close them at once, outside of
    any task, where httpcore cannot wait for its connection to close: "async generator ignored
    GeneratorExit".
    """

    def close(generator: AsyncGenerator[Any, Any]) -> None:
        if loop.is_running():
            loop.call_soon_threadsafe(loop.create_task, generator.aclose())

    sys.set_asyncgen_hooks(finalizer=close)
