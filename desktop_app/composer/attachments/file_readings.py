"""Reads files, texts and images, and adds them to the drafts of their conversations."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from msgspec import Struct
from PySide6.QtCore import QBuffer, QIODevice, QObject, QTimer
from PySide6.QtGui import QImage

from desktop_app.app.session import ConversationSession, Session
from desktop_app.composer.attachment_chips import Chip
from desktop_app.composer.attachments.attachment_facts import OTHER_READINGS_CHIP
from desktop_app.composer.attachments.document_passwords import DocumentPasswords
from desktop_app.composer.dropped_content import DroppedData
from desktop_app.desktop.window_request import MAX_FILES, too_many_files
from desktop_app.documents.worker.document_worker import OnProgress, Progress
from desktop_app.domain.conversations.conversation import new_id
from desktop_app.domain.conversations.message_parts import (
    DocumentPart,
    DraftPart,
    ImagePart,
    part_id,
)
from desktop_app.domain.documents.document_notes import DocumentNote
from desktop_app.domain.documents.extracted_document import ExtractedDocument
from desktop_app.domain.errors import DocumentError, StorageError, UserFacingError
from desktop_app.i18n.translation import N_, tr, tr_plural

DOCUMENT_TOPIC = "document"  # the topic of notifications about what was not attached or read
FEW_FILES = 8  # while more are read together, progress is reported ten times a second
UPDATE_MS = 100

_READING_TEXTS: Final = {
    "page": N_("reading page {number} of {total}…"),
    "chapter": N_("reading chapter {number} of {total}…"),
    "file": N_("reading file {number} of {total}…"),
}
_READING_PART_TEXT: Final = N_("reading part {number} of {total}…")


class FileReading(Struct):
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


def reading_chips(readings: dict[str, FileReading]) -> list[Chip]:
    """Return a chip for each file being read; for many, the first and one for the others."""
    separate_count = len(readings) if len(readings) <= FEW_FILES else 1
    chips = [
        Chip(id_, r.name, summary=r.detail, state="reading", progress=r.progress, icon="file-text")
        for id_, r in list(readings.items())[:separate_count]
    ]
    if other_count := len(readings) - separate_count:
        # Several readings share a batch, whose total counts once.
        totals_by_batch = {id(r.batch): r.batch.total for r in readings.values()}
        file_count = sum(totals_by_batch.values())
        read_count = file_count - len(readings)
        name = tr_plural("{count} more file", "{count} more files", other_count)
        detail = tr("{done} of {total} read", done=read_count, total=file_count)
        chips.append(
            Chip(
                OTHER_READINGS_CHIP,
                name,
                summary=detail,
                state="reading",
                progress=read_count / file_count,
                icon="file-text",
            )
        )
    return chips


class FileReadings(QObject):
    """The files to read for a prompt, of which at most `MAX_TASKS` are read at a time.

    Attributes:
        passwords: those of the documents.
    """

    def __init__(self, session: Session, conversation: ConversationSession) -> None:
        super().__init__(conversation.window)
        self._session = session
        self._conversation = conversation
        self.passwords = DocumentPasswords(conversation.window)
        self._notices = conversation.notices
        self._tasks = session.tasks
        self._current = conversation.current
        self._draft = conversation.draft
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
            self._notices.notify(str(too_many_files()), topic=DOCUMENT_TOPIC)
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
            self._session.queue.remove(conversation_id)
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
        self._notices.dismiss_topic(DOCUMENT_TOPIC)
        self.cancel(reading_ids)

    def _on_opened(self) -> None:
        """Load the paths of the attached documents, unless all are known."""
        self._notices.dismiss_topic(DOCUMENT_TOPIC)
        parts = self._draft.value.attachments
        documents = [p.sha256 for p in parts if isinstance(p, DocumentPart)]
        if any(sha256 not in self._session.origins.paths for sha256 in documents):
            self._tasks.start(self._session.origins.load(documents))

    # -------------------------------------------------------------- one file

    async def _read_content(
        self, reading_id: str, reading: FileReading, content: Path | str | DroppedData
    ) -> None:
        reading.has_begun = True
        is_attached = False
        try:
            on_progress = partial(self._show_progress, reading)
            part, note = await self.passwords.open_with_password(
                partial(
                    self._session.attachment_reader.read,
                    content,
                    on_progress,
                    reading.conversation_id,
                )
            )
            if note:
                message = f"{part.name}: {note}"
                # Chips show which pages are images, but not what was skipped.
                self._notices.notify(message, topic=DOCUMENT_TOPIC, stays=bool(note.skipped))
            if reading.conversation_id != self._current.id:
                await self._session.drafts.attach(reading.conversation_id, part)
            # Not "else": the conversation may have been opened while its stored draft was written.
            if reading.conversation_id == self._current.id:
                self._arrived_parts.append((reading, part))
            is_attached = True
            reading.batch.add_attached()
            if isinstance(content, Path):
                await self._store_origin(reading, part.sha256, content)
            if isinstance(content, str):
                self._session.attachments.offer_as_text(reading.conversation_id, part.sha256)
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
                self._session.queue.remove(reading.conversation_id)
            if not (was_canceled or self.is_reading(reading.conversation_id)):
                self._update()  # first, because a question may wait to be sent
                self._session.queue.send(reading.conversation_id)

    async def _store_origin(self, reading: FileReading, sha256: str, path: Path) -> None:
        """Record a file's location. It is not stored if the conversation is or was temporary.

        If storing it fails, the file stays attached.
        """
        self._session.origins.add(sha256, path)
        if self._session.temporary.was_ever_temporary(reading.conversation_id):
            return
        try:
            await self._session.backend.attachments.record_origin(sha256, path)
        except StorageError as error:
            reading.batch.add_location_failure(reading.name, error)

    # -------------------------------------------------------------- reports

    def _announce_attached(self, reading: FileReading) -> None:
        """Announce the files of a batch once, after the last."""
        batch = reading.batch
        if batch.left or not batch.attached or reading.conversation_id != self._current.id:
            return
        announcement = tr_plural("{count} file attached", "{count} files attached", batch.attached)
        self._notices.announce(
            tr("{name} attached", name=reading.name) if batch.total == 1 else announcement
        )

    def _notify_failures(self, batch: AttachmentBatch) -> None:
        """Report the failures of a batch; those of many files once the whole batch is read."""
        if batch.left and batch.total > FEW_FILES:
            return
        for message in batch.pop_messages():
            topic = "" if isinstance(message, str) else DOCUMENT_TOPIC
            self._notices.notify(message, topic=topic)

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
            self._conversation.chips.show()

    def _add_arrived(self) -> None:
        """Add the arrived attachments to the drafts of their conversations, each of them once."""
        arrived_parts = self._arrived_parts
        self._arrived_parts = []
        attachments = {part_id(part): part for part in self._draft.value.attachments}
        for reading, part in arrived_parts:
            if reading.conversation_id != self._current.id:  # another conversation is open by now
                self._tasks.start(self._session.drafts.attach(reading.conversation_id, part))
            # The draft has this very part if it was opened while the part was added to it.
            elif attachments.setdefault(part_id(part), part) is not part:
                reading.batch.add_duplicate(reading.name)
        self._draft.set_attachments(tuple(attachments.values()))


PASTED_NAME = N_("Pasted text.txt")
"""The name of pasted text that is attached, marked for translation."""

ATTACHED_TEXT = "the attached text"
"""The words in a prompt that tell the model that a value is attached, because it is long."""


class AttachmentReader:
    """Reader that stores dropped or pasted content as an attachment."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._attachment_store = session.backend.attachments
        self._documents = session.backend.documents

    async def read(
        self,
        content: Path | str | DroppedData,
        on_progress: OnProgress,
        conversation_id: str = "",
        password: str = "",
    ) -> tuple[DocumentPart | ImagePart, DocumentNote | None]:
        """Store the content; return its message part, and a note on how it was read, if any.

        Args:
            conversation_id: if it is that of a temporary conversation, the attachment stays in
                memory.

        Raises:
            DocumentError, StorageError: the content cannot be attached.
        """
        document: ExtractedDocument
        source: Path | bytes
        if isinstance(content, Path):
            source = content
            document = await self._documents.extract(content, on_progress, password=password)
        else:
            name = tr(PASTED_NAME) if isinstance(content, str) else content.name
            source = await _bytes_of(content)
            document = await self._documents.extract_bytes(
                name, source, on_progress, password=password
            )
        part = await self._attachment_store.add_document(source, document, conversation_id)
        return part, document.note


async def _bytes_of(content: str | DroppedData) -> bytes:
    if isinstance(content, str):
        return content.encode("utf-8", "surrogatepass")
    if isinstance(content.content, bytes):
        return content.content
    return await asyncio.to_thread(_png_of, content.content)


def _png_of(image: QImage) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]
    return bytes(buffer.data().data())


MAX_SEPARATE_ERRORS: Final = 3  # with more failed files, one error stands for all


class AttachmentBatch(Struct):
    """Files that were attached together, for example by one drop.

    Attributes:
        total: how many files there are.
        left: how many of them are still being read.
        attached: how many of them were attached now, and not already before.
    """

    total: int
    left: int = 0
    attached: int = 0
    _failures: list[UserFacingError] = []
    _duplicates: list[str] = []
    _location_failures: list[tuple[str, StorageError]] = []

    def __post_init__(self) -> None:
        self.left = self.total

    def end_reading(self) -> None:
        """Count a file whose reading has ended in any way."""
        self.left -= 1

    def add_attached(self) -> None:
        """Count a file that was read and attached."""
        self.attached += 1

    def add_failure(self, error: UserFacingError) -> None:
        """Note why a file was not attached."""
        self._failures.append(error)

    def add_duplicate(self, name: str) -> None:
        """Note that a file, counted as attached just now, was attached before."""
        self.attached -= 1
        self._duplicates.append(name)

    def add_location_failure(self, name: str, error: StorageError) -> None:
        """Note why an attached file's location could not be stored."""
        self._location_failures.append((name, error))

    def discard_failures(self) -> None:
        """Forget why files were not attached, as far as that is not reported yet."""
        self._failures.clear()

    def pop_messages(self) -> list[UserFacingError | str]:
        """Return the messages for the user since the last call."""
        messages: list[UserFacingError | str] = [*self._location_errors(), *self._failure_errors()]
        if self._duplicates:
            messages.append(self._duplicates_text())
        self._failures.clear()
        self._duplicates.clear()
        self._location_failures.clear()
        return messages

    def _duplicates_text(self) -> str:
        if len(self._duplicates) == 1:
            return tr("“{name}” is already attached.", name=self._duplicates[0])
        return tr_plural(
            "{count} file is already attached.",
            "{count} files are already attached.",
            len(self._duplicates),
        )

    def _failure_errors(self) -> list[UserFacingError]:
        """Return an error per file if few failed, else a single error for all."""
        if len(self._failures) <= MAX_SEPARATE_ERRORS:
            return self._failures
        return [
            DocumentError(
                N_("Couldn’t attach {failed} of {total} files."),
                failed=len(self._failures),
                total=self.total,
                words=self._failures[0].what_happened,
            )
        ]

    def _location_errors(self) -> list[UserFacingError]:
        """Return a single error for all files whose location could not be stored."""
        if not self._location_failures:
            return []
        name, error = self._location_failures[0]
        count = len(self._location_failures)
        return [
            StorageError(
                N_("“{name}” is attached, but its location wasn’t saved.")
                if count == 1
                else N_("{count} files are attached, but their locations weren’t saved."),
                error.hint,
                params={**error.params, "name": name, "count": count},
                details=error.details,
            )
        ]


MAX_TASKS: Final = 64  # 5,000 tasks at once would hold the event loop for a second

Start = Callable[[], "asyncio.Future[Any] | None"]
"""Starts a task and returns it; returns None if the work was canceled."""


class TaskQueue:
    """A queue of which at most MAX_TASKS tasks run at a time."""

    def __init__(self) -> None:
        self._waiting: deque[Start] = deque()
        self._running = 0

    def add(self, starts: Iterable[Start]) -> None:
        """Add tasks, and start the next ones unless enough run."""
        self._waiting.extend(starts)
        while self._waiting and self._running < MAX_TASKS:
            task = self._waiting.popleft()()
            if task is not None:
                self._running += 1
                task.add_done_callback(self._on_done)

    def _on_done(self, _task: asyncio.Future[Any]) -> None:
        self._running -= 1
        self.add(())
