"""One window for one store: the first holds a lock, every later start calls it.

The lock is the kernel's (flock), so it goes with the process however that ends; the call is one
line of JSON over a local socket. Standard library only, so that a second start costs milliseconds.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import sys
import time
from pathlib import Path
from typing import Any

from desktop_app.paths import Folders, folders

CALL_TIMEOUT_S = 10.0
RETRY_S = 0.05


class WindowLock:
    """The right to open a window on a store, held until the process ends."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "window.lock"
        self._file: int | None = None

    def take(self) -> bool:
        """Try to get it; False where another process has it.

        Raises:
            OSError: the folder cannot be written to.
        """
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        self._file = handle
        return True


def open_or_call(request: dict[str, Any]) -> int:
    """Open the window, or have the one that is open do what `request` asks.

    Returns:
        The exit code of the command.
    """
    where = folders()
    lock = WindowLock(where.data)
    try:
        is_first = lock.take()
    except OSError as error:
        return _refuse(where, error)
    if not is_first:
        return _call(where, request)
    from desktop_app.headless.display import why_no_window

    why_not = why_no_window(os.environ)
    if why_not is not None:
        advice = "“repartee ask” answers without a window."
        print(f"repartee: {why_not} {advice}", file=sys.stderr)  # noqa: T201
        return 1
    from desktop_app.app.application import run

    return run(request)


def _refuse(where: Folders, cause: OSError) -> int:
    """Say that the data folder cannot be used: in a dialog where there is a display."""
    from desktop_app.domain.errors import StoreFullError
    from desktop_app.headless.display import why_no_window

    error = StoreFullError(
        f"Repartee cannot write to its folder {where.data}.",
        what_was_kept="What is in it was left as it is.",
        what_to_do="Allow writing there, or name another folder in REPARTEE_HOME.",
        details=str(cause),
    )
    if why_no_window(os.environ) is not None:
        print(f"repartee: {error.sentences} {error.details}", file=sys.stderr)  # noqa: T201
        return 1
    from desktop_app.app.application import say_why_not

    return say_why_not(error)


def _call(where: Folders, request: dict[str, Any]) -> int:
    deadline = time.monotonic() + CALL_TIMEOUT_S
    while time.monotonic() < deadline:
        try:
            call(where.socket, request)
        except (FileNotFoundError, ConnectionError):
            time.sleep(RETRY_S)  # the other process is still starting
        except OSError:
            break  # it does not answer in time, or cannot be spoken to at all
        else:
            return 0
    message = "Repartee is running and does not answer; end it and start again."
    print(f"repartee: {message}", file=sys.stderr)  # noqa: T201
    return 1


def call(path: Path, request: dict[str, Any]) -> None:
    """Send one request to the window that listens at `path`.

    Raises:
        OSError: nobody listens, or nobody answers within 10 s.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(CALL_TIMEOUT_S)
        connection.connect(str(path))
        connection.sendall(json.dumps(request).encode() + b"\n")
        if not connection.recv(16):
            raise ConnectionResetError("the window closed the connection")
