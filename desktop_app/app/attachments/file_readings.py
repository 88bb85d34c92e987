"""Reads files, texts and images, and adds them to the drafts of their conversations."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import QObject, QTimer, Signal

from desktop_app.app.attachments.attachment_batch import AttachmentBatch
from desktop_app.app.attachments.attachment_reader import AttachmentReader
from desktop_app.app.attachments.document_passwords import DocumentPasswords
from desktop_app.app.attachments.task_queue import TaskQueue
from desktop_app.app.desktop.window_request import MAX_FILES, too_many_files
from desktop_app.app.state.window_state import WindowState
from desktop_app.documents.worker.document_worker import Progress
from desktop_app.domain.conversations.conversation import new_id
from desktop_app.domain.conversations.message_parts import DocumentPart, DraftPart, part_id
from desktop_app.domain.errors import StorageError, UserFacingError
from desktop_app.i18n.translation import N_, tr, tr_plural
from desktop_app.ui.composer.dropped_content import DroppedData
from desktop_app.ui.window.main_window import MainWindow

DOCUMENT_TOPIC = "document"  # the topic of notifications about what was not attached or read
FEW_FILES = 8  # while more are read together, progress is reported ten times a second
UPDATE_MS = 100

_READING_TEXTS: Final = {
    "page": N_("reading page {number} of {total}…"),
    "chapter": N_("reading chapter {number} of {total}…"),
    "file": N_("reading file {number} of {total}…"),
}
_READING_PART_TEXT: Final = N_("reading part {number} of {total}…")


@dataclass
class FileReading:
    """A file that is being read.

    Attributes:
        batch: the files that were given together with this one.
        detail: the progress as a text.
        path: the path of the file, None for pasted or dropped content that is not a file.
        progress: the progress from 0 to 1, None if it is unknown.
        has_begun: its coroutine has started. A task that is canceled before that never runs, so
            `cancel` counts the file as ended.
    """

    conversation_id: str
    name: str
    batch: AttachmentBatch
    detail: str
    path: Path | None
    progress: float | None = None
    task: asyncio.Future[Any] | None = None
    has_begun: bool = False


def _reading_text(progress: Progress) -> str:
    if not progress.total:
        return tr("reading…")
    sentence = _READING_TEXTS.get(progress.unit, _READING_PART_TEXT)
    return tr(sentence, number=progress.done, total=progress.total)


class FileReadings(QObject):
    """The files to read, of which at most `task_queue.MAX_TASKS` are read at a time.

    Signals:
        progressed(): reading began, went on, ended or was canceled. If files were attached to the
            open conversation by that, its draft emits `changed` instead.
        text_attached(str, str): a pasted text was attached; its conversation's id and its SHA-256.
        failed(str): a file of this conversation was not attached, or its reading was canceled.
        ended(str): the reading of this conversation's last file ended without being canceled.
    """

    progressed = Signal()
    text_attached = Signal(str, str)
    failed = Signal(str)
    ended = Signal(str)

    def __init__(
        self,
        window: MainWindow,
        state: WindowState,
        passwords: DocumentPasswords,
        *,
        reader: AttachmentReader,
    ) -> None:
        super().__init__(window)
        self._passwords = passwords
        self._reader = reader
        self._origins = state.origins
        self._notifications = window.notifications
        self._temporary = state.temporary
        self._tasks = state.tasks
        self._current = state.current
        self._draft = state.current.draft
        self._drafts = state.drafts
        self._attachment_store = state.backend.attachments
        self._readings: dict[str, FileReading] = {}
        self._queue = TaskQueue()
        self._arrived_parts: list[tuple[FileReading, DraftPart]] = []
        self._timer = QTimer(self, singleShot=True, interval=UPDATE_MS)
        self._timer.timeout.connect(self._update)
        self._current.opened.connect(self._on_opened)

    @property
    def ids(self) -> frozenset[str]:
        """Return the ids of the files that are being read, of all conversations."""
        return frozenset(self._readings)

    @property
    def in_open_conversation(self) -> dict[str, FileReading]:
        """Return the files of the open conversation that are being read, by id."""
        opened_id = self._current.id
        return {id_: r for id_, r in self._readings.items() if r.conversation_id == opened_id}

    def is_reading(self, conversation_id: str) -> bool:
        """Return True if a file of a conversation is being read."""
        return any(r.conversation_id == conversation_id for r in self._readings.values())

    def names_of(self, conversation_id: str) -> list[str]:
        """Return the names of the files of a conversation that are being read."""
        return [r.name for r in self._readings.values() if r.conversation_id == conversation_id]

    def read(
        self, contents: Iterable[tuple[str, Path | str | DroppedData]], conversation_id: str = ""
    ) -> None:
        """Read named contents, and attach them to a draft, by default the open conversation's.

        A file is given as its path, a text as itself.
        """
        named_contents = list(contents)
        conversation_id = conversation_id or self._current.id
        if len(named_contents) > MAX_FILES:
            self._notifications.notify(str(too_many_files()), topic=DOCUMENT_TOPIC)
            return
        batch = AttachmentBatch(len(named_contents))
        start_functions = []
        for name, content in named_contents:
            reading_id = new_id()
            self._readings[reading_id] = FileReading(
                conversation_id,
                name,
                batch,
                detail=tr("reading…"),
                path=content if isinstance(content, Path) else None,
            )
            start_functions.append(partial(self._start, reading_id, content))
        self._queue.add(start_functions)
        self._update()

    def _start(
        self, reading_id: str, content: Path | str | DroppedData
    ) -> asyncio.Future[Any] | None:
        reading = self._readings.get(reading_id)
        if reading is None:  # canceled while it was queued
            return None
        reading.task = self._tasks.start(self._read_content(reading_id, reading, content))
        return reading.task

    def cancel(self, reading_ids: Iterable[str]) -> None:
        """Cancel the reading of these files."""
        canceled = [self._readings.pop(reading_id) for reading_id in reading_ids]
        for reading in canceled:
            if reading.task is not None:
                reading.task.cancel()
            # One that has begun ends in `_read_content`, which counts it.
            if not reading.has_begun:
                reading.batch.end_reading()
        # Once for each conversation and batch, because there may be thousands of files.
        for conversation_id in {reading.conversation_id for reading in canceled}:
            self.failed.emit(conversation_id)
        self._update()
        for batch in {id(reading.batch): reading.batch for reading in canceled}.values():
            self._notify_failures(batch)

    def cancel_all(self) -> None:
        """Cancel all reading, without reporting the files that failed to be attached."""
        self._cancel_silently(list(self._readings))

    def cancel_paths(self, paths: Iterable[Path]) -> None:
        """Cancel reading these files for the open conversation, without reporting failures."""
        canceled_paths = set(paths)
        open_readings = self.in_open_conversation.items()
        self._cancel_silently([id_ for id_, r in open_readings if r.path in canceled_paths])

    def _cancel_silently(self, reading_ids: Sequence[str]) -> None:
        for reading_id in reading_ids:
            self._readings[reading_id].batch.discard_failures()
        self._notifications.dismiss_topic(DOCUMENT_TOPIC)
        self.cancel(reading_ids)

    def _on_opened(self) -> None:
        """Load the paths of the attached documents, unless all are known."""
        self._notifications.dismiss_topic(DOCUMENT_TOPIC)
        parts = self._draft.value.attachments
        documents = [p.sha256 for p in parts if isinstance(p, DocumentPart)]
        if any(sha256 not in self._origins.paths for sha256 in documents):
            self._tasks.start(self._origins.load(documents))

    # -------------------------------------------------------------- one file

    async def _read_content(
        self, reading_id: str, reading: FileReading, content: Path | str | DroppedData
    ) -> None:
        reading.has_begun = True
        is_attached = False
        try:
            on_progress = partial(self._show_progress, reading)
            part, note = await self._passwords.open_with_password(
                partial(self._reader.read, content, on_progress, reading.conversation_id)
            )
            if note:
                message = f"{part.name}: {note}"
                # Chips show which pages are images, but not what was skipped.
                self._notifications.notify(message, topic=DOCUMENT_TOPIC, stays=bool(note.skipped))
            if reading.conversation_id != self._current.id:
                await self._drafts.attach(reading.conversation_id, part)
            # Not "else": the conversation may have been opened while its stored draft was written.
            if reading.conversation_id == self._current.id:
                self._arrived_parts.append((reading, part))
            is_attached = True
            reading.batch.add_attached()
            if isinstance(content, Path):
                await self._store_origin(reading, part.sha256, content)
            if isinstance(content, str):
                self.text_attached.emit(reading.conversation_id, part.sha256)
        except UserFacingError as error:
            reading.batch.add_failure(error)
        finally:
            # `cancel` has removed a canceled reading, and reports it.
            was_canceled = self._readings.pop(reading_id, None) is None
            reading.batch.end_reading()
            if not was_canceled:
                self._update_soon(reading.batch)
                self._announce_attached(reading)
            self._notify_failures(reading.batch)
            if not (was_canceled or is_attached):
                self.failed.emit(reading.conversation_id)
            if not (was_canceled or self.is_reading(reading.conversation_id)):
                self._update()  # first, because a question may wait for `ended` to be sent
                self.ended.emit(reading.conversation_id)

    async def _store_origin(self, reading: FileReading, sha256: str, path: Path) -> None:
        """Record a file's location. It is not stored if the conversation is or was temporary.

        If storing it fails, the file stays attached.
        """
        self._origins.add(sha256, path)
        if self._temporary.was_ever_temporary(reading.conversation_id):
            return
        try:
            await self._attachment_store.record_origin(sha256, path)
        except StorageError as error:
            reading.batch.add_location_failure(reading.name, error)

    # -------------------------------------------------------------- reports

    def _announce_attached(self, reading: FileReading) -> None:
        """Announce the files of a batch once, after the last."""
        batch = reading.batch
        if batch.left or not batch.attached or reading.conversation_id != self._current.id:
            return
        announcement = tr_plural("{count} file attached", "{count} files attached", batch.attached)
        self._notifications.announce(
            tr("{name} attached", name=reading.name) if batch.total == 1 else announcement
        )

    def _notify_failures(self, batch: AttachmentBatch) -> None:
        """Report the failures of a batch; those of many files once the whole batch is read."""
        if batch.left and batch.total > FEW_FILES:
            return
        for message in batch.pop_messages():
            topic = "" if isinstance(message, str) else DOCUMENT_TOPIC
            self._notifications.notify(message, topic=topic)

    def _show_progress(self, reading: FileReading, progress: Progress) -> None:
        reading.detail = _reading_text(progress)
        reading.progress = progress.done / progress.total if progress.total else None
        self._update_soon(reading.batch)

    def _update_soon(self, batch: AttachmentBatch) -> None:
        """Update at once; for a batch of many files, at most once in `UPDATE_MS`."""
        if batch.total <= FEW_FILES or not self._readings:
            self._update()
        elif not self._timer.isActive():
            self._timer.start()

    def _update(self) -> None:
        """Add arrived attachments to the draft, which reports them; otherwise report progress."""
        self._timer.stop()
        if self._arrived_parts:
            self._add_arrived()
        else:
            self.progressed.emit()

    def _add_arrived(self) -> None:
        """Add the arrived attachments to the drafts of their conversations, each of them once."""
        arrived_parts = self._arrived_parts
        self._arrived_parts = []
        attachments = {part_id(part): part for part in self._draft.value.attachments}
        for reading, part in arrived_parts:
            if reading.conversation_id != self._current.id:  # another conversation is open by now
                self._tasks.start(self._drafts.attach(reading.conversation_id, part))
            # The draft has this very part if it was opened while the part was added to it.
            elif attachments.setdefault(part_id(part), part) is not part:
                reading.batch.add_duplicate(reading.name)
        self._draft.set_attachments(tuple(attachments.values()))
