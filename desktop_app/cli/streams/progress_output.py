"""Helpers of commands: progress messages, signals, and opening the library."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from desktop_app.backend.backend import Backend, build_backend
from desktop_app.cli.streams.console import clean_line, is_stderr_terminal, note
from desktop_app.i18n.translation import tr

_INTERVAL_S: Final = 2.0


class ProgressReporter:
    """Reporter of progress on standard error, on a terminal every two seconds.

    Each report is a line of its own, because a changing line needs control characters.

    Args:
        task: names the task.
        in_lines: report every step as "DONE TOTAL", with or without a terminal.
    """

    def __init__(self, task: str, *, in_lines: bool = False) -> None:
        self._task = task
        self._in_lines = in_lines
        self._next_at = time.monotonic() + _INTERVAL_S

    def show(self, done: int, total: int | None) -> None:
        """Report that `done` of `total` are done; None if the total is unknown."""
        if self._in_lines:
            note(f"{done} {total}")
        elif is_stderr_terminal() and time.monotonic() >= self._next_at:
            self._next_at = time.monotonic() + _INTERVAL_S
            if total is None:
                line = tr("{task}: {done}", task=self._task, done=done)
            else:
                line = tr("{task}: {done} of {total}", task=self._task, done=done, total=total)
            note(clean_line(line))


def cancel_at_signals() -> None:
    """Cancel the current task at SIGTERM and SIGHUP."""
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)


def path_of(name: str) -> Path:
    """Return a path of the command line, with "~" expanded."""
    path = Path(name)
    with suppress(RuntimeError):  # "~name" without such a user
        path = path.expanduser()
    return path


@asynccontextmanager
async def open_backend(*, allows_unpriced: bool = False) -> AsyncIterator[Backend]:
    """Open the library; close it on exit."""
    backend = build_backend(allows_unpriced=allows_unpriced)
    try:
        await backend.open()
        yield backend
    finally:
        await backend.aclose()
