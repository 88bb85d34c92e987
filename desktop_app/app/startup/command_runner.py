"""Runs a command of this program as a child process.

Parsing an export or packing a backup takes long. A process does not block the window and can be
stopped, as a command in a terminal can.
"""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import Callable
from typing import NamedTuple

from desktop_app.child_processes import library_command, start_child

Progress = Callable[[int, int], None]
_STEP = re.compile(rb"(\d+) (\d+)\s*")
_LONGEST_LINE = 1 << 20
# Lines of standard error begin with the program's name.
_PREFIX = "repartee: "


class CommandResult(NamedTuple):
    """The result of a command: exit code, standard output, sentences of standard error."""

    code: int
    output: str
    messages: str


class CommandRunner:
    """Runs commands of this program, one at a time.

    Attributes:
        was_stopped: True if `stop` ended the last command.
    """

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self.was_stopped = False

    async def run(self, *arguments: str, progress: Progress) -> CommandResult:
        """Run a command to its end.

        Args:
            progress: is called with the number of finished steps, and of all steps.
        """
        self.was_stopped = False
        process = self._process = await start_child(
            library_command(*arguments),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=_LONGEST_LINE,
        )
        try:
            output, messages = await asyncio.gather(
                _read_output(process), _read_messages(process, progress)
            )
            code = await process.wait()
        finally:
            self._process = None
            if process.returncode is None:  # this task was canceled
                process.send_signal(signal.SIGINT)
        return CommandResult(code, output, messages)

    def stop(self) -> None:
        """Stop the command as Ctrl+C does; its finished steps stay."""
        if self._process is not None and self._process.returncode is None:
            self.was_stopped = True
            self._process.send_signal(signal.SIGINT)


async def _read_output(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    return (await process.stdout.read()).decode("utf-8", "replace")


async def _read_messages(process: asyncio.subprocess.Process, progress: Progress) -> str:
    assert process.stderr is not None
    messages = []
    while line := await process.stderr.readline():
        step = _STEP.fullmatch(line)
        if step:
            progress(int(step[1]), int(step[2]))
        else:
            messages.append(line.decode("utf-8", "replace").strip().removeprefix(_PREFIX))
    return " ".join(messages)
