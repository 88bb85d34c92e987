"""A named pipe that records if it was opened for reading.

A plain pipe would block its reader forever. So a shell waits to write a single letter into it. The
first reader gets the letter and continues.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import Self


class PipeTrap:
    """A trap with a path so short that the window never elides it.

    Attributes:
        path: the path of the pipe.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="p", dir="/tmp")
        self.path = Path(self._folder.name) / "p"

    def __enter__(self) -> Self:
        os.mkfifo(self.path)
        self._set()
        return self

    def __exit__(self, *_: object) -> None:
        self._shell.kill()
        self._shell.wait()
        self._folder.cleanup()

    def was_opened(self) -> bool:
        """Return True if the pipe was opened since the last call."""
        reader = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        self._shell.wait()
        is_first = os.read(reader, 1) == b"x"
        os.close(reader)
        self._set()
        return not is_first

    def _set(self) -> None:
        self._shell = subprocess.Popen(["/bin/sh", "-c", 'printf x > "$0"', str(self.path)])
