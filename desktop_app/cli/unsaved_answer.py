"""A temporary file with a long answer that is not saved, for the JSON."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from desktop_app.storage.database.storage_errors import translated
from desktop_app.storage.database.temporary_files import TemporaryFolder
from desktop_app.storage.documents.answer_files import GrowingFile

if TYPE_CHECKING:
    from pathlib import Path

    from desktop_app.domain.conversations.conversation import Message
    from desktop_app.domain.conversations.message_parts import DocumentPart, ImagePart


class UnsavedAnswers:
    """Implements the Protocol AnswerFiles without storing anything.

    Args:
        temporary: the folder of temporary copies; None keeps nothing, because the output has the
            answer already.

    Attributes:
        copy: the file with all of a long answer, until `close`.
    """

    def __init__(self, temporary: Path | None) -> None:
        self._temporary = temporary
        self._folder: TemporaryFolder | None = None
        self._file: GrowingFile | None = None
        self.copy: Path | None = None

    def open(self, answer: Message) -> UnsavedAnswers:
        """Return the file of the answer: this object, because a command has a single answer."""
        self._answer_id = answer.id
        return self

    async def add_picture(self, answer: Message, data: bytes) -> ImagePart | None:
        """Return None: without --save, no image is kept."""
        return None

    async def append(self, text: str) -> None:
        """Write more of the answer. Raises StorageError: nothing of `text` was written."""
        if self._temporary is None:
            return
        if self._file is None:
            with translated(str(self._temporary)):
                self._folder = await asyncio.to_thread(TemporaryFolder, self._temporary)
            self._file = GrowingFile(self._folder.path, self._answer_id, asyncio.to_thread)
            self.copy = self._file.path
        await self._file.append(text)

    async def attach(self, _answer: Message) -> DocumentPart | None:
        """Return None, because nothing is stored."""
        return None

    async def discard(self, _answer_id: str) -> None:
        """Do nothing: `close` removes the file."""

    async def unattached(self) -> list[str]:
        """Return no ids."""
        return []

    def close(self) -> None:
        """Remove the file."""
        if self._folder is not None:
            self._folder.close()
