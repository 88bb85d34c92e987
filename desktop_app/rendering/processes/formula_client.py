"""Typesets formulas for files: asks the process of math_process.py, and waits.

The window has a client of its own (ui/transcript/media/typesetter.py), which never waits.
"""

from __future__ import annotations

import json
import os
import select
import time
from contextlib import suppress
from subprocess import DEVNULL, PIPE
from typing import TYPE_CHECKING, Any, Final

from desktop_app.child_processes import open_child
from desktop_app.rendering.processes.math_typesetting import Formula, formula_of, is_within_limits
from desktop_app.rendering.processes.process_answers import LONGEST_ANSWER, parse_answer

if TYPE_CHECKING:
    from subprocess import Popen

    from desktop_app.child_processes import ChildCommand

_LONGEST_S: Final = 5.0


class FormulaClient:
    """A cache of formulas by TeX and display mode, and the process that typesets them.

    The process starts with the first formula, and ends with `close`; a formula that crashes it
    stays source.
    """

    def __init__(self, command: ChildCommand) -> None:
        """`command` starts the process."""
        self._command = command
        self._process: Popen[bytes] | None = None
        self._known: dict[tuple[str, bool], Formula | None] = {}

    @property
    def descriptors(self) -> tuple[int, ...]:
        """Return the pipes to the process, if it runs."""
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            return ()
        return (process.stdin.fileno(), process.stdout.fileno())

    def start(self) -> None:
        """Start the process, unless it runs.

        Raises:
            OSError: it cannot be started.
        """
        if self._process is None:
            self._process = open_child(self._command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL)

    def find(self, tex: str, *, display: bool) -> Formula | None:
        """Return the formula; None if it is to stay as written."""
        key = (tex, display)
        if key not in self._known:
            answer = self._ask(tex, display) if is_within_limits(tex) else None
            self._known[key] = formula_of(answer)
        return self._known[key]

    def forget(self) -> None:
        """Drop the cached formulas."""
        self._known.clear()

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            # A confined process may not kill, but closing the pipe ends the other process, too.
            with process, suppress(OSError):
                process.kill()

    def _ask(self, tex: str, display: bool) -> dict[str, Any] | None:
        request = json.dumps({"id": 0, "tex": tex, "display": display})
        try:
            self.start()
            answer = self._exchange(request.encode() + b"\n")
        except OSError:
            answer = None
        if answer is None:  # it has ended, hangs, or talks nonsense
            self.close()
        return answer

    def _exchange(self, request: bytes) -> dict[str, Any] | None:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        process.stdin.write(request)
        process.stdin.flush()
        return parse_answer(_read_line(process), 0)


def _read_line(process: Popen[bytes]) -> bytes:
    """Return a line of the process's output, or "" if that takes too long."""
    assert process.stdout is not None
    descriptor, until = process.stdout.fileno(), time.monotonic() + _LONGEST_S
    line = b""
    while not line.endswith(b"\n") and len(line) <= LONGEST_ANSWER:
        ready, _, _ = select.select([descriptor], [], [], max(0.0, until - time.monotonic()))
        piece = os.read(descriptor, 1 << 16) if ready else b""
        if not piece:
            return b""
        line += piece
    return line
