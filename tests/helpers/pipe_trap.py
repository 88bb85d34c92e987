"""A named pipe that tells whether anybody opened it to read.

By itself reading it would block for ever. So a shell stands ready to write a letter into it, once:
whoever opens the pipe first gets on, and gets the letter.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import Self


class PipeTrap:
    """See the module. The path is short, so that no place cuts it.

    Attributes:
        path: of the pipe.
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
        """Return True if anybody opened it since the last time."""
        reader = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        self._shell.wait()
        is_first = os.read(reader, 1) == b"x"
        os.close(reader)
        self._set()
        return not is_first

    def _set(self) -> None:
        self._shell = subprocess.Popen(["/bin/sh", "-c", 'printf x > "$0"', str(self.path)])
