"""Reads files, texts and images, and adds them to the drafts of their conversations."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Final, TypeVar

from msgspec import Struct
from PySide6.QtCore import QBuffer, QIODevice, QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from desktop_app.app.session import ConversationSession, Session
from desktop_app.app.window_request import MAX_FILES, too_many_files
from desktop_app.composer.attachment_chips import Chip, ChipAction
from desktop_app.composer.attachments.attachment_facts import OTHER_READINGS_CHIP
from desktop_app.composer.drafts import AttachmentOrigins
from desktop_app.composer.dropped_content import DroppedData
from desktop_app.documents.worker.document_worker import OnProgress, Progress
from desktop_app.documents.worker.pdf_reading import PartlyReadError
from desktop_app.documents.worker.reading_turns import OnWait
from desktop_app.domain import errors
from desktop_app.domain.conversations.conversation import new_id
from desktop_app.domain.conversations.message_parts import (
    DocumentPart,
    DraftPart,
    ImagePart,
    part_id,
)
from desktop_app.domain.documents.document_notes import DocumentNote
from desktop_app.i18n.translation import N_, tr, tr_plural
from desktop_app.widgets.cards.notifications import NOT_SENT, Actions

DOCUMENT_TOPIC = "document"  # the topic of notifications about what was not attached or read
FEW_FILES = 8  # while more are read together, progress is reported ten times a second
UPDATE_MS = 100
MAX_TASKS: Final = 64  # 5,000 readings at once would hold the event loop for a second
MAX_SEPARATE_ERRORS: Final = 3  # with more failed files, one error stands for all

USE_READ_ACTION = "use-read-pages"
GO_ON_ACTION = "go-on-reading"

PASTED_NAME = N_("Pasted text.txt")
"""The name of pasted text that is attached, marked for translation."""
ATTACHED_TEXT = "the attached text"
"""The words in a prompt that tell the model that a value is attached, because it is long."""

_READING_TEXTS: Final = {
    "page": N_("reading page {number} of {total}…"),
    "chapter": N_("reading chapter {number} of {total}…"),
    "file": N_("reading file {number} of {total}…"),
    "second": N_("transcribing: {number} of {total} s…"),
}
_READING_PART_TEXT: Final = N_("reading part {number} of {total}…")

T = TypeVar("T")
Attempt = Callable[[str], Awaitable[T]]
Content = Path | str | DroppedData
"""A file by its path, a text as itself, or data without a file."""


class Batch(Struct):
    """Files that were attached together, for example by one drop.

    Attributes:
        total: how many files there are.
        left: how many of them are still being read.
        attached: how many of them were attached now, and not already before.
        failures, duplicates: why files were not attached, and the names of those that were
            attached before; reported together.
    """

    total: int
    left: int
    attached: int = 0
    failures: list[errors.UserFacingError] = []
    duplicates: list[str] = []


class FileReading(Struct):
    """A file that is being read.

    Attributes:
        batch: the files that were given together with this one.
        number: those of files that were given before are lower.
        detail: the progress as a text.
        progress: the progress from 0 to 1, None if it is unknown.
        choice: set if reading stands still: True to go on, False to use the pages that were read.
        is_queued: whether it belongs to the queued question, no longer to the prompt.
    """

    conversation_id: str
    name: str
    content: Content
    batch: Batch
    number: int
    detail: str
    progress: float | None = None
    choice: asyncio.Future[bool] | None = None
    is_queued: bool = False
    task: asyncio.Future[Any] | None = None


def reading_chips(readings: dict[str, FileReading]) -> list[Chip]:
    """Return a chip for each file being read; for many, the first and one for the others."""
    separate_count = len(readings) if len(readings) <= FEW_FILES else 1
    chips = [
        Chip(
            id_,
            r.name,
            summary=r.detail,
            state="large" if r.choice else "reading",
            progress=r.progress,
            icon="file-text",
            actions=_standstill_actions() if r.choice else (),
        )
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


def _standstill_actions() -> tuple[ChipAction, ...]:
    return (
        ChipAction(USE_READ_ACTION, tr("Use what was read")),
        ChipAction(GO_ON_ACTION, tr("Go on reading")),
    )


class DocumentPasswords:
    """Passwords that the user enters in dialogs over a window, for one document at a time.

    They go to the process that reads documents. They stay in memory until the program ends, so
    that pages sent as images can be rendered again. They are never logged, stored or exported.
    """

    def __init__(self, window: QWidget) -> None:
        self._window = window
        self._dialog_lock = asyncio.Lock()
        self._known_passwords: list[str] = []  # each has opened a document since the start

    async def open_with_password(self, attempt: Attempt[T]) -> T:
        """Call `attempt` with passwords until one opens the document; return its result.

        "" is tried first, then passwords of other documents, then passwords from the user.

        Raises:
            DocumentEncryptedError: no password would open it, or the user enters none.
            UserFacingError: other errors of `attempt`.
        """
        try:
            return await attempt("")
        except errors.DocumentEncryptedError as error:
            if not error.takes_password:
                raise
            first_error = refusal = error
        async with self._dialog_lock:
            for known_password in self._known_passwords:
                with suppress(errors.DocumentEncryptedError):
                    return await attempt(known_password)
            was_wrong = False
            while password := await self._ask(refusal.what_happened, was_wrong=was_wrong):
                try:
                    result = await attempt(password)
                except errors.DocumentEncryptedError as error:
                    refusal, was_wrong = error, True
                else:
                    self._known_passwords.insert(0, password)
                    return result
            raise first_error

    async def _ask(self, reason: str, *, was_wrong: bool) -> str | None:
        from desktop_app.documents.ui.password_dialog import PasswordDialog

        answer: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        dialog = PasswordDialog(reason, self._window, was_wrong=was_wrong)

        def on_answered(password: str | None) -> None:
            if not answer.done():
                answer.set_result(password)

        dialog.answered.connect(on_answered)
        dialog.open()
        dialog.field.setFocus()
        try:
            return await answer
        except asyncio.CancelledError:
            dialog.reject()
            raise


class FileReadings(QObject):
    """The files to read for a prompt, of which at most `MAX_TASKS` are read at a time.

    Attributes:
        passwords: those of the documents.

    Signals:
        progressed(): files are being read, or no longer.
        given_up(str): the queued question of this conversation lacks a file that it waited for.
        ended(str): a file for the conversation of this id is not being read any more.
        text_attached(str, str): a long text was attached to a conversation; its SHA-256 is second.
    """

    progressed = Signal()
    given_up = Signal(str)
    ended = Signal(str)
    text_attached = Signal(str, str)

    def __init__(self, session: Session, conversation: ConversationSession) -> None:
        super().__init__(conversation.window)
        self._session = session
        self.passwords = DocumentPasswords(conversation.window)
        self._notices = conversation.notices
        self._tasks = session.tasks
        self._current = conversation.current
        self._draft = conversation.draft
        self._readings: dict[str, FileReading] = {}
        # By conversation.
        self._slots: defaultdict[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(MAX_TASKS)
        )
        self._arrived_parts: list[tuple[FileReading, DraftPart]] = []
        self._numbers = count()
        self._places: dict[str, int] = {}  # the numbers of attachments
        self._timer = QTimer(self, singleShot=True, interval=UPDATE_MS)
        self._timer.timeout.connect(self._update)
        self._current.opened.connect(self._on_opened)

    @property
    def ids(self) -> frozenset[str]:
        """Return the ids of the files that are being read, of all conversations."""
        return frozenset(self._readings)

    @property
    def in_open_conversation(self) -> dict[str, FileReading]:
        """Return the files that are being read for the open prompt, by id."""
        return {i: r for i, r in self.readings_of(self._current.id).items() if not r.is_queued}

    def readings_of(self, conversation_id: str) -> dict[str, FileReading]:
        """Return the files of a conversation that are being read, by id."""
        return {i: r for i, r in self._readings.items() if r.conversation_id == conversation_id}

    def read(self, contents: Iterable[tuple[str, Content]], conversation_id: str = "") -> None:
        """Read named contents, and attach them to a draft, by default the open conversation's."""
        named_contents = list(contents)
        if len(named_contents) > MAX_FILES:
            self._notices.notify(str(too_many_files()), topic=DOCUMENT_TOPIC)
            return
        batch = Batch(len(named_contents), len(named_contents))
        for name, content in named_contents:
            reading_id = new_id()
            reading = self._readings[reading_id] = FileReading(
                conversation_id or self._current.id,
                name,
                content,
                batch,
                next(self._numbers),
                tr("reading…"),
            )
            reading.task = self._tasks.start(self._read(reading_id, reading))
        self._update()

    def waits_for(self, reading: FileReading) -> bool:
        """Return True if a queued question of the conversation would wait for a file."""
        held = self._session.drafts.held(reading.conversation_id)
        return reading.is_queued or held is None

    def set_queued(self, conversation_id: str, is_queued: bool) -> None:
        """Let the files belong to the queued question of a conversation, or to its prompt again."""
        readings = self.readings_of(conversation_id).values()
        if readings:
            self._update()  # first, because what has arrived belongs to the prompt's draft
            for reading in readings:
                reading.is_queued = is_queued
            self.progressed.emit()

    def cancel(self, reading_ids: Iterable[str]) -> None:
        canceled = [self._readings.pop(reading_id) for reading_id in reading_ids]
        for reading in canceled:
            reading.batch.left -= 1
            if reading.task is not None:
                reading.task.cancel()
        # Once for each conversation and batch, because there may be thousands of files.
        for conversation_id in {r.conversation_id for r in canceled if self.waits_for(r)}:
            self.given_up.emit(conversation_id)
        self._update()
        for batch in {id(reading.batch): reading.batch for reading in canceled}.values():
            self._report(batch)

    def cancel_all(self) -> None:
        """Cancel all reading, without reporting the files that failed to be attached."""
        self._cancel_silently(list(self._readings))

    def cancel_paths(self, paths: Iterable[Path]) -> None:
        """Cancel reading these files for the open conversation, without reporting failures."""
        canceled = set(paths)
        readings = self.in_open_conversation.items()
        self._cancel_silently(
            [i for i, r in readings if isinstance(r.content, Path) and r.content in canceled]
        )

    def _cancel_silently(self, reading_ids: list[str]) -> None:
        for reading_id in reading_ids:
            self._readings[reading_id].batch.failures.clear()
        self._notices.dismiss_topic(DOCUMENT_TOPIC)
        self.cancel(reading_ids)

    def _on_opened(self) -> None:
        """Load the paths of the attached documents."""
        self._notices.dismiss_topic(DOCUMENT_TOPIC)
        parts = self._draft.value.attachments
        documents = [p.sha256 for p in parts if isinstance(p, DocumentPart)]
        if documents:
            self._tasks.start(self._session.of(AttachmentOrigins).load(documents))

    # -------------------------------------------------------------- one file

    async def _read(self, reading_id: str, reading: FileReading) -> None:
        batch, conversation_id = reading.batch, reading.conversation_id
        is_attached = False
        try:
            on_progress = partial(self._show_progress, reading)
            async with self._slots[conversation_id]:
                part, note = await self.passwords.open_with_password(
                    partial(
                        self.read_content,
                        reading.content,
                        on_progress,
                        conversation_id,
                        on_standstill=partial(self._ask_to_go_on, reading),
                        on_wait=partial(self._show_waiting, reading),
                    )
                )
            if note:
                # Chips show which pages are images, but not what was skipped.
                message = f"{part.name}: {note}"
                self._notices.notify(message, topic=DOCUMENT_TOPIC, stays=bool(note.skipped))
            if reading.is_queued:
                self._session.drafts.attach_to_held(conversation_id, part)
            elif conversation_id != self._current.id:
                await self._session.drafts.attach(conversation_id, part)
            # Not "else": the conversation may have been opened while its stored draft was written.
            if conversation_id == self._current.id and not reading.is_queued:
                self._arrived_parts.append((reading, part))
            is_attached = True
            batch.attached += 1
            if isinstance(reading.content, Path):
                self._session.of(AttachmentOrigins).paths[part.sha256] = reading.content
                if not self._session.temporary.was_ever_temporary(conversation_id):
                    # Nothing is lost: its content is stored, and opens as a copy.
                    with suppress(errors.StorageError):
                        store = self._session.backend.attachments
                        await store.record_origin(part.sha256, reading.content)
            if isinstance(reading.content, str):
                self.text_attached.emit(conversation_id, part.sha256)
        except errors.UserFacingError as error:
            batch.failures.append(error)
        finally:
            # `cancel` has removed and counted a canceled reading, and reports it.
            if self._readings.pop(reading_id, None) is not None:
                batch.left -= 1
                self._end(reading, is_attached=is_attached)

    def _end(self, reading: FileReading, *, is_attached: bool) -> None:
        """Show and announce that a file was read, and send the question that waits for it."""
        batch, conversation_id = reading.batch, reading.conversation_id
        self._update_soon(batch)
        if not batch.left and batch.attached and conversation_id == self._current.id:
            text = tr("{name} attached", name=reading.name)
            if batch.total > 1:
                text = tr_plural("{count} file attached", "{count} files attached", batch.attached)
            self._notices.announce(text)
        self._report(batch)
        if not is_attached and self.waits_for(reading):
            self.given_up.emit(conversation_id)
        if not self.readings_of(conversation_id):
            self._update()  # first, because a question may wait to be sent
        self.ended.emit(conversation_id)

    async def read_content(
        self,
        content: Content,
        on_progress: OnProgress,
        conversation_id: str = "",
        password: str = "",
        *,
        on_standstill: Callable[[PartlyReadError], Awaitable[bool]] | None = None,
        on_wait: OnWait = lambda _name: None,
    ) -> tuple[DocumentPart | ImagePart, DocumentNote | None]:
        """Store the content; return its message part, and a note on how it was read, if any.

        The attachment of a temporary conversation stays in memory.

        Args:
            on_standstill: decides whether to go on, or to use the part that was read.
            on_wait: gets the name of the file that it waits for, "" once it waits no more.

        Raises:
            DocumentError, StorageError: the content cannot be attached.
        """
        documents = self._session.backend.documents
        source: Path | bytes
        if isinstance(content, Path):
            source = content
            extraction = documents.extract(
                content,
                on_progress,
                password=password,
                asks=True,
                conversation_id=conversation_id,
                on_wait=on_wait,
            )
        else:
            if isinstance(content, str):
                name, source = tr(PASTED_NAME), content.encode("utf-8", "surrogatepass")
            elif isinstance(content.content, bytes):
                name, source = content.name, content.content
            else:
                buffer = QBuffer()
                buffer.open(QIODevice.OpenModeFlag.WriteOnly)
                await asyncio.to_thread(content.content.save, buffer, "PNG")  # type: ignore[arg-type]
                name, source = content.name, bytes(buffer.data().data())
            extraction = documents.extract_bytes(
                name, source, on_progress, password=password, asks=True
            )
        while True:
            try:
                document = await extraction
                break
            except PartlyReadError as error:
                if on_standstill is None:
                    raise
                goes_on = await on_standstill(error)
                extraction = error.reading.read(on_progress) if goes_on else error.reading.finish()
        store = self._session.backend.attachments
        return await store.add_document(source, document, conversation_id), document.note

    async def _ask_to_go_on(self, reading: FileReading, error: PartlyReadError) -> bool:
        """Return True to go on reading, False to use the part that was read, as the user says."""
        choice: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        reading.choice = choice
        reading.detail = error.reading.progress
        self._update()

        def choose(goes_on: bool) -> None:
            if not choice.done():
                choice.set_result(goes_on)

        offers = [
            (tr("Use what was read"), partial(choose, False)),
            (tr("Go on reading"), partial(choose, True)),
        ]
        topic = f"standstill-{new_id()}"
        self._notices.notify(error.what_happened, offers, topic=topic, stays=True)
        try:
            return await choice
        finally:
            reading.choice = None
            reading.detail = tr("reading…")
            self._notices.dismiss_topic(topic)
            self._update()

    def run_action(self, reading_id: str, action: str) -> None:
        """Use the pages that were read, or go on, as chosen in a chip's menu."""
        choice = self._readings[reading_id].choice
        if choice and not choice.done() and action in (USE_READ_ACTION, GO_ON_ACTION):
            choice.set_result(action == GO_ON_ACTION)

    # -------------------------------------------------------------- passwords

    def remedies_for(self, error: errors.UserFacingError) -> Actions:
        """Return the offer to enter the password if a document's pages need it; else ()."""
        if not isinstance(error, errors.DocumentEncryptedError) or not error.sha256:
            return ()
        return [(tr("Enter password…"), lambda: self._tasks.start(self._unlock(error.sha256)))]

    async def _unlock(self, sha256: str) -> None:
        sent_parts = [part for message in self._current.path for part in message.attachments]
        parts = (*self._draft.value.attachments, *sent_parts)
        part = next((p for p in parts if isinstance(p, DocumentPart) and p.sha256 == sha256), None)
        if part is None:
            return
        original = await self._session.backend.attachments.bytes(sha256)

        documents = self._session.backend.documents

        async def attempt(password: str) -> None:
            # A rendered page proves that the password is right; a small image is enough.
            number = part.pictured[0].number if part.pictured else 1
            pages = [(number, (8, 8))]
            await documents.render_pages(part.name, original, pages, password=password)
            documents.remember_password(sha256, password)

        await self.passwords.open_with_password(attempt)
        self._notices.dismiss_topic(NOT_SENT)
        self._notices.notify(
            tr("“{name}” is unlocked until you quit. Send again.", name=part.name), topic=NOT_SENT
        )

    # -------------------------------------------------------------- reports

    def _report(self, batch: Batch) -> None:
        """Report the failures of a batch; those of many files once the whole batch is read."""
        if batch.left and batch.total > FEW_FILES:
            return
        failures, batch.failures = batch.failures, []
        # At the end, because a note on a later file of the batch would take their place.
        duplicates = [] if batch.left else batch.duplicates
        if len(failures) > MAX_SEPARATE_ERRORS:
            error = errors.DocumentError(
                N_("Couldn’t attach {failed} of {total} files."),
                failed=len(failures),
                total=batch.total,
                words=failures[0].what_happened,
            )
            failures = [error]
        for failure in failures:
            self._notices.notify(failure, topic=DOCUMENT_TOPIC)
        if duplicates:
            batch.duplicates = []
        if len(duplicates) == 1:
            self._notices.notify(tr("“{name}” is already attached.", name=duplicates[0]))
        elif duplicates:
            self._notices.notify(
                tr_plural(
                    "{count} file is already attached.",
                    "{count} files are already attached.",
                    len(duplicates),
                )
            )

    def _show_waiting(self, reading: FileReading, name: str) -> None:
        reading.detail = tr("waits for {name}", name=name) if name else tr("reading…")
        self._update_soon(reading.batch)

    def _show_progress(self, reading: FileReading, progress: Progress) -> None:
        if progress.total:
            sentence = _READING_TEXTS.get(progress.unit, _READING_PART_TEXT)
            reading.detail = tr(sentence, number=progress.done, total=progress.total)
            reading.progress = progress.done / progress.total
        self._update_soon(reading.batch)

    def _update_soon(self, batch: Batch) -> None:
        """Update at once; for a batch of many files, at most once in `UPDATE_MS`."""
        if batch.total <= FEW_FILES or not self._readings:
            self._update()
        elif not self._timer.isActive():
            self._timer.start()

    def _update(self) -> None:
        """Add arrived attachments to the draft, which reports them; otherwise report progress."""
        self._timer.stop()
        if not self._arrived_parts:
            self.progressed.emit()
            return
        arrived_parts, self._arrived_parts = self._arrived_parts, []
        attachments = {part_id(part): part for part in self._draft.value.attachments}
        for reading, part in arrived_parts:
            self._places.setdefault(part_id(part), reading.number)
            if reading.conversation_id != self._current.id:  # another conversation is open by now
                self._tasks.start(self._session.drafts.attach(reading.conversation_id, part))
            # The draft has this very part if it was opened while the part was added to it.
            elif attachments.setdefault(part_id(part), part) is not part:
                reading.batch.attached -= 1
                reading.batch.duplicates.append(reading.name)
        # Small files are read before large ones, but stay where they were given.
        ordered = sorted(attachments, key=lambda id_: self._places.get(id_, -1))
        self._draft.set_attachments(tuple(attachments[id_] for id_ in ordered))
