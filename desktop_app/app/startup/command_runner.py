"""Commands of this program, run as child processes.

Parsing an export or packing a backup takes long. A process does not block the window and can be
stopped, as a command in a terminal can.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Callable
from typing import NamedTuple

from desktop_app.child_processes import library_command, start_child
from desktop_app.domain.error_note import ErrorNote, error_from_json
from desktop_app.domain.lazy_pattern import lazy_pattern

Progress = Callable[[int, int], None]
_STEP_LINE = lazy_pattern(rb"(\d+) (\d+)\s*")
_MAX_LINE_BYTES = 1 << 20
# Sentences on standard error begin with the program's name.
_PROGRAM_PREFIX = "repartee: "


class CommandResult(NamedTuple):
    """The result of a command.

    Attributes:
        code: its exit code, 0 if it succeeded.
        output: its standard output.
        messages: the sentences of standard error.
        error: why it failed, or why its result is incomplete; None also if it ended unexpectedly.
    """

    code: int
    output: str
    messages: str
    error: ErrorNote | None = None


class CommandRunner:
    """Runner of commands of this program, one at a time.

    Attributes:
        was_stopped: True if `stop` was called while the last command ran.
    """

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._is_starting = False
        self.was_stopped = False

    async def run(self, *arguments: str, progress: Progress) -> CommandResult:
        """Run a command to its end.

        Args:
            progress: is called with the number of finished steps, and of all steps.

        Raises:
            OSError: the process could not be started.
        """
        self.was_stopped = False
        self._is_starting = True
        try:
            process = self._process = await start_child(
                library_command(*arguments, reports_to_window=True),
                stdin=asyncio.subprocess.PIPE
                if sys.platform == "win32"
                else asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                limit=_MAX_LINE_BYTES,
            )
        finally:
            self._is_starting = False
        if self.was_stopped:
            _interrupt(process)
        try:
            output, (messages, error) = await asyncio.gather(
                _read_output(process), _read_messages(process, progress)
            )
            code = await process.wait()
        finally:
            self._process = None
            if process.returncode is None:  # this task was canceled
                _interrupt(process)
                await process.wait()
        return CommandResult(code, output, messages, error)

    def stop(self) -> None:
        """Stop the command as Ctrl+C does; its finished steps stay."""
        if self._is_starting:
            self.was_stopped = True
        elif self._process is not None and self._process.returncode is None:
            self.was_stopped = True
            _interrupt(self._process)


def _interrupt(process: asyncio.subprocess.Process) -> None:
    """Interrupt a command as Ctrl+C does; Windows sends no signals: see `interrupt_at_input`."""
    if sys.platform == "win32":
        assert process.stdin is not None
        process.stdin.write(b"\x03")
    else:
        process.send_signal(signal.SIGINT)


async def _read_output(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    return (await process.stdout.read()).decode("utf-8", "replace")


async def _read_messages(
    process: asyncio.subprocess.Process, progress: Progress
) -> tuple[str, ErrorNote | None]:
    """Report progress from standard error; return the sentences, and the last error or None."""
    assert process.stderr is not None
    messages, error = [], None
    while line := await process.stderr.readline():
        step = _STEP_LINE.fullmatch(line)
        if step:
            progress(int(step[1]), int(step[2]))
        elif reported := reported_error(line):
            error = reported
        else:
            messages.append(line.decode("utf-8", "replace").strip().removeprefix(_PROGRAM_PREFIX))
    return " ".join(messages), error


def reported_error(line: bytes) -> ErrorNote | None:
    """Return the error in a line of JSON, None for other lines, such as a library's message."""
    if not line.startswith(b"{"):
        return None
    try:
        return error_from_json(json.loads(line))
    except (LookupError, TypeError, ValueError):
        return None
