"""Fetches a model's file: resumed after a cut, a kill and a restart, and checked by its hash.

The bytes go into `NAME.gguf.part`, and `NAME.gguf.part.json` says whose bytes they are. Only a
checked file gets its own name. A lock on the part keeps a second process away from it; the system
releases it with the process.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import shutil
import stat
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, TypeVar
from urllib.parse import urlsplit

import msgspec

from desktop_app import system
from desktop_app.domain.bounds import BAD_VALUE
from desktop_app.domain.errors import LocalModelError, NetworkError
from desktop_app.foreign_file import RefusedFileError, open_file, read_all
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_, tr
from desktop_app.local_model.catalog import RESERVE_BYTES, CatalogModel, RemoteFile
from desktop_app.local_model.gguf import MAGIC
from desktop_app.local_model.header_reader import HeaderReader
from desktop_app.providers.ports import DownloadReply, OpenDownload, RangeRefusedError

T = TypeVar("T")
_MAX_BYTES: Final = 16 << 20  # headers of some thousand models


def read_json(path: Path, kind: type[T]) -> T | None:
    """Return the content of a regular file in this form; None if there is none."""
    try:
        with open_file(path) as file:
            return msgspec.json.decode(read_all(file, _MAX_BYTES), type=kind)
    except (OSError, RefusedFileError, msgspec.DecodeError, *BAD_VALUE):
        return None


def write_json(path: Path, value: object) -> None:
    """Write a file, which a kill leaves whole or unchanged. Raises OSError."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(value))
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


PART: Final = ".part"
INFO: Final = ".json"
_WRITE_BYTES: Final = 1 << 20
_CHECK_BYTES: Final = 32 << 20
_ROOM_BYTES: Final = 64 << 20  # other programs write meanwhile: the room is checked so often
_LOCK_S: Final = 0.5
_MAX_FAILURES: Final = 6  # in a row without a single new byte: a minute with the pauses below
_MAX_FIRST_FAILURES: Final = 3  # before the first new byte of this run
_FIRST_PAUSE_S: Final = 1.0
_TRY_AGAIN: Final = N_("Try again: it continues where it stopped.")


class Progress(NamedTuple):
    """How far a download is.

    Attributes:
        total: bytes; None if the host does not say.
        rate: bytes per second since the connection was made; 0 without one.
        is_checking: True while the hash is computed.
    """

    done: int
    total: int | None
    rate: float = 0.0
    is_checking: bool = False

    @property
    def seconds_left(self) -> float | None:
        """Return the time that the rest takes at this speed; None if unknown."""
        if self.total is None or not self.rate:
            return None
        return (self.total - self.done) / self.rate


def progress_text(progress: Progress) -> str:
    """Say how much has come, at which speed, and how long the rest takes."""
    done = formatting.size(progress.done)
    if progress.total is None:
        text = done
    else:
        text = tr("{done} of {total}", done=done, total=formatting.size(progress.total))
    if progress.is_checking:
        return tr("Checking: {progress}", progress=text)
    parts = [text]
    if progress.rate:
        parts.append(tr("{size} per second", size=formatting.size(round(progress.rate))))
    if progress.seconds_left:
        left = formatting.duration(progress.seconds_left, digits=0)
        parts.append(tr("{duration} left", duration=left))
    return ", ".join(parts)


class Info(msgspec.Struct, frozen=True):
    """The record of a fetched file, or of a part.

    Attributes:
        sha256: of the whole file; "" for a part without a known hash.
        is_known: True if that hash was known before the file was fetched.
        model: the catalog's id; "" for any other address.
        projector: the name of the second file of a model that sees images.
    """

    url: str
    sha256: str = ""
    is_known: bool = False
    total: int | None = None
    validator: str = ""
    model: str = ""
    projector: str = ""
    fetched_at: datetime | None = None


def read_info(path: Path) -> Info | None:
    """Return the record beside a file or a part; None if there is none."""
    return read_json(Path(f"{path}{INFO}"), Info)


def write_info(path: Path, info: Info) -> None:
    """Write the record beside a file. Raises OSError."""
    write_json(Path(f"{path}{INFO}"), info)


def path_of(remote: RemoteFile, folder: Path) -> Path:
    """Return where a model's file is, once it has been fetched into the folder of all models."""
    if isinstance(remote, CatalogModel) and remote.parts:
        folder /= remote.id
    return folder / remote.name


async def fetch_model(
    remote: RemoteFile,
    folder: Path,
    open_reply: OpenDownload,
    report: Callable[[Progress], None],
    *,
    takes_any_size: bool = False,
    pause_s: float = _FIRST_PAUSE_S,
) -> Path:
    """Fetch all files of a model, of which some may be there. Return the model's file.

    Canceling keeps what has come.

    Args:
        takes_any_size: fetch a file whose size its host does not say, as long as there is room.

    Raises:
        NetworkError: the host cannot be reached, or no byte comes from it.
        LocalModelError: the disk is too full, the host refuses, it has another file, or a file of
            this name is from elsewhere.
    """
    target = path_of(remote, folder)
    folder = target.parent
    files = remote.files if isinstance(remote, CatalogModel) else (remote,)
    await asyncio.to_thread(_prepare_folder, folder, files)
    earlier = 0
    total = sum(file.size for file in files) or None
    for file in files:

        def report_all(progress: Progress, earlier: int = earlier) -> None:
            whole = progress.total if len(files) == 1 else total
            report(progress._replace(done=earlier + progress.done, total=whole))

        if not await asyncio.to_thread(_is_there, file, folder):
            fetch = _FileFetch(
                *(file, folder, open_reply, report_all, pause_s), takes_any_size=takes_any_size
            )
            await fetch.run(_info_of(remote, file))
        earlier += file.size
    return target


def _is_there(file: RemoteFile, folder: Path) -> bool:
    """Return True if the file has been fetched. Raises LocalModelError if it is another's."""
    path = folder / file.name
    if not path.exists():
        return False
    info = read_info(path)
    hint = N_("To download the other file, remove this one first.")
    if info is None:
        raise LocalModelError(
            N_("{file} is there already, but Repartee didn’t download it."),
            hint=hint,
            file=str(path),
        )
    if info.url != file.url and not (file.sha256 and info.sha256 == file.sha256):
        raise LocalModelError(
            N_("{file} is there already, from another address: {url}."),
            hint=hint,
            file=str(path),
            url=info.url,
        )
    return True


def _info_of(remote: RemoteFile, file: RemoteFile) -> Info:
    is_model = isinstance(remote, CatalogModel) and file is remote
    second = remote.projector if isinstance(remote, CatalogModel) and is_model else None
    return Info(
        file.url,
        file.sha256,
        is_known=bool(file.sha256),
        model=remote.id if isinstance(remote, CatalogModel) else "",
        projector="" if second is None else second.name,
    )


def _prepare_folder(folder: Path, files: tuple[RemoteFile, ...]) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        missing = [file for file in files if not (folder / file.name).exists()]
        parts = [folder / f"{file.name}{PART}" for file in missing]
        come = sum(part.stat().st_size for part in parts if part.exists())
        _require_space(folder, sum(file.size for file in missing) - come)
    except OSError as exc:
        raise _disk_error(exc, folder) from exc


def _require_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > 0 and needed + RESERVE_BYTES > free:
        raise LocalModelError(
            N_("The disk is too full: {needed} are needed, {free} are free."),
            hint=N_("Free up space, then try again."),
            needed=formatting.size(needed + RESERVE_BYTES),
            free=formatting.size(free),
        )


def _disk_error(exc: OSError, path: Path) -> LocalModelError:
    if exc.errno in (errno.ENOSPC, errno.EDQUOT):
        message, hint = N_("The disk is full."), N_("Free up space, then try again.")
    else:
        message, hint = N_("Couldn’t write {file}."), N_("Check the folder’s permissions.")
    return LocalModelError(message, hint=hint, details=str(exc), file=str(path))


class _FileFetch:
    def __init__(
        self,
        remote: RemoteFile,
        folder: Path,
        open_reply: OpenDownload,
        report: Callable[[Progress], None],
        pause_s: float,
        *,
        takes_any_size: bool,
    ) -> None:
        self._takes_any_size = takes_any_size
        self._unchecked_bytes = 0  # that were written since the room was checked
        self._remote = remote
        self._is_gguf = remote.name.endswith(".gguf")
        self._target = folder / remote.name
        self._part = folder / f"{remote.name}{PART}"
        self._open_reply = open_local if urlsplit(remote.url).scheme == "file" else open_reply
        self._report = report
        self._pause_s = pause_s
        self._info = Info(remote.url)
        self._done = 0
        self._total = remote.size or None
        self._connected_at = 0.0
        self._done_before = 0  # that came by earlier connections

    async def run(self, info: Info) -> None:
        """Fetch what is missing, check the file, and give it its name."""
        try:
            file = await asyncio.to_thread(self._open_part, info)
            try:
                await self._receive_all(file)
                await self._check(file)
                await asyncio.to_thread(self._finish, file)
            finally:
                file.close()
        except OSError as exc:
            raise _disk_error(exc, self._part) from exc

    def _open_part(self, info: Info) -> BinaryIO:
        """Open and lock the part; empty it if its bytes are those of another address."""
        file = _open_own(self._part)
        try:
            _lock_part(file, self._target.name)
        except BaseException:
            file.close()
            raise
        before = read_info(self._part)
        if before is None or before.url != info.url:
            file.truncate(0)
            before = None
        self._info = msgspec.structs.replace(
            info,
            total=before.total if before else None,
            validator=before.validator if before else "",
        )
        self._total = self._total or self._info.total
        write_info(self._part, self._info)
        self._done = os.fstat(file.fileno()).st_size
        return file

    async def _receive_all(self, file: BinaryIO) -> None:
        """Request the rest again and again, as long as new bytes come."""
        failures = 0
        most = _MAX_FIRST_FAILURES
        while self._total is None or self._done != self._total:
            before = self._done
            failure: NetworkError | None = None
            try:
                await self._receive(file)
                if self._total is None:  # the host did not say; it has sent all
                    return
            except RangeRefusedError:
                await self._restart(file)
            except NetworkError as error:
                failure = error
            if self._done > before:
                failures, most = 0, _MAX_FAILURES
            if failure is None and self._done == self._total:
                return
            failures += 1
            if failures >= most:
                raise failure or NetworkError(
                    N_("{host} doesn’t send the whole file."),
                    hint=_TRY_AGAIN,
                    host=self._remote.host,
                )
            self._report(Progress(self._done, self._total))
            await asyncio.sleep(self._pause_s * 2 ** (failures - 1))

    async def _receive(self, file: BinaryIO) -> None:
        """Request the rest once and write it. Raises NetworkError if it is cut."""
        if self._total is not None and self._done > self._total:
            await self._restart(file)
        validator = self._info.validator
        async with self._open_reply(self._remote.url, self._done, validator) as reply:
            is_other_version = bool(validator) and reply.validator != validator
            if reply.offset and (reply.offset != self._done or is_other_version):
                raise RangeRefusedError
            if self._done and not reply.offset:
                await self._restart(file)
            await self._accept(reply, file)
            self._connected_at, self._done_before = time.monotonic(), self._done
            await self._write_all(file, reply.chunks)

    async def _write_all(self, file: BinaryIO, chunks: AsyncIterator[bytes]) -> None:
        pending = bytearray()
        try:
            async for chunk in chunks:
                pending += chunk
                if len(pending) >= _WRITE_BYTES:
                    await self._write(file, pending)
        except NetworkError:
            if pending:  # what came before the cut
                await self._write(file, pending)
            raise
        if pending:
            await self._write(file, pending)

    async def _accept(self, reply: DownloadReply, file: BinaryIO) -> None:
        """Record the version and size that the host states. Raises LocalModelError."""
        expected = self._remote.size
        if expected and reply.total is not None and reply.total != expected:
            raise LocalModelError(
                N_("{host} offers another file: {size} instead of {expected}."),
                hint=N_("Choose another model, or update Repartee."),
                host=self._remote.host,
                size=formatting.size(reply.total),
                expected=formatting.size(expected),
            )
        self._total = expected or reply.total
        self._info = msgspec.structs.replace(
            self._info, total=self._total, validator=reply.validator
        )
        await asyncio.to_thread(write_info, self._part, self._info)
        if self._total is None and not self._takes_any_size:
            if not self._done:
                await asyncio.to_thread(self._remove, file)
            raise LocalModelError(
                N_("{host} doesn’t say how large the file is."),
                hint=N_("“repartee models get --any-size URL” downloads it anyway."),
                host=self._remote.host,
            )
        await self._require_room(file)

    async def _require_room(self, file: BinaryIO) -> None:
        """Raise LocalModelError if the disk is too full; remove a part of unknown size."""
        self._unchecked_bytes = 0
        needed = _ROOM_BYTES if self._total is None else self._total - self._done
        try:
            await asyncio.to_thread(_require_space, self._part.parent, needed)
        except LocalModelError:
            if self._total is None:  # nobody knows how much room it needs
                await asyncio.to_thread(self._remove, file)
            raise

    async def _write(self, file: BinaryIO, pending: bytearray) -> None:
        """Append bytes. Raises LocalModelError if they cannot be those of a model."""
        # A host may cut the connection after one byte.
        is_wrong = self._is_gguf and not MAGIC.startswith(pending[: len(MAGIC)])
        if self._done == 0 and is_wrong:
            await self._restart(file)
            raise LocalModelError(
                N_("{host} didn’t send a GGUF model file."),
                hint=N_("Check the URL, or sign in to the network first."),
                host=self._remote.host or self._target.name,
            )
        if self._total is not None and self._done + len(pending) > self._total:
            pending.clear()
            raise RangeRefusedError

        def append() -> None:
            file.write(pending)
            file.flush()

        await asyncio.to_thread(append)
        self._done += len(pending)
        self._unchecked_bytes += len(pending)
        pending.clear()
        if self._unchecked_bytes >= _ROOM_BYTES:
            await self._require_room(file)
        elapsed_s = time.monotonic() - self._connected_at
        rate = (self._done - self._done_before) / max(elapsed_s, 0.001)
        self._report(Progress(self._done, self._total, rate))

    async def _restart(self, file: BinaryIO) -> None:
        """Begin at the first byte again, because the bytes so far are of no use."""
        await asyncio.to_thread(file.truncate, 0)
        self._done = 0
        self._total = self._remote.size or None
        self._info = msgspec.structs.replace(self._info, validator="", total=None)

    async def _check(self, file: BinaryIO) -> None:
        """Compute the hash and read the header. Raises LocalModelError and removes a wrong file."""
        digest = hashlib.sha256()
        position = 0
        file.seek(0)
        while block := await asyncio.to_thread(file.read, _CHECK_BYTES):
            await asyncio.to_thread(digest.update, block)
            position += len(block)
            self._report(Progress(position, self._done, is_checking=True))
        sha256 = digest.hexdigest()
        if self._remote.sha256 and sha256 != self._remote.sha256:
            await asyncio.to_thread(self._remove, file)
            raise LocalModelError(
                N_("{file} isn’t the expected file: its SHA-256 differs. It was removed."),
                hint=N_("Try again, or choose another model."),
                details=f"{sha256}\nexpected {self._remote.sha256}",
                file=self._target.name,
            )
        try:
            if self._is_gguf:
                await asyncio.to_thread(self._read_header, file)
        except LocalModelError:
            await asyncio.to_thread(self._remove, file)
            raise
        self._info = msgspec.structs.replace(
            self._info, sha256=sha256, total=position, fetched_at=datetime.now(UTC)
        )

    def _read_header(self, file: BinaryIO) -> None:
        with HeaderReader() as reader:
            reader.read_open(file, self._part)

    def _remove(self, file: BinaryIO) -> None:
        file.close()  # Windows removes no open file
        remove_part(self._part)

    def _finish(self, file: BinaryIO) -> None:
        """Give the file its name. A kill leaves either the part or the file.

        Raises:
            LocalModelError: the part at this path is not the file that was checked.
        """
        os.fsync(file.fileno())
        if not _is_at(file, self._part):
            raise LocalModelError(
                N_("Another program replaced {file} during the download."),
                hint=_TRY_AGAIN,
                file=str(self._part),
            )
        file.close()  # Windows renames no open file
        write_info(self._target, self._info)
        self._part.replace(self._target)
        Path(f"{self._part}{INFO}").unlink(missing_ok=True)


def remove_part(part: Path) -> None:
    part.unlink(missing_ok=True)
    Path(f"{part}{INFO}").unlink(missing_ok=True)


def is_busy(part: Path) -> bool:
    """Return True if a process is fetching this part."""
    try:
        with open_file(part) as file:
            system.lock(file.fileno(), waits=False)
    except BlockingIOError:
        return True
    except (OSError, RefusedFileError):
        return False
    return False


def _open_own(part: Path) -> BinaryIO:
    """Open a part; create it if needed. Raises OSError, LocalModelError for anything but a file."""
    refused = LocalModelError(
        N_("{file} isn’t a regular file."), hint=N_("Remove it, then try again."), file=str(part)
    )
    try:
        descriptor = os.open(part, system.OWN_FILE_FLAGS | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError as exc:
        if part.is_symlink() or (part.exists() and not part.is_file()):
            raise refused from exc
        raise
    status = os.fstat(descriptor)
    # A hard link is another file's content, too.
    if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1 or part.is_symlink():
        os.close(descriptor)
        raise refused
    return os.fdopen(descriptor, "ab+")


def _lock_part(file: BinaryIO, name: str) -> None:
    """Lock a part. `is_busy` of another process may have it for a moment."""
    deadline = time.monotonic() + _LOCK_S
    while True:
        try:
            return system.lock(file.fileno(), waits=False)
        except BlockingIOError as exc:
            if time.monotonic() > deadline:
                raise LocalModelError(N_("{file} is being downloaded already."), file=name) from exc
        time.sleep(_LOCK_S / 20)


def _is_at(file: BinaryIO, path: Path) -> bool:
    """Return True if an open file is the one at this path."""
    try:
        found = path.lstat()
    except OSError:
        return False
    opened = os.fstat(file.fileno())
    return (found.st_dev, found.st_ino) == (opened.st_dev, opened.st_ino)


@asynccontextmanager
async def open_local(url: str, _offset: int, _validator: str) -> AsyncIterator[DownloadReply]:
    """Open a file of this computer as a host that sends whole files would send it."""
    path = Path(urlsplit(url).path)
    try:
        path = Path(system.path_of_address(url))
        file = await asyncio.to_thread(open_file, path)
    except RefusedFileError as exc:
        raise LocalModelError(exc.message, params=exc.params, file=path.name) from exc
    except OSError as exc:
        raise LocalModelError(
            N_("Couldn’t read the model file {file}."),
            hint=N_("Check the URL."),
            details=str(exc),
            file=path.name,
        ) from exc
    with file:

        async def chunks() -> AsyncIterator[bytes]:
            while block := await asyncio.to_thread(file.read, _WRITE_BYTES):
                yield block

        yield DownloadReply(0, os.fstat(file.fileno()).st_size, "", chunks())
