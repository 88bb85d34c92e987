"""One window per store: the first process holds a lock, later ones call it.

The lock is the kernel's (flock), so that it ends with the process. A call is a frame over a local
socket (window_request.py). Before the lock is taken, only light modules are imported: a
second start takes milliseconds.
"""

from __future__ import annotations

import gc
import os
import time
from pathlib import Path

from desktop_app.app.window_request import RequestError, WindowRequest, encode
from desktop_app.cli.console import write_diagnostic
from desktop_app.domain import hints
from desktop_app.i18n.translation import N_, tr
from desktop_app.paths import Folders, folders
from desktop_app.quick_call import CALL_TIMEOUT_S, call
from desktop_app.system import OPEN_FLAGS, lock

RETRY_S = 0.05  # between calls while the other process is starting, ending or busy


class WindowLock:
    """The right to open a window on a store, held until the process ends."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "window.lock"
        self._descriptor: int | None = None

    def try_acquire(self) -> bool:
        """Try to acquire the lock; return False if another process has it.

        Raises:
            OSError: the folder cannot be written to.
        """
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | OPEN_FLAGS, 0o600)
        try:
            lock(descriptor, waits=False)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True


def open_or_call(request: WindowRequest) -> int:
    """Open the window, or call the open one.

    Returns:
        The exit code of the command.
    """
    user_folders = folders()
    try:
        frame = encode(request)
    except RequestError as error:  # invalid, even for a window of this process
        _use_language(user_folders)
        write_diagnostic(str(error))
        return 1
    window_lock = WindowLock(user_folders.data)
    try:
        if not window_lock.try_acquire():
            exit_code = _call_running_program(user_folders, frame, window_lock)
            if exit_code is not None:
                return exit_code
    except OSError as error:
        return _report_unusable_folder(user_folders, error)
    from desktop_app.backend.display_check import display_problem

    if display_problem(os.environ) is not None:
        _use_language(user_folders)
        # Asked again, for the sentence in the user's language.
        return _report_unusable_display(str(display_problem(os.environ)))
    try:
        gc.disable()  # imports leave no garbage; see startup/gc_policy.py
        from desktop_app.app.application import run
    except ImportError as error:
        if error.path is None or not error.path.endswith(".so"):
            raise
        # A library of the system that Qt links to; Qt's wheels contain only some.
        _use_language(user_folders)
        return _report_unusable_display(
            tr("Couldn’t load Qt: {words}.", words=error.msg), tr(hints.INSTALL_LIBRARY)
        )
    return run(request)


def _report_unusable_display(*sentences: str) -> int:
    """Say why no window can be opened; return the exit code of a failure."""
    advice = tr("“repartee ask” works without a window.")
    write_diagnostic(" ".join((*sentences, advice)))
    return 1


def _report_unusable_folder(user_folders: Folders, cause: OSError) -> int:
    """Say that the data folder cannot be used; return the exit code of a failure.

    A dialog says so, too, if there is a display.
    """
    from desktop_app.backend.display_check import display_problem
    from desktop_app.domain.errors import StoreFullError

    _use_language(user_folders)
    error = StoreFullError(
        N_("Repartee can’t write to its folder {folder}."),
        hint=N_("Make it writable, or set REPARTEE_HOME to another folder."),
        details=str(cause),
        folder=str(user_folders.data),
    )
    if display_problem(os.environ) is not None:
        write_diagnostic(f"{error.sentences} {error.details}")
        return 1
    from desktop_app.app.application import report_failed_start

    return report_failed_start(error)


def _use_language(user_folders: Folders) -> None:
    """Use the user's language, which only the window sets otherwise."""
    from desktop_app.settings.startup_settings import use_stored_language

    use_stored_language(user_folders.database)


def _call_running_program(
    user_folders: Folders, frame: bytes, window_lock: WindowLock
) -> int | None:
    """Call the other process; return the exit code; None if it has ended and the lock is ours."""
    deadline = time.monotonic() + CALL_TIMEOUT_S
    while time.monotonic() < deadline:
        try:
            reply = call(user_folders.socket, frame)
        except (FileNotFoundError, ConnectionError):
            if window_lock.try_acquire():
                return None
            if user_folders.socket.is_dir():
                break
            reply = b""  # the other process is still starting, or ending
        except OSError:
            break  # no reply in time, or no connection
        if reply == b"ok":
            return 0
        if reply == b"refused":  # a window of another version
            break
        time.sleep(RETRY_S)
    _use_language(user_folders)
    message = tr("Repartee is already running but doesn’t respond. Quit it and start it again.")
    if user_folders.socket.is_dir():
        from desktop_app.domain.errors import StorageError

        message = StorageError(
            N_("A folder is in the way of “repartee quick” and later starts."),
            hint=N_("Move the folder {path} elsewhere, then restart Repartee."),
            path=str(user_folders.socket),
        ).sentences
    write_diagnostic(message)
    return 1
