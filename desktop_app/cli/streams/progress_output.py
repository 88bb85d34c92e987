"""The progress of a command on standard error."""

from __future__ import annotations

import time
from typing import Final

from desktop_app.cli.streams.console import clean_line, is_stderr_terminal, write_stderr_line
from desktop_app.i18n.translation import tr

_INTERVAL_S: Final = 2.0


class ProgressReporter:
    """Reporter of progress on standard error, on a terminal every two seconds.

    Each report is a line of its own, because a changing line needs control characters.

    Args:
        task: names the task.
        in_lines: report every step as "DONE TOTAL", or as "DONE" if the total is unknown, with or
            without a terminal.
    """

    def __init__(self, task: str, *, in_lines: bool = False) -> None:
        self._task = task
        self._in_lines = in_lines
        self._next_at = time.monotonic() + _INTERVAL_S

    def show(self, done: int, total: int | None) -> None:
        """Report that `done` of `total` are done; None if the total is unknown."""
        if self._in_lines:
            write_stderr_line(str(done) if total is None else f"{done} {total}")
        elif is_stderr_terminal() and time.monotonic() >= self._next_at:
            self._next_at = time.monotonic() + _INTERVAL_S
            if total is None:
                line = tr("{task}: {done}", task=self._task, done=done)
            else:
                line = tr("{task}: {done} of {total}", task=self._task, done=done, total=total)
            write_stderr_line(clean_line(line))
