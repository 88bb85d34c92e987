"""What differs between Linux and Windows: locks, owners, flags, signals, ends of children.

Linux's half is fcntl: a library of locks would lose the locks on folders (portalocker) or the
shared ones (filelock). Windows's half is pywin32, which mcp and keyring need there as well.
"""

from __future__ import annotations

import os
import signal
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

if sys.platform != "win32":
    import fcntl

    OPEN_FLAGS: Final = os.O_CLOEXEC
    """For every `os.open`: no child inherits the descriptor, and bytes stay what they are."""
    READ_FLAGS: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
    """To open a file that may be a named pipe, without waiting for its writer."""
    OWN_FILE_FLAGS: Final = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    """To write a file of our own, in whose place somebody may have put a link or a named pipe."""
    NO_LINK: Final = os.O_NOFOLLOW
    """With flags to open a file in whose place somebody may have put a link."""
    END_SIGNALS: Final = (signal.SIGTERM, signal.SIGHUP)
    """What ends a program, besides Ctrl+C."""
    _FICLONE: Final = 0x40049409  # linux/fs.h

    def lock(descriptor: int, *, is_shared: bool = False, waits: bool = True) -> None:
        """Lock a file, or change its lock. Raises BlockingIOError instead of waiting."""
        operation = fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX
        fcntl.flock(descriptor, operation if waits else operation | fcntl.LOCK_NB)

    def open_folder_lock(folder: Path) -> int:
        return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)

    def are_bytes_locked(descriptor: int, start: int, count: int) -> bool:
        """Return True if another process has locked these bytes of a file."""
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, count, start)
        except BlockingIOError:
            return True
        return False

    def path_of_address(address: str) -> str:
        """Return the path of a file: address, whose name may be no UTF-8.

        Raises:
            ValueError, OSError: the address is invalid.
        """
        from urllib.parse import unquote_to_bytes, urlsplit

        return os.fsdecode(unquote_to_bytes(urlsplit(address).path))

    def clone(source: Path, target: Path) -> bool:
        """Let a file share the blocks of another (Btrfs, XFS); return False if it cannot."""
        with source.open("rb") as file, target.open("r+b") as copy:
            try:
                fcntl.ioctl(copy.fileno(), _FICLONE, file.fileno())
            except OSError:
                return False
        return True

    def is_own(status: os.stat_result) -> bool:
        """Return True if a file belongs to this user."""
        return status.st_uid == os.geteuid()

    def share(path: Path, folder: os.stat_result) -> None:
        """Let those read and write a new file or folder who can write in `folder`."""
        bits = 0o070 * bool(folder.st_mode & 0o020) | 0o007 * bool(folder.st_mode & 0o002)
        if not bits:
            return
        descriptor = os.open(path, READ_FLAGS | NO_LINK)
        try:
            is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
            mode = folder.st_mode & stat.S_ISGID | 0o700 | bits if is_folder else 0o600 | bits
            with suppress(PermissionError):  # not of that group, or a file system without groups
                os.fchown(descriptor, -1, folder.st_gid)
                os.fchmod(descriptor, mode if is_folder else mode & 0o666)
        finally:
            os.close(descriptor)

    def sync(path: Path) -> None:
        """Sync a file's content, or a folder's entries, to disk."""
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

else:
    import msvcrt

    OPEN_FLAGS: Final = os.O_NOINHERIT | os.O_BINARY
    READ_FLAGS: Final = os.O_RDONLY | OPEN_FLAGS
    OWN_FILE_FLAGS: Final = os.O_RDWR | OPEN_FLAGS
    NO_LINK: Final = 0
    END_SIGNALS: Final = ()
    # Beyond the end of every file: a lock on bytes keeps other processes from reading them.
    _LOCKED_BYTE: Final = 0x7FFFFFFF
    _QUERY_LIMITED: Final = 0x1000  # winnt.h
    _jobs: Final[list[Any]] = []
    """Handles of the jobs, which end with this process, and with them the processes in the jobs."""

    def lock(descriptor: int, *, is_shared: bool = False, waits: bool = True) -> None:
        import pywintypes
        import win32file

        handle = msvcrt.get_osfhandle(descriptor)
        place = _overlapped(_LOCKED_BYTE)
        with suppress(pywintypes.error):  # it was not locked
            win32file.UnlockFileEx(handle, 1, 0, place)
        _lock_bytes(handle, place, 1, is_shared=is_shared, waits=waits)

    def open_folder_lock(folder: Path) -> int:
        # A folder itself cannot be opened.
        return os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | OPEN_FLAGS)

    def are_bytes_locked(descriptor: int, start: int, count: int) -> bool:
        try:
            handle = msvcrt.get_osfhandle(descriptor)
            _lock_bytes(handle, _overlapped(start), count, is_shared=False, waits=False)
        except BlockingIOError:
            return True
        return False

    def path_of_address(address: str) -> str:
        from urllib.request import url2pathname

        return url2pathname(address.partition(":")[2])

    def clone(_source: Path, _target: Path) -> bool:
        return False

    def is_own(_status: os.stat_result) -> bool:
        return True  # only the user can write to the folders of a profile

    def share(_path: Path, _folder: os.stat_result) -> None:
        """Do nothing: a new file has the permissions of its folder."""

    def sync(path: Path) -> None:
        if path.is_dir():
            return  # NTFS needs no syncing of folders
        descriptor = os.open(path, os.O_RDWR | OPEN_FLAGS)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def enter_job(memory_bytes: int = 0) -> None:
        """End all processes that this one starts when it ends; limit the memory of each."""
        import win32api
        import win32job

        job = _new_job(memory_bytes)
        win32job.AssignProcessToJobObject(job, win32api.GetCurrentProcess())

    def end_with_this_process(pid: int) -> None:
        """End a child when this process ends, even if it is killed."""
        import pywintypes
        import win32api
        import win32con
        import win32job

        if not _jobs:
            _new_job()
        access = win32con.PROCESS_SET_QUOTA | win32con.PROCESS_TERMINATE
        with suppress(pywintypes.error):  # it has ended
            child = win32api.OpenProcess(access, False, pid)
            win32job.AssignProcessToJobObject(_jobs[0], child)

    def start_of_process(pid: int) -> str | None:
        """Return when a process was started; None if it does not run."""
        import pywintypes
        import win32api
        import win32con
        import win32process

        try:
            process = win32api.OpenProcess(_QUERY_LIMITED, False, pid)
            if win32process.GetExitCodeProcess(process) != win32con.STILL_ACTIVE:
                return None
            return str(win32process.GetProcessTimes(process)["CreationTime"])
        except pywintypes.error:  # there is none, or it is another user's
            return None

    def _new_job(memory_bytes: int = 0) -> Any:
        import win32job

        job = win32job.CreateJobObject(None, "")
        kind = win32job.JobObjectExtendedLimitInformation
        limits = win32job.QueryInformationJobObject(job, kind)
        flags = win32job.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
        if memory_bytes:
            flags |= win32job.JOB_OBJECT_LIMIT_PROCESS_MEMORY
            limits["ProcessMemoryLimit"] = memory_bytes
        limits["BasicLimitInformation"]["LimitFlags"] = flags
        win32job.SetInformationJobObject(job, kind, limits)
        _jobs.append(job)
        return job

    def _overlapped(start: int) -> Any:
        import pywintypes

        place = pywintypes.OVERLAPPED()
        place.Offset = start
        return place

    def _lock_bytes(handle: int, place: Any, count: int, *, is_shared: bool, waits: bool) -> None:
        import pywintypes
        import win32con
        import win32file

        flags = 0 if is_shared else win32con.LOCKFILE_EXCLUSIVE_LOCK
        flags |= 0 if waits else win32con.LOCKFILE_FAIL_IMMEDIATELY
        try:
            win32file.LockFileEx(handle, flags, count, 0, place)
        except pywintypes.error as error:
            raise BlockingIOError(str(error)) from error
