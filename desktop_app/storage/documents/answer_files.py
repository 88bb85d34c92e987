"""Files of answers that are too long for their message, until they become attachments.

A file is named after its answer and a number: a resumed background run writes a new file, and the
longest file becomes the attachment. Their folder is inside the folder of the attachments, and is
erased with it. The files of a temporary conversation are in the database in memory, as pieces: a
row for each `append`.
"""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Final, Protocol, TypeVar

from desktop_app.domain.conversations.conversation import Message, now
from desktop_app.domain.conversations.message_parts import (
    ANSWER_FILE_NAME,
    Attachment,
    DocumentPart,
    ImagePart,
)
from desktop_app.domain.documents.document_types import MARKDOWN
from desktop_app.domain.errors import ReplyTooLargeError
from desktop_app.i18n.translation import N_
from desktop_app.storage.conversations.row_conversion import to_micros, to_text
from desktop_app.storage.database.database import Database, Databases
from desktop_app.storage.database.private_files import create_private_folder
from desktop_app.storage.database.storage_errors import translate_errors

T = TypeVar("T")

ANSWERS_FOLDER: Final = "answers"
"""Inside the folder of the attachments, whose other folders are named by two hex digits."""
_FILE_NAME: Final = re.compile("([0-9a-f]{32})-[0-9]+")
_IMAGE_SIGNATURE: Final = re.compile(
    rb"(?P<png>\x89PNG\r\n\x1a\n)|(?P<jpeg>\xff\xd8\xff)|(?P<webp>RIFF....WEBP)", re.DOTALL
)
_CHUNK_BYTES: Final = 1 << 20  # of a file that are decoded at a time, an arbitrary number
MAX_MEMORY_BYTES: Final = 48 * 1024 * 1024
"""The maximum bytes that all answers to one question may append in memory.

With a limit of 64 MB, one reply could exceed its total of 200 MB of memory.
"""


class InThread(Protocol):
    """A function that runs jobs in a thread, in their order."""

    def __call__(self, job: Callable[[], T], /) -> Awaitable[T]: ...


class StoredAnswerFiles:
    """The files of long answers, in a folder or in the database in memory.

    Args:
        attachments: the folder of the attachments.
        add: stores an attachment, as `AttachmentStore.add` does.
        in_thread: runs jobs in their order, even if their caller is canceled.
    """

    def __init__(
        self,
        databases: Databases,
        attachments: Path,
        add: Callable[..., Awaitable[None]],
        in_thread: InThread,
    ) -> None:
        self._databases = databases
        self._folder = attachments / ANSWERS_FOLDER
        self._add = add
        self._in_thread = in_thread
        self._memory_files: dict[str, MemoryFile] = {}  # by the answer's id
        self._memory_sizes: dict[str | None, int] = {}  # the `sizes` of each MemoryFile

    def open(self, answer: Message) -> GrowingFile | MemoryFile:
        """Return a new file for an answer. The first `append` creates it."""
        database = self._databases.for_conversation(answer.conversation_id)
        if database is not self._databases.memory:
            return GrowingFile(self._folder, answer.id, self._in_thread)
        memory_file = MemoryFile(database, answer, self._memory_sizes)
        self._memory_files[answer.id] = memory_file
        return memory_file

    async def attach(self, answer: Message) -> DocumentPart | None:
        """Store the longest file of an answer as an attachment, and return its part of the message.

        Return None if there is no file. If the answer was deleted, remove its files and return
        None.

        Raises:
            StorageError: the attachment cannot be stored; the file is kept.
        """
        database = self._databases.for_conversation(answer.conversation_id)
        if not await database.read(partial(_has_message, answer.id)):
            await self.discard(answer.id)
            return None
        memory_file = self._memory_files.get(answer.id)
        if memory_file is not None:
            return await memory_file.attach()
        path = await self._in_thread(partial(_longest_file, self._folder, answer.id))
        if path is None:
            return None
        sha256, size = await self._in_thread(partial(_hash_and_size, path))
        # The attachment gets no text, which would take several times its size to store and index.
        attachment = Attachment(sha256, ANSWER_FILE_NAME, MARKDOWN)
        await self._add(path, attachment, is_searchable=False)
        return DocumentPart(sha256, ANSWER_FILE_NAME, MARKDOWN, size)

    async def add_image(self, answer: Message, data: bytes) -> ImagePart | None:
        """Store a generated image as an attachment; return None if it is not a PNG, JPEG or WebP.

        Raises StorageError.
        """
        signature = _IMAGE_SIGNATURE.match(data)
        if signature is None:
            return None
        sha256 = hashlib.sha256(data).hexdigest()
        name = f"image.{signature.lastgroup}"
        media_type = f"image/{signature.lastgroup}"
        await self._add(
            data,
            Attachment(sha256, name, media_type),
            is_searchable=False,
            conversation_id=answer.conversation_id,
        )
        return ImagePart(sha256, name, media_type, len(data))

    async def discard(self, answer_id: str) -> None:
        """Remove all files of an answer. Raises StorageError."""
        memory_file = self._memory_files.pop(answer_id, None)
        if memory_file is None:
            await self._in_thread(partial(_discard, self._folder, answer_id))
        else:
            await memory_file.discard()

    async def unattached_ids(self) -> list[str]:
        """Return the ids of the answers that still have files on disk. Raises StorageError."""
        return await self._in_thread(partial(_answer_ids, self._folder))


class MemoryFile:
    """The file of an answer in a temporary conversation: pieces in its database in memory.

    Args:
        sizes: by a question's id, the bytes of the files of all its answers, which share a limit.
    """

    def __init__(self, database: Database, answer: Message, sizes: dict[str | None, int]) -> None:
        self._database = database
        self._question_id = answer.parent_id
        self._answer_id = answer.id
        self._sizes = sizes
        self._digest = hashlib.sha256()
        self._size = 0  # in bytes
        self._piece_count = 0

    async def append(self, text: str) -> None:
        """Append text of the answer. Raises ReplyTooLargeError beyond MAX_MEMORY_BYTES."""
        data = to_text(text).encode()
        size_of_all = self._sizes.get(self._question_id, 0) + len(data)
        if size_of_all > MAX_MEMORY_BYTES:
            raise ReplyTooLargeError(
                N_("The response got too long for a temporary conversation and was stopped."),
                hint=N_("Ask for less, or use a regular conversation."),
            )
        self._sizes[self._question_id] = size_of_all
        row = (self._answer_id, self._piece_count, data)
        await self._database.execute("INSERT INTO originals VALUES (?, ?, ?)", *row)
        self._digest.update(data)
        self._size += len(data)
        self._piece_count += 1

    async def attach(self) -> DocumentPart:
        """Turn the pieces into an attachment."""
        part = DocumentPart(self._digest.hexdigest(), ANSWER_FILE_NAME, MARKDOWN, self._size)
        await self._database.write(partial(_rename_pieces, self._answer_id, part))
        return part

    async def discard(self) -> None:
        """Remove the pieces, unless they are an attachment."""
        await self._database.execute("DELETE FROM originals WHERE name = ?", self._answer_id)


def _rename_pieces(answer_id: str, part: DocumentPart, connection: sqlite3.Connection) -> None:
    """Rename the pieces of an answer to the hash of the attachment that they become."""
    row = (part.sha256, part.name, part.media_type, part.size, to_micros(now()))
    insertion = connection.execute(
        "INSERT OR IGNORE INTO attachments VALUES (?, ?, ?, ?, NULL, NULL, ?, '')", row
    )
    if insertion.rowcount:  # 0: the attachment exists, with pieces of its own
        sql = "UPDATE originals SET name = ? WHERE name = ?"
        connection.execute(sql, (part.sha256, answer_id))


class GrowingFile:
    """A file that the text of an answer is appended to.

    Attributes:
        path: its path; None until the first `append` creates it.
    """

    def __init__(self, folder: Path, answer_id: str, in_thread: InThread) -> None:
        self._folder = folder
        self._answer_id = answer_id
        self._in_thread = in_thread
        self.path: Path | None = None
        self._size = 0  # in bytes, without the remains of a failed write

    async def append(self, text: str) -> None:
        """Append text of the answer. Raises StorageError.

        The next call removes the text that a failed call may have written.
        """
        await self._in_thread(partial(self._append, text))

    def _append(self, text: str) -> None:
        data = to_text(text).encode()
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        with translate_errors(str(self._folder)):
            create_private_folder(self._folder)
            if self.path is None:
                number = len(_files_of(self._folder, self._answer_id))
                self.path = self._folder / f"{self._answer_id}-{number}"
            with os.fdopen(os.open(self.path, flags, 0o600), "wb") as file:
                file.truncate(self._size)  # removes the remains of a failed write
                file.seek(self._size)
                file.write(data)
        self._size += len(data)


def _files_of(folder: Path, answer_id: str) -> list[Path]:
    return sorted(folder.glob(f"{answer_id}-*"))


def _longest_file(folder: Path, answer_id: str) -> Path | None:
    with translate_errors(str(folder)):
        files = _files_of(folder, answer_id)
        return max(files, key=lambda file: file.stat().st_size) if files else None


def _hash_and_size(path: Path) -> tuple[str, int]:
    """Return the SHA-256 and the size of a file."""
    with translate_errors(str(path)), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), file.tell()


def _discard(folder: Path, answer_id: str) -> None:
    with translate_errors(str(folder)):
        for path in _files_of(folder, answer_id):
            path.unlink(missing_ok=True)


def _answer_ids(folder: Path) -> list[str]:
    with translate_errors(str(folder)):
        names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    return sorted({match[1] for name in names if (match := _FILE_NAME.fullmatch(name))})


def _has_message(message_id: str, connection: sqlite3.Connection) -> bool:
    sql = "SELECT 1 FROM messages WHERE id = ?"
    return connection.execute(sql, (message_id,)).fetchone() is not None


def decode_answer_file(data: bytes) -> str:
    """Return the text of an answer's file, decoded in chunks, so that other threads can run."""
    from codecs import getincrementaldecoder

    # Incremental, because a chunk may end within a character.
    decoder = getincrementaldecoder("utf-8")("replace")
    texts = [
        decoder.decode(data[start : start + _CHUNK_BYTES])
        for start in range(0, len(data), _CHUNK_BYTES)
    ]
    return "".join((*texts, decoder.decode(b"", final=True)))
