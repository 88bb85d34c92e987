"""A text that was opened in this run: its document, which is stored while it changes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QTextCursor

from desktop_app.app.session import Session
from desktop_app.domain.errors import StorageError
from desktop_app.texts.text_edits import PassageError, Replacement, find_once, word_edits
from desktop_app.texts.text_store import TextStore
from desktop_app.texts.ui.tracked_document import TrackedDocument, stored_form
from desktop_app.texts.written_text import WrittenText

_SAVE_MS: Final = 300
"""From the first change that is not stored: a killed process loses 0.4 s of typing at most."""


class OpenedText(QObject):
    """A text, shown or not, with its undo history.

    Attributes:
        value: as it was stored last.
        keeps_version: whether the next write keeps the former state as a version.
        is_unwritten: whether the last write failed.
        is_closed: whether another text has taken the place, or the conversation is gone.
    """

    def __init__(self, session: Session, store: TextStore, value: WrittenText) -> None:
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
        self._is_typed = False  # since the last write began
        self._timer = QTimer(self, singleShot=True, interval=_SAVE_MS)
        self._timer.timeout.connect(self.save)
        # Not contentsChanged, which highlighting emits, too: looking at a text would write it over
        # a change of another computer.
        self.document.contentsChange.connect(self._save_soon)

    @property
    def is_stored(self) -> bool:
        """Return True if nothing was typed that the store does not have."""
        return not (self._is_typed or self.is_unwritten or self._lock.locked())

    def _save_soon(self) -> None:
        self._is_typed = True
        if not self._timer.isActive():
            self._timer.start()

    def save(self) -> None:
        """Store the text now, if it has changed."""
        self._timer.stop()
        if self.is_unwritten or self._is_typed:
            self._tasks.start(self.store())

    async def store(self, *, file_hash: str | None = None) -> None:
        """Store the text, with another hash of its file if one is given."""
        if self.is_closed:
            return
        document = self.document
        raw, ranges = document.toRawText(), document.ranges()
        keeps_version, self.keeps_version = self.keeps_version, False
        self._is_typed = False
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

    async def propose(self, old: str, new: str, within: QTextCursor | None = None) -> None:
        """Propose the model's change. Raises PassageError.

        Args:
            within: selects what the model saw of the text; None for all of it.
        """
        start, end = self._find(old, within)
        passage = self.document.accepted[start:end]
        edits = await asyncio.to_thread(word_edits, passage, new)
        # The user may have typed meanwhile, or opened another text.
        start, end = self._find(passage, within)
        self.propose_at(start, [edits])

    def _find(self, passage: str, within: QTextCursor | None) -> tuple[int, int]:
        if self.is_closed:
            raise PassageError(0)
        document = self.document
        if within is not None:
            offset = document.accepted_offset(within)
            try:
                start, end = find_once(document.accepted_in(within), passage)
            except PassageError as error:
                if error.count:
                    raise
            else:
                return offset + start, offset + end
        return find_once(document.accepted, passage)

    def propose_at(self, offset: int, groups: list[list[Replacement]]) -> None:
        """Propose replacements behind an offset of the accepted text."""
        self.keeps_version = self.keeps_version or not self.document.changes
        self.document.propose(offset, groups)
