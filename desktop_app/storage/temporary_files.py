"""Temporary files, removed when their process ends or, if it was killed, at the next start.

They are in folders below `Folders.temporary`, each locked by its process. The kernel releases the
lock when the process ends, so that the next start recognizes abandoned folders. A file that
must be elsewhere, such as beside the file that it will replace, is registered by a file with its
path. A symbolic link could be made by few users of Windows.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final

from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.storage.private_files import create_private_folder
from desktop_app.storage.storage_errors import translate_errors
from desktop_app.storage.store_lock import remove_abandoned_scratch
from desktop_app.storage.upgrade_copy import remove_expired_copies
from desktop_app.system import lock, open_folder_lock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from desktop_app.paths import Folders

_REGISTERED: Final = ".registered"
_PARTIAL_NAME: Final = lazy_pattern(r"\.repartee-[0-9a-f]{16}(?:\.part)?")
"""The names of registered files and folders. No other was registered by the program.

The user may have got the folder from somebody else, with REPARTEE_HOME.
"""


class TemporaryFolder:
    """A folder for temporary files, which is removed at the end of the context.

    Attributes:
        path: the path of the folder.
    """

    def __init__(self, parent: Path) -> None:
        """Create the folder below `parent`.

        Raises:
            OSError: the disk is full or fails.
        """
        create_private_folder(parent)
        self.path = parent / os.urandom(8).hex()
        with _folder_lock(parent, is_shared=True):  # no cleanup may run before the folder is locked
            self.path.mkdir(mode=0o700)
            self._descriptor = open_folder_lock(self.path)
            lock(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def register(self, path: Path) -> None:
        """Register a file or folder elsewhere, to be removed together with this folder.

        Its name has to match `_PARTIAL_NAME`.
        """
        entry = self.path / f"{os.urandom(8).hex()}{_REGISTERED}"
        entry.write_bytes(os.fsencode(path.absolute()))

    def close(self) -> None:
        """Remove the folder, after everything that was registered in it."""
        os.close(self._descriptor)
        _remove_folder(self.path)


class TemporaryCopies:
    """Read-only copies for other programs, in a temporary folder that the first copy creates."""

    def __init__(self, parent: Path) -> None:
        self._parent = parent
        self._folder: TemporaryFolder | None = None
        self._lock = Lock()

    def make(self, original: Path | bytes, sha256: str, name: str) -> Path:
        """Return the copy called `name` of the file with this hash. Blocks: call it in a thread.

        Raises:
            StorageError: the disk is full or fails; no part of the copy remains.
        """
        with self._lock, translate_errors(str(self._parent)):
            if self._folder is None:
                self._folder = TemporaryFolder(self._parent)
            folder = self._folder.path / sha256[:16]
            folder.mkdir(exist_ok=True)
            copy = folder / name
            if not copy.exists():
                _write_copy(original, copy)
            return copy

    def close(self) -> None:
        """Remove the copies."""
        if self._folder is not None:
            self._folder.close()


def _write_copy(original: Path | bytes, copy: Path) -> None:
    """Write a read-only copy under another name, and rename it once it is complete."""
    import shutil

    partial_copy = copy.with_name(os.urandom(8).hex())
    try:
        if isinstance(original, bytes):
            partial_copy.write_bytes(original)
        else:
            shutil.copyfile(original, partial_copy)
        partial_copy.chmod(0o400)
        partial_copy.replace(copy)
    except OSError:
        partial_copy.unlink(missing_ok=True)
        raise


@contextmanager
def removed_at_end(path: Path, parent: Path) -> Iterator[None]:
    """Remove a file or folder at the context's end.

    If this process is killed, the next start removes it, unless a full disk prevented its
    registration.

    Args:
        path: the file or folder, named as `register` needs it; it may be missing at the end.
        parent: `Folders.temporary`.
    """
    folder = None
    with suppress(OSError):
        folder = TemporaryFolder(parent)
        folder.register(path)
    try:
        yield
    finally:
        _remove(path)
        if folder is not None:
            folder.close()


def remove_abandoned(parent: Path) -> None:
    """Remove the temporary folders below `parent` whose processes have ended, if possible."""
    with suppress(OSError), _folder_lock(parent):
        for folder in list(parent.iterdir()):
            with suppress(OSError):
                with _folder_lock(folder, waits=False):
                    pass  # its process has ended
                _remove_folder(folder)


def remove_leftovers(user_folders: Folders) -> None:
    """Remove the files that killed processes left, and expired copies of the store."""
    remove_abandoned(user_folders.temporary)
    remove_abandoned_scratch(user_folders.database)
    remove_expired_copies(user_folders.database)


def remove_all(parent: Path) -> None:
    """Remove every temporary folder below `parent`, even of running processes."""
    with suppress(FileNotFoundError, NotADirectoryError):
        for folder in list(parent.iterdir()):
            _remove_folder(folder)


@contextmanager
def _folder_lock(folder: Path, *, is_shared: bool = False, waits: bool = True) -> Iterator[None]:
    descriptor = open_folder_lock(folder)
    try:
        lock(descriptor, is_shared=is_shared, waits=waits)
        yield
    finally:
        os.close(descriptor)


def _remove_folder(folder: Path) -> None:
    """Remove a temporary folder, after the files and folders that are registered in it."""
    with suppress(OSError, ValueError):
        for entry in folder.glob(f"*{_REGISTERED}"):
            if entry.is_file() and not entry.is_symlink():
                target = Path(os.fsdecode(entry.read_bytes()))
                if _PARTIAL_NAME.fullmatch(target.name):
                    _remove(target)
    _remove(folder)


def _remove(path: Path) -> None:
    """Remove a file or folder if it exists. A link is removed, not followed."""
    import shutil

    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            if sys.platform == "win32":  # which removes no read-only files
                for file in path.rglob("*"):
                    if not file.is_symlink():
                        file.chmod(0o600)
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
