"""The storage of a library: a folder here, or on a server in `web_storage.py`.

Each file has one writer, so no storage has to support locks or conditional creation: rclone's
WebDAV server, for example, creates a file twice under “If-None-Match: *”. Everybody who can write
there may replace files by links or anything else, so only regular files below the folder are read
or written.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Final, Protocol, TypeVar

from desktop_app.daemon_thread import run_in_daemon_thread
from desktop_app.domain.errors import SyncError, SyncRefusedError
from desktop_app.foreign_file import RefusedFileError, open_file, read_all
from desktop_app.i18n.translation import N_
from desktop_app.sync.format import DEVICES, HEAD, LIBRARY_FILE
from desktop_app.sync.target import Target, require_usable
from desktop_app.system import OPEN_FLAGS, share, sync

T = TypeVar("T")

MAX_FILE_BYTES: Final = 1 << 28
"""Attachments have at most 200 MB."""
_MAX_LIBRARY_FILE_BYTES: Final = 1 << 16
_MAX_NAMES: Final = 100_000
_FOLDER_TIMEOUT_S: Final = 300.0
"""A stick takes a megabyte a second, and does not say how far it is."""

_NO_ANSWER: Final = N_("it doesn’t answer")
_SEE_FILE: Final = N_("Everything else is synchronized. Look at this file there.")

_silent_folders: Final[dict[str, threading.Event]] = {}
"""Folders that did not answer; the event is set once they do."""


class Storage(Protocol):
    """Files by name, with "/" between the folders. All methods raise SyncError.

    It is a SyncRefusedError if it is about one file only, and a SyncLaterError if the storage asks
    to come back later.
    """

    async def names(self, folder: str) -> list[str]:
        """Return the names directly in a folder; [] if it does not exist."""

    async def read(self, name: str) -> bytes | None:
        """Return the content of a file, None if it does not exist."""

    async def write(self, name: str, content: bytes) -> None:
        """Write a whole file, or replace it."""

    async def remove(self, name: str) -> None:
        """Remove a file, if it exists."""

    async def news(self, own: str) -> object:
        """Return a value that changes when a device other than `own` writes; None if unknown."""

    async def close(self) -> None:
        """Close all connections."""


def open_storage(target: Target) -> Storage:
    """Return the storage at an address. Nothing is opened yet.

    Raises:
        SyncError: the address is of no kind, or unencrypted.
    """
    require_usable(target)
    if target.is_local:
        return FolderStorage(Path(target.address))
    from desktop_app.sync.web_storage import S3Storage, WebDavStorage

    return S3Storage(target) if target.is_s3 else WebDavStorage(target)


def max_bytes(name: str) -> int:
    """Return the size that a file in a storage may have."""
    return _MAX_LIBRARY_FILE_BYTES if name == LIBRARY_FILE else MAX_FILE_BYTES


class FolderStorage:
    """A folder that another program copies to other computers, or a stick."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def names(self, folder: str) -> list[str]:
        def read() -> list[str]:
            try:
                with os.scandir(self._path(f"{folder}/x").parent) as entries:
                    names = [entry.name for entry in islice(entries, _MAX_NAMES)]
            except (FileNotFoundError, NotADirectoryError):
                self._require_folder()
                return []
            return sorted(name for name in names if not name.startswith("."))

        return await self._in_thread(read)

    async def read(self, name: str) -> bytes | None:
        def read() -> bytes | None:
            try:
                with open_file(self._path(name), follows_link=False) as file:
                    is_empty = os.fstat(file.fileno()).st_size == 0  # torn: seen when it is opened
                    return b"" if is_empty else read_all(file, max_bytes(name))
            except (FileNotFoundError, NotADirectoryError):  # a stray file among the folders
                self._require_folder()
                return None
            except RefusedFileError as exc:
                params = {**exc.params, "file": name}
                raise error_kind(name)(exc.message, hint=_SEE_FILE, params=params) from exc
            except OSError as exc:
                self._require_folder()
                raise file_error(name, exc.strerror or str(exc)) from exc

        return await self._in_thread(read)

    async def write(self, name: str, content: bytes) -> None:
        def write() -> None:
            self._require_folder()
            path, whole = self._path(name), self._folder.stat()
            for folder in [*reversed(path.relative_to(self._folder).parents)][1:]:
                with suppress(FileExistsError):
                    (self._folder / folder).mkdir(mode=0o700)
                    share(self._folder / folder, whole)
            part = path.with_name(f".{path.name}.part")
            part.unlink(missing_ok=True)  # of a run that was killed, or a link of somebody else
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | OPEN_FLAGS  # follow no link
            with os.fdopen(os.open(part, flags, 0o600), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            share(part, whole)
            part.replace(path)
            with suppress(OSError):  # some network file systems cannot sync a folder
                sync(path.parent)

        await self._in_thread(write)

    async def remove(self, name: str) -> None:
        await self._in_thread(lambda: self._path(name).unlink(missing_ok=True))

    async def news(self, own: str) -> object:
        def look() -> object:
            with os.scandir(self._path(f"{DEVICES}/x").parent) as entries:
                names = [entry.name for entry in islice(entries, _MAX_NAMES) if entry.name != own]
            # A folder changes with each new segment, a head also where it is written in place.
            return {
                path: (status.st_mtime_ns, status.st_size)
                for name in names
                for path in (f"{DEVICES}/{name}", f"{DEVICES}/{name}/{HEAD}")
                if (status := self._status(path)) is not None
            }

        with suppress(SyncError):
            return await self._in_thread(look)
        return None

    async def close(self) -> None:
        pass

    def _status(self, name: str) -> os.stat_result | None:
        with suppress(OSError):
            return (self._folder / name).lstat()
        return None

    def _path(self, name: str) -> Path:
        """Return the path of a file. Raises OSError if a link leads there."""
        path = self._folder / name
        expected = Path(os.path.realpath(self._folder)) / Path(name).parent
        if Path(os.path.realpath(path.parent)) != expected:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
        return path

    def _require_folder(self) -> None:
        """Raise FileNotFoundError for a stick that was pulled out: it was not emptied."""
        if not self._folder.is_dir():
            raise FileNotFoundError(2, os.strerror(2), str(self._folder))

    async def _in_thread(self, job: Callable[[], T]) -> T:
        """Run a job in a thread that may wait in the system without end, as for a lost server."""
        place = str(self._folder)
        ended = threading.Event()

        def run() -> T:
            try:
                return job()
            finally:
                ended.set()

        if place in _silent_folders and not _silent_folders[place].is_set():
            raise unreachable_error(place, _NO_ANSWER)
        try:
            return await run_in_daemon_thread(run, _FOLDER_TIMEOUT_S, "sync-folder")
        except TimeoutError as exc:
            _silent_folders[place] = ended
            raise unreachable_error(place, _NO_ANSWER) from exc
        except OSError as exc:
            raise unreachable_error(place, exc.strerror or str(exc)) from exc


def unreachable_error(place: str, words: str) -> SyncError:
    """Return the error of a storage that does not answer, or is not there."""
    return SyncError(
        N_("The storage {place} can’t be reached: {words}."),
        hint=N_("Changes are sent as soon as it can be."),
        place=place,
        words=words.rstrip("."),
    )


def file_error(name: str, words: str) -> SyncError:
    """Return the error of a file that cannot be read."""
    return error_kind(name)(
        N_("“{name}” in the storage can’t be read: {words}."),
        hint=_SEE_FILE,
        name=name,
        words=words.rstrip("."),
    )


def error_kind(name: str) -> type[SyncError]:
    """Return the class of an error of a file: without the library's, there is nothing to do."""
    return SyncError if name == LIBRARY_FILE else SyncRefusedError
