"""What the commands of the library share: how far they have come, the library opened."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from desktop_app.headless.backend import Backend, build_backend


class Steps:
    """Says how far the work has come."""

    def __init__(self, what: str, *, in_lines: bool) -> None:
        self._what = what
        self._in_lines = in_lines
        stream = sys.stderr
        self._on_terminal = stream is not None and stream.isatty() and not in_lines

    def show(self, done: int, total: int) -> None:
        """`done` of `total` are done."""
        if self._in_lines:
            print(f"{done} {total}", file=sys.stderr, flush=True)
        elif self._on_terminal:
            print(f"\r{self._what}: {done:,} of {total:,}\033[K", end="", file=sys.stderr)

    def clear(self) -> None:
        """The work has ended: the line is free again."""
        if self._on_terminal:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def path_of(name: str) -> Path:
    """A path of the command line."""
    return Path(name).expanduser()


@asynccontextmanager
async def opened() -> AsyncIterator[Backend]:
    """The library, opened."""
    backend = build_backend()
    try:
        await backend.open()
        yield backend
    finally:
        await backend.aclose()


def counted(number: int, what: str) -> str:
    """`1 conversation`, `2 conversations`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"
