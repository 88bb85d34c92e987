"""Files that a command or the window writes for the user: whole, or not at all."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from desktop_app.domain import hints
from desktop_app.domain.errors import StorageError
from desktop_app.domain.system_error import system_words
from desktop_app.i18n.translation import N_, tr
from desktop_app.paths import folders
from desktop_app.storage.private_files import create_private
from desktop_app.storage.temporary_files import TemporaryFolder, removed_at_end
from desktop_app.system import OPEN_FLAGS, is_own

STANDARD_OUTPUT = "-"
_LEAST_ROOM = 16 << 20  # an arbitrary number
_MAX_LINKS = 40  # as the kernel follows


@contextmanager
def partial_file(target: Path) -> Iterator[Path]:
    """Yield a private file, whose content `target` gets when it is complete.

    Only a new name is given by renaming. The content is written into a target that exists, which so
    keeps its links and owner, and becomes private; a pipe or device is yielded itself. "-" and the
    paths of open files, such as /dev/stdout, are written where they stand: `>> log` appends.

    Raises:
        OSError: the file cannot be written, its folder does not exist, or `target` is another
            user's link, which in a shared folder could have any file overwritten.
    """
    descriptor = _inherited_descriptor(target)
    if descriptor is not None:
        with ExitStack() as stack:
            try:
                file = _scratch_file(stack)
            except OSError:  # of a full disk, the output may be the rescue
                file = _file_in_memory(stack)
            yield file
            with file.open("rb") as source, os.fdopen(os.dup(descriptor), "wb") as output:
                shutil.copyfileobj(source, output)
        return
    if target.is_symlink() and not (target.lstat().st_uid == 0 or is_own(target.lstat())):
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(target))
    target = Path(os.path.realpath(target))  # `resolve` fails on a link to itself
    if target.exists() and not target.is_file() and not target.is_dir():
        yield target
        return
    if not target.parent.exists():  # a mistyped folder is not created
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(target.parent))
    file = target.with_name(f".repartee-{os.urandom(8).hex()}.part")
    with removed_at_end(file, folders().temporary):
        create_private(file)
        yield file
        if os.path.lexists(target):
            _overwrite(target, file)
        else:
            file.replace(target)


def _scratch_file(stack: ExitStack) -> Path:
    """Return an empty file for which the disk has some room. Raises OSError."""
    file = stack.enter_context(TemporaryFolder(folders().temporary)).path / "output"
    create_private(file)
    if hasattr(os, "posix_fallocate"):
        with file.open("wb") as stream:
            os.posix_fallocate(stream.fileno(), 0, _LEAST_ROOM)
            stream.truncate()
    return file


def _file_in_memory(stack: ExitStack) -> Path:
    """Return an empty file that needs no disk. Raises OSError."""
    if not hasattr(os, "memfd_create"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    descriptor = os.memfd_create("output")
    stack.callback(os.close, descriptor)
    return Path(f"/proc/{os.getpid()}/fd/{descriptor}")


def _inherited_descriptor(target: Path) -> int | None:
    """Return the open file that a path stands for, such as 1 for /dev/stdout; None for another.

    Raises:
        OSError: the program's caller has not opened it.
    """
    descriptor = 1 if str(target) == STANDARD_OUTPUT else None
    own_folder = f"/proc/{os.getpid()}/fd"
    for _ in range(_MAX_LINKS):
        if descriptor is None and os.path.realpath(target.parent) == own_folder:
            descriptor = int(target.name) if target.name.isdecimal() else None
        if descriptor is not None or not target.is_symlink():
            break
        target = target.parent / target.readlink()
    # What this process has opened itself, such as its database, is not inheritable.
    if descriptor is not None and not os.get_inheritable(descriptor):
        raise OSError(errno.EBADF, os.strerror(errno.EBADF), str(target))
    return descriptor


def _overwrite(target: Path, file: Path) -> None:
    """Replace the content of an existing file; a disk that is too full leaves it unchanged."""
    size = file.stat().st_size
    descriptor = os.open(target, os.O_WRONLY | OPEN_FLAGS)
    with file.open("rb") as source, os.fdopen(descriptor, "wb") as output:
        old_size = os.fstat(descriptor).st_size
        if hasattr(os, "fchmod") and is_own(os.fstat(descriptor)):
            os.fchmod(descriptor, 0o600)
        try:
            if size > old_size and hasattr(os, "posix_fallocate"):
                os.posix_fallocate(descriptor, old_size, size - old_size)
        except OSError as error:
            output.truncate(old_size)
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise
        shutil.copyfileobj(source, output)
        output.truncate()


def unwritable_error(target: Path, exc: OSError) -> StorageError:
    """Return the error for a file that could not be written."""
    is_stdout = str(target) == STANDARD_OUTPUT
    return StorageError(
        N_("Couldn’t save {file}: {words}."),
        hint=hints.CHOOSE_LOCATION,
        file=tr("standard output") if is_stdout else str(target),
        words=system_words(exc),
    )
