"""Temporary files of long answers that are not saved, for the JSON output and the schema check."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from desktop_app.storage.database.storage_errors import translate_errors
from desktop_app.storage.database.temporary_files import TemporaryFolder
from desktop_app.storage.documents.answer_files import GrowingFile

if TYPE_CHECKING:
    from pathlib import Path

    from desktop_app.domain.conversations.conversation import Message
    from desktop_app.domain.conversations.message_parts import DocumentPart, ImagePart


class UnsavedAnswers:
    """Temporary files of answers. Implements the Protocol AnswerFiles.

    Args:
        temporary: the parent of the files' folder; None writes no files.
    """

    def __init__(self, temporary: Path | None) -> None:
        self._temporary = temporary
        self._folder: asyncio.Future[TemporaryFolder] | None = None
        self._files: dict[str, GrowingFile] = {}

    def open(self, answer: Message) -> UnsavedFile:
        """Return the file of an answer."""
        return UnsavedFile(self, answer.id)

    def file_of(self, answer: Message) -> Path | None:
        """Return the file with the full text of a long answer; None if it was not written."""
        file = self._files.get(answer.id)
        return None if file is None else file.path

    async def begin(self, answer_id: str) -> GrowingFile | None:
        """Return a new file for an answer; None if no files are written. Raises StorageError."""
        if self._temporary is None:
            return None
        if self._folder is None:  # answers that run at the same time share it
            creation = asyncio.to_thread(TemporaryFolder, self._temporary)
            self._folder = asyncio.ensure_future(creation)
        with translate_errors(str(self._temporary)):
            folder = await asyncio.shield(self._folder)
        file = GrowingFile(folder.path, answer_id, asyncio.to_thread)
        self._files[answer_id] = file
        return file

    async def add_image(self, answer: Message, data: bytes) -> ImagePart | None:
        """Return None, because images are not stored."""
        return None

    async def attach(self, _answer: Message) -> DocumentPart | None:
        """Return None: the file stays temporary, so the answer gets no attachment."""
        return None

    async def discard(self, _answer_id: str) -> None:
        """Do nothing: `close` removes the files."""

    async def unattached_ids(self) -> list[str]:
        """Return no ids."""
        return []

    def close(self) -> None:
        """Remove the files."""
        if self._folder is not None and self._folder.done() and not self._folder.exception():
            self._folder.result().close()


class UnsavedFile:
    """The temporary file of one answer. Implements the Protocol AnswerFile."""

    def __init__(self, answers: UnsavedAnswers, answer_id: str) -> None:
        self._answers = answers
        self._answer_id = answer_id
        self._file: GrowingFile | None = None
        self._has_begun = False

    async def append(self, text: str) -> None:
        """Write more of the answer, or raise StorageError and write nothing."""
        if not self._has_begun:
            self._file = await self._answers.begin(self._answer_id)
            self._has_begun = True
        if self._file is not None:
            await self._file.append(text)
