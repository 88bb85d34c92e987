"""Qt's event loop for asyncio, for tests that need it without the whole program."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

from desktop_app.app.startup.event_loop import EventLoop
from desktop_app.app.startup.gc_policy import close_in_tasks

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

# A closed qasync loop leaves its timers running. Qt crashes if Python collects them on another
# thread, so closed loops are kept.
CLOSED_LOOPS: list[EventLoop] = []


@contextmanager
def qt_loop(application: QApplication) -> Iterator[EventLoop]:
    """Yield a loop that is closed at the end but never freed."""
    loop = EventLoop(application)
    loop.set_default_executor(ThreadPoolExecutor(4, "work"))  # as the program does
    CLOSED_LOOPS.append(loop)
    hooks = sys.get_asyncgen_hooks()
    close_in_tasks(loop)
    try:
        with loop:
            yield loop
    finally:
        sys.set_asyncgen_hooks(*hooks)
        # The kept loop would keep its handler, and the handler the whole program.
        loop.set_exception_handler(None)
