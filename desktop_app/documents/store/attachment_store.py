"""Attachments: bytes in files named by their hash, extracted text in the database.

A file is written under a temporary name, synced, and then renamed: a file named by its hash is
always complete.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final, TypeVar

from desktop_app.documents.store.attachment_cleanup import (
    has_previous_library,
    old_files,
    remove_stray,
    remove_unneeded,
    unneeded_hashes,
)
from desktop_app.domain import hints
from desktop_app.domain.bounds import is_hash
from desktop_app.domain.conversations.conversation import Message, new_id, now
from desktop_app.domain.conversations.message_parts import (
    WITH_HIDDEN,
    Attachment,
    AttachmentFile,
    DocumentPart,
    ImagePart,
)
from desktop_app.domain.documents.document_types import FOLDER
from desktop_app.domain.documents.extracted_document import ExtractedDocument
from desktop_app.domain.documents.image_header import read_image_header
from desktop_app.domain.errors import AttachmentMissingError, DocumentError, StorageError
from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.foreign_file import RefusedFileError, open_file
from desktop_app.i18n.translation import N_
from desktop_app.storage.database import Databases, closed_error, read_first, wait_for_job
from desktop_app.storage.deletion_wipe import wipe_deleted
from desktop_app.storage.private_files import create_private_folder
from desktop_app.storage.row_conversion import to_micros, to_text
from desktop_app.storage.row_writing import Row, insert_rows
from desktop_app.storage.search_index import (
    EntryKind,
    add_entry,
    has_entry,
    index_documents,
    misdated_documents,
)
from desktop_app.storage.storage_errors import translate_errors
from desktop_app.system import OPEN_FLAGS, sync

T = TypeVar("T")

Extract = Callable[[str, bytes], Awaitable[ExtractedDocument]]
"""Reads a document by its name and its bytes. Raises DocumentError."""
UNREAD: Final = "application/octet-stream"
"""The type of a file that cannot be read as a document."""
_CHUNK_BYTES: Final = 1 << 20  # of a file that are copied at a time, an arbitrary number
_IMAGE_SIGNATURE: Final = lazy_pattern(
    rb"(?P<png>\x89PNG\r\n\x1a\n)|(?P<jpeg>\xff\xd8\xff)|(?P<webp>RIFF....WEBP)", re.DOTALL
)
# Inserts nothing for an attachment that is not in the table, such as one in memory.
_RECORD_ORIGIN: Final = """
    INSERT OR REPLACE INTO attachment_origins (path, sha256)
    SELECT ?, sha256 FROM attachments WHERE sha256 = ?
"""
_SELECT_ORIGINS: Final = """
    SELECT sha256, path FROM attachment_origins WHERE sha256 IN (SELECT value FROM json_each(?))
"""


def generated_image(data: bytes) -> ImagePart | None:
    """Return the part of a generated image; None if it is not a PNG, JPEG or WebP."""
    signature = _IMAGE_SIGNATURE.match(data)
    if signature is None:
        return None
    sha256 = hashlib.sha256(data).hexdigest()
    name = f"image.{signature.lastgroup}"
    header = read_image_header(data)
    width, height = (header.width, header.height) if header else (0, 0)
    return ImagePart(sha256, name, f"image/{signature.lastgroup}", len(data), width, height)


class AttachmentStore:
    """Attachments by the SHA-256 of their bytes. All methods raise StorageError."""

    def __init__(
        self,
        databases: Databases,
        folder: Path,
        extract: Extract | None = None,
        fetch: Callable[[str], Awaitable[bool]] | None = None,
    ) -> None:
        """Store files in `folder`.

        Args:
            extract: returns the text of the files of answers.
            fetch: fetches a file that another computer has; returns False if it cannot.
        """
        self._fetch = fetch
        self._databases = databases
        self._extract = extract or _no_reader
        self._disk = databases.disk
        self._folder = folder
        # A separate thread, so that a large file delays neither the writer nor the readers.
        self._file_thread = ThreadPoolExecutor(1, thread_name_prefix="attachments")

    def close(self) -> None:
        """End the thread once its submitted jobs are done."""
        self._file_thread.shutdown(wait=False)

    async def add(
        self,
        source: Path | bytes,
        attachment: Attachment,
        *,
        is_searchable: bool = True,
        conversation_id: str | None = None,
    ) -> None:
        """Save the original and its text, in memory if the conversation is temporary.

        An existing attachment stays unchanged and counts as added now.

        Args:
            source: the original: a file, or its bytes.
            is_searchable: True if a search through the library should find the attachment.
            conversation_id: the conversation that it is for, which may be temporary; None if it is
                not for a conversation.

        Raises:
            StorageError: the bytes of the source no longer match the attachment's hash.
            StoreFullError: there is no space, or the store is read-only.
        """
        database = self._databases.for_conversation(conversation_id)
        sha256 = attachment.sha256
        if database is self._databases.memory:
            data = await self._in_thread(lambda: _read_source(source, sha256))

            def insert_with_bytes(connection: sqlite3.Connection) -> None:
                sql = "INSERT OR IGNORE INTO originals VALUES (?, ?)"
                connection.execute(sql, (sha256, data))
                _insert(connection, attachment, size=len(data), is_searchable=False)

            await database.write(insert_with_bytes)
            return
        target = self.path(sha256)

        def insert_with_file(size: int, connection: sqlite3.Connection) -> bool:
            if is_present := target.exists():
                _insert(connection, attachment, size=size, is_searchable=is_searchable)
            return is_present

        is_stored = False
        while not is_stored:  # repeated if a cleanup removed the file before its row existed
            size = await self._in_thread(lambda: _store(source, target, sha256))
            is_stored = await database.write(partial(insert_with_file, size))

    async def add_document(
        self,
        source: Path | bytes,
        document: ExtractedDocument,
        conversation_id: str | None = None,
        *,
        is_searchable: bool = True,
    ) -> DocumentPart | ImagePart:
        """Store an attachment's original and text; return it as a part of a message.

        A folder has no bytes, so its text is stored as the original.

        Args:
            conversation_id, is_searchable: as for `add`.

        Raises:
            StorageError: it could not be stored, or its file has changed meanwhile.
        """
        if document.media_type == FOLDER:
            source = document.text.encode("utf-8", "surrogatepass")
        await self.add(
            source,
            document.attachment,
            is_searchable=is_searchable,
            conversation_id=conversation_id,
        )
        if document.full_text:
            await self.add_full_text(document.sha256, document.full_text)
        return document.part

    async def add_image(self, answer: Message, data: bytes) -> ImagePart | None:
        """Store a generated image; return None if it is not a PNG, JPEG or WebP."""
        image = generated_image(data)
        if image is not None:
            await self.add(
                data,
                Attachment(image.sha256, image.name, image.media_type),
                is_searchable=False,
                conversation_id=answer.conversation_id,
            )
        return image

    async def add_file(self, answer: Message, name: str, data: bytes) -> DocumentPart | ImagePart:
        """Store a file of an answer with its text, if that can be read."""
        try:
            document = await self._extract(name, data)
        except DocumentError:
            sha256 = hashlib.sha256(data).hexdigest()
            document = ExtractedDocument(name, UNREAD, sha256, len(data), "", None, 0)
        return await self.add_document(data, document, answer.conversation_id)

    async def record_origin(self, sha256: str, path: Path) -> None:
        """Record the file that an attachment was last read from; `path` is absolute."""
        origin = str(path)
        if to_text(origin) != origin:
            return  # with a replaced character, the path would lead elsewhere
        await self._disk.execute(_RECORD_ORIGIN, origin, sha256)

    async def origins(self, hashes: Sequence[str]) -> dict[str, Path]:
        """Return the files that attachments were read from, by hash, as far as they are known."""
        rows = await self._disk.rows(_SELECT_ORIGINS, json.dumps(list(hashes)))
        return {row["sha256"]: Path(row["path"]) for row in rows}

    async def text(self, key: str) -> str:
        """Return the extracted text; `key` is the document's `text_key` or its hash."""
        sha256 = key.removesuffix(WITH_HIDDEN)
        sql = "SELECT text, full_text FROM attachments WHERE sha256 = ?"
        row = await self._read_row(sql, sha256)
        if row is None:
            raise _missing_error(sha256)
        # The full text does not come with an imported conversation.
        return str(row["text"] if key == sha256 else row["full_text"] or row["text"])

    async def add_full_text(self, sha256: str, text: str) -> None:
        """Store the text of an attachment with its hidden parts."""
        sql = "UPDATE attachments SET full_text = ? WHERE sha256 = ?"
        for database in filter(None, (self._databases.memory, self._disk)):
            await database.execute(sql, to_text(text), sha256)

    async def metadata(self, sha256: str) -> Attachment:
        """Return an attachment without its text."""
        sql = "SELECT name, media_type, pages, tokens FROM attachments WHERE sha256 = ?"
        row = await self._read_row(sql, sha256)
        if row is None:
            raise _missing_error(sha256)
        return Attachment(
            sha256, row["name"], row["media_type"], pages=row["pages"], tokens=row["tokens"]
        )

    async def source(self, sha256: str) -> Path | bytes | None:
        """Return the original's path, its bytes if it is only in memory, or None if it is gone."""
        path = self.path(sha256)
        data = await _bytes_in_memory(self._databases, sha256)
        if data is not None:
            return data
        if await self._in_thread(path.is_file) or await self._is_fetched(sha256):
            return path
        return None

    async def file(self, sha256: str) -> AttachmentFile | None:
        """Return an attachment with bytes and text, or None if its file or row is gone."""
        row = await self._read_row("SELECT * FROM attachments WHERE sha256 = ?", sha256)
        if row is None or await self.source(sha256) is None:
            return None
        return AttachmentFile(
            sha256,
            name=row["name"],
            media_type=row["media_type"],
            text=row["text"],
            pages=row["pages"],
            tokens=row["tokens"],
            data=await self.bytes(sha256),
        )

    async def bytes(self, sha256: str) -> bytes:
        data = await _bytes_in_memory(self._databases, sha256)
        if data is not None:
            return data
        try:
            return await self._in_thread(lambda: _read_file(self.path(sha256), sha256))
        except AttachmentMissingError:
            if not await self._is_fetched(sha256):
                raise
        return await self._in_thread(lambda: _read_file(self.path(sha256), sha256))

    async def _is_fetched(self, sha256: str) -> bool:
        return self._fetch is not None and await self._fetch(sha256)

    async def _read_row(self, sql: str, sha256: str) -> sqlite3.Row | None:
        return await read_first(self._databases, lambda c: c.execute(sql, (sha256,)).fetchone())

    async def mend_dates(self, is_idle: Callable[[], bool]) -> None:
        """Index documents at the times of their messages: earlier versions took the present.

        Args:
            is_idle: returns False once the user has come back; the rest is left.
        """

        def find(connection: sqlite3.Connection) -> list[tuple[str, int]]:
            sql = "SELECT sha256 FROM attachments WHERE media_type NOT LIKE 'image/%'"
            return misdated_documents(connection, [row[0] for row in connection.execute(sql)])

        for sha256, _ in await self._disk.read(find):
            if not is_idle():
                return
            await self._disk.write(partial(index_documents, hashes=[sha256]))

    async def remove_unneeded(self) -> int:
        """Remove unneeded attachments and stray files, see `attachment_cleanup.py`.

        Return their number. Afterwards their text is nowhere on disk. Each removal is one short
        transaction, so that other writers never wait long.
        """
        count = await self._remove_all(await self._disk.read(unneeded_hashes))
        rows = await self._disk.rows("SELECT sha256 FROM attachments")
        known_hashes = {row["sha256"] for row in rows}
        # After a restore or a repair, the previous library may still need the files.
        keeps_strays = await self._in_thread(lambda: has_previous_library(self._disk.path))
        for path, sha256 in await self._in_thread(lambda: _old_files(self._folder)):
            # Without a hash as its name, it is the rest of an interrupted copy.
            if sha256 is None or not (keeps_strays or sha256 in known_hashes):
                count += await self._disk.write(partial(remove_stray, sha256=sha256, path=path))
        if count:
            await wipe_deleted(self._disk)
        return count

    async def remove_of_deleted_conversations(self) -> None:
        """Remove the attachments of deleted conversations that nothing else needs."""
        hashes = await self._disk.read(partial(unneeded_hashes, is_grace_skipped=True))
        if await self._remove_all(hashes):
            await wipe_deleted(self._disk)

    async def _remove_all(self, hashes: list[str]) -> int:
        count = 0
        for sha256 in hashes:
            path = self.path(sha256)
            count += await self._disk.write(partial(remove_unneeded, sha256=sha256, path=path))
        return count

    def path(self, sha256: str) -> Path:
        """Return the path of the original, existing or not.

        Raises:
            ValueError: not a SHA-256 in lower-case hexadecimal digits.
        """
        return attachment_path(self._folder, sha256)

    async def _in_thread(self, job: Callable[[], T]) -> T:
        try:
            submitted_job = self._file_thread.submit(job)
        except RuntimeError as exc:  # the thread has been ended
            raise closed_error() from exc
        return await wait_for_job(submitted_job)


async def _no_reader(name: str, _data: bytes) -> ExtractedDocument:
    raise DocumentError(N_("“{name}” can’t be read."), name=name)


def attachment_path(folder: Path, sha256: str) -> Path:
    """Return the path of an original in the folder of the attachments.

    Raises:
        ValueError: not a SHA-256 in lower-case hexadecimal digits.
    """
    if not is_hash(sha256):
        raise ValueError("not a SHA-256")
    return folder / sha256[:2] / sha256[2:]


def is_undamaged(path: Path, sha256: str) -> bool:
    """Return True if the file can be read and has this hash. Blocking."""
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except OSError:
        return False


async def _bytes_in_memory(databases: Databases, sha256: str) -> bytes | None:
    """Return the original of a temporary conversation's attachment, None if there is none."""
    if databases.memory is None:
        return None
    rows = await databases.memory.rows("SELECT data FROM originals WHERE sha256 = ?", sha256)
    return bytes(rows[0]["data"]) if rows else None


def _read_source(source: Path | bytes, sha256: str) -> bytes:
    """Return the bytes of `source`. Raises StorageError if their hash is not `sha256`."""
    copy = io.BytesIO()
    with translate_errors(str(source) if isinstance(source, Path) else sha256):
        _copy_verified(sha256, source, copy)
    return copy.getvalue()


def _store(source: Path | bytes, target: Path, sha256: str) -> int:
    """Copy `source` to `target`, unless it is there undamaged. Return its size in bytes."""
    with translate_errors(str(target.parents[1])):
        if is_undamaged(target, sha256):
            return target.stat().st_size
        for folder in (target.parent.parent, target.parent):
            create_private_folder(folder)
            sync(folder.parent)  # so that a power failure does not lose the new folder
        partial_file = target.with_name(f".{new_id()}")
        try:
            size = _write_copy(sha256, source, partial_file)
            partial_file.replace(target)
        finally:
            partial_file.unlink(missing_ok=True)
        sync(target.parent)
        return size


def _write_copy(sha256: str, source: Path | bytes, target: Path) -> int:
    """Copy `source` to a new file and sync that. Return its size in bytes."""
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | OPEN_FLAGS, 0o600)
    with os.fdopen(descriptor, "wb") as copy:
        size = _copy_verified(sha256, source, copy)
        copy.flush()
        os.fsync(copy.fileno())
    return size


def _copy_verified(sha256: str, source: Path | bytes, copy: BinaryIO) -> int:
    """Copy `source`, and return its size in bytes. Raises StorageError if it has another hash."""
    digest = hashlib.sha256()
    size = 0
    try:
        with open_file(source) if isinstance(source, Path) else io.BytesIO(source) as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                digest.update(chunk)
                size += copy.write(chunk)
    except RefusedFileError as exc:  # a pipe, for example, has replaced the file meanwhile
        raise _changed_error() from exc
    if digest.hexdigest() != sha256:
        raise _changed_error()
    return size


def _changed_error() -> StorageError:
    return StorageError(
        N_("The file changed while it was being attached."), hint=N_("Attach it again.")
    )


def _insert(
    connection: sqlite3.Connection, attachment: Attachment, *, size: int, is_searchable: bool
) -> None:
    """Insert the row of an attachment, or renew its time, and index its text if asked to."""
    sha256 = attachment.sha256
    added_at = to_micros(now())
    update = connection.execute(
        "UPDATE attachments SET created_at = ? WHERE sha256 = ?", (added_at, sha256)
    )
    if not update.rowcount:  # there is no row yet
        row: Row = {
            "sha256": sha256,
            "name": to_text(attachment.name),
            "media_type": attachment.media_type,
            "size": size,
            "pages": attachment.pages,
            "tokens": attachment.tokens,
            "created_at": added_at,
            "text": to_text(attachment.text),
        }
        insert_rows(connection, "attachments", [row])
    if is_searchable and not has_entry(connection, EntryKind.ATTACHMENT, sha256):
        sql = "SELECT text FROM attachments WHERE sha256 = ?"
        stored_text: str = connection.execute(sql, (sha256,)).fetchone()["text"]
        add_entry(connection, EntryKind.ATTACHMENT, sha256, stored_text, added_at)


def _old_files(folder: Path) -> list[tuple[Path, str | None]]:
    with translate_errors(str(folder)):
        return list(old_files(folder))


def _read_file(path: Path, sha256: str) -> bytes:
    try:
        with translate_errors(str(path.parents[1])):
            return path.read_bytes()
    except StorageError as exc:
        if isinstance(exc.__cause__, FileNotFoundError):
            raise _missing_error(sha256) from exc
        raise


def _missing_error(sha256: str) -> StorageError:
    return AttachmentMissingError(
        N_("The attachment’s file is missing."), hint=hints.ATTACH_AGAIN, details=f"sha256 {sha256}"
    )
