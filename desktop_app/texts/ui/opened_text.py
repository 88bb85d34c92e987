"""A text that was opened in this run: its document, which is stored while it changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from PySide6.QtCore import QObject, QTimer

from desktop_app.app.session import Session
from desktop_app.domain.errors import StorageError
from desktop_app.texts.text_edits import PassageError, Replacement, find_once, word_edits
from desktop_app.texts.text_store import TextStore
from desktop_app.texts.text_tool import TextTool
from desktop_app.texts.ui.tracked_document import TrackedDocument, stored_form
from desktop_app.texts.written_text import WrittenText

_SAVE_MS: Final = 300
"""From the first change that is not stored: a killed process loses 0.4 s of typing at most."""


class OpenedText(QObject):
    """A text, shown or not, with its undo history.

    Attributes:
        value: as it was stored last.
        tool: proposes the model's changes.
        keeps_version: whether the next write keeps the former state as a version.
        is_unwritten: whether the last write failed.
        is_closed: whether another text has taken the place, or the conversation is gone.
    """

    def __init__(
        self,
        session: Session,
        store: TextStore,
        value: WrittenText,
        tell: Callable[[PassageError], object],
    ) -> None:
        super().__init__(session.window)
        self._tasks = session.tasks
        self._store = store
        self._lock = asyncio.Lock()
        self.is_closed = False
        self.keeps_version = False
        self.value = value
        self.is_unwritten = False
        self.document = TrackedDocument(value.body, value.marks)
        self.document.setParent(self)
        self._stored_revision = self.document.revision()
        self.tool = TextTool(self.propose, tell)
        self._timer = QTimer(self, singleShot=True, interval=_SAVE_MS)
        self._timer.timeout.connect(self.save)
        self.document.contentsChanged.connect(self._save_soon)

    @property
    def is_stored(self) -> bool:
        """Return True if nothing was typed that the store does not have."""
        is_typed = self.document.revision() != self._stored_revision
        return not (is_typed or self.is_unwritten or self._lock.locked())

    def _save_soon(self) -> None:
        if not self._timer.isActive() and self.document.revision() != self._stored_revision:
            self._timer.start()

    def save(self) -> None:
        """Store the text now, if it has changed."""
        self._timer.stop()
        if self.is_unwritten or self.document.revision() != self._stored_revision:
            self._tasks.start(self.store())

    def close(self) -> None:
        """Change nothing more; see `is_closed`."""
        self.is_closed = True

    async def store(self, *, file_hash: str | None = None) -> None:
        """Store the text, with another hash of its file if one is given."""
        if self.is_closed:
            return
        document = self.document
        raw, ranges = document.toRawText(), document.ranges()
        keeps_version, self.keeps_version = self.keeps_version, False
        self._stored_revision = document.revision()
        async with self._lock:
            body, marks = await asyncio.to_thread(stored_form, raw, ranges)
            file_hash = self.value.file_hash if file_hash is None else file_hash
            self.value = replace(self.value, body=body, marks=marks, file_hash=file_hash)
            try:
                await self._store.put(self.value, keeps_version=keeps_version)
            except StorageError:
                self.is_unwritten = True
                self.keeps_version |= keeps_version
                raise
            self.is_unwritten = False

    async def propose(self, old: str, new: str) -> None:
        """Propose the model's change. Raises PassageError."""
        if self.is_closed:
            raise PassageError(0)
        start, end = find_once(self.document.accepted, old)
        passage = self.document.accepted[start:end]
        edits = await asyncio.to_thread(word_edits, passage, new)
        # The user may have typed meanwhile.
        start, end = find_once(self.document.accepted, passage)
        self.propose_at(start, [edits])

    def propose_at(self, offset: int, groups: list[list[Replacement]]) -> None:
        """Propose replacements behind an offset of the accepted text."""
        self.keeps_version = self.keeps_version or not self.document.changes
        self.document.propose(offset, groups)
