"""Attaches documents and images: reads them, and shows them as chips."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from PySide6.QtCore import QObject, QTimer, Signal

from desktop_app.app.attachments.attachment_batch import AttachmentBatch
from desktop_app.app.attachments.attachment_facts import document_chip
from desktop_app.app.attachments.attachment_reader import PASTED_NAME, AttachmentReader
from desktop_app.app.state.providers import PROVIDER_REMOVED
from desktop_app.app.tasks import Tasks
from desktop_app.domain.conversations.conversation import new_id
from desktop_app.domain.conversations.message_facts import token_count
from desktop_app.domain.conversations.message_parts import (
    CollectionPart,
    DocumentPart,
    DraftPart,
    ImagePart,
    part_id,
)
from desktop_app.domain.errors import (
    DocumentDoesNotFitError,
    IllegalChoiceError,
    StorageError,
    UserFacingError,
)
from desktop_app.i18n.translation import N_, tr, tr_plural
from desktop_app.services.documents.file_attachments import not_files, require_files
from desktop_app.services.documents.image_attachments import require_image_input, with_detail
from desktop_app.storage.database.temporary_database import TemporaryConversations
from desktop_app.ui.composer.prompt_editor import Chip, PromptEditor
from desktop_app.ui.composer.prompt_text import LARGEST_TEXT

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from desktop_app.app.attachments.document_passwords import DocumentPasswords
    from desktop_app.app.attachments.image_chips import ImageChips
    from desktop_app.app.state.attachment_origins import AttachmentOrigins
    from desktop_app.app.state.collection_notes import CollectionNotes
    from desktop_app.app.state.dependency_groups import AnswerSettings, ConversationSession
    from desktop_app.app.state.prompt_list import PromptList
    from desktop_app.documents.worker.document_worker import Progress
    from desktop_app.services.chat.choice_resolution import ResolvedChoice
    from desktop_app.storage.documents.attachment_store import AttachmentStore
    from desktop_app.ui.composer.dropped_content import DroppedData
    from desktop_app.ui.window.cards.notifications import Notifications

TOPIC = "document"  # the topic of notifications about content that was not attached
FEW_FILES = 8  # while more are read, the chips are updated ten times a second
UPDATE_MS = 100
REST_CHIP = "rest"  # the id of the chip that stands for the files that wait
MAX_CHIPS = 40  # attachments with a chip of their own, unless the user wants to see all
MORE_CHIP = "more"  # the id of the chip that stands for the others

_READING: Final = {
    "page": N_("reading page {number} of {total}…"),
    "chapter": N_("reading chapter {number} of {total}…"),
    "file": N_("reading file {number} of {total}…"),
}
_READING_PART: Final = N_("reading part {number} of {total}…")


@dataclass
class _Reading:
    """A file that is being read."""

    conversation_id: str
    name: str
    batch: AttachmentBatch
    detail: str
    progress: float | None = None
    task: asyncio.Future[Any] | None = None


def _reading_text(progress: Progress) -> str:
    if not progress.total:
        return tr("reading…")
    sentence = _READING.get(progress.unit, _READING_PART)
    return tr(sentence, number=progress.done, total=progress.total)


class AttachmentsController(QObject):
    """Connects drops, the document worker and the draft.

    Signals:
        reading_failed(str): a file of this conversation was not attached, or is not wanted.
        reading_ended(str): no file of this conversation is being read any more.
    """

    reading_failed = Signal(str)
    reading_ended = Signal(str)

    def __init__(
        self,
        parent: QWidget,
        pictures: ImageChips,
        prompts: PromptList,
        passwords: DocumentPasswords,
        *,
        prompt: PromptEditor,
        notifications: Notifications,
        session: ConversationSession,
        reader: AttachmentReader,
        origins: AttachmentOrigins,
        notes: CollectionNotes,
        answer_settings: AnswerSettings,
        temporary: TemporaryConversations,
        tasks: Tasks,
        attachment_store: AttachmentStore,
    ) -> None:
        super().__init__(parent)
        self._prompt, self._notifications = prompt, notifications
        self._current, self._draft = session.current, session.draft
        self._providers = answer_settings.providers
        self._setup, self._temporary = answer_settings.setup, temporary
        self._drafts, self._tasks = session.drafts, tasks
        self._attachment_store = attachment_store
        self._pictures = pictures
        self._reading: dict[str, _Reading] = {}
        self._arrived: list[tuple[_Reading, DraftPart]] = []
        self._shows_all = self._has_opened = False
        self._soon = QTimer(self, singleShot=True, interval=UPDATE_MS)
        self._soon.timeout.connect(self._update)
        self._prompts, self._passwords = prompts, passwords
        self._reader, self._origins, self._notes = reader, origins, notes
        prompt.attach_requested.connect(self.attach)
        prompt.field.large_text_pasted.connect(self.attach_text)
        prompt.field.image_pasted.connect(self.attach_content)
        prompt.chips.detail_requested.connect(self._choose_detail)
        pictures.thumbnail_ready.connect(self._show_thumbnail)
        prompt.chips.remove_requested.connect(self._remove)
        prompts.changed.connect(self._show_suggestions)
        prompt.text_changed.connect(self._show_suggestions)
        self._current.opened.connect(self._on_opened)
        self._current.opened.connect(self._show)
        self._setup.choice_changed.connect(self._show)
        self._draft.changed.connect(self._show)
        notes.changed.connect(self._show)
        self._providers.changed.connect(self._show)
        self._providers.listings_changed.connect(self._show)
        self._current.path_changed.connect(self._show)
        self._current.compactions_changed.connect(self._show)

    # -------------------------------------------------------------- reading

    @property
    def reading(self) -> frozenset[str]:
        """The ids of the files that are being read, of all conversations."""
        return frozenset(self._reading)

    def is_reading(self, conversation_id: str) -> bool:
        """Return True if a file of a conversation is being read."""
        return any(r.conversation_id == conversation_id for r in self._reading.values())

    def attach(self, paths: Iterable[Path], conversation_id: str = "") -> None:
        """Read files and attach them to a conversation's draft, by default the open one's."""
        files = list(paths)
        batch = AttachmentBatch(len(files), len(files))
        for path in files:
            self._begin(path.name or str(path), path, conversation_id, batch)
        self._update()
        self._prompt.focus_text()

    def attach_text(self, text: str) -> None:
        """Attach a long pasted text as a document."""
        self._begin(tr(PASTED_NAME), text, "")
        self._update()

    def attach_content(self, content: DroppedData, conversation_id: str = "") -> None:
        """Attach a pasted or dropped image or message that is not a file."""
        self._begin(content.name, content, conversation_id)
        self._update()
        self._prompt.focus_text()

    def insert_as_text(self) -> None:
        """Move the last attached plain text, pasted or from a file, into the prompt."""
        documents = [p for p in self._draft.value.attachments if isinstance(p, DocumentPart)]
        texts = [part for part in documents if part.media_type == "text/plain"]
        if texts:
            self._tasks.start(self._insert_as_text(texts[-1].sha256))
        else:
            self._notifications.notify(tr("No text is attached"))

    async def _insert_as_text(self, sha256: str) -> None:
        conversation_id = self._current.id
        text = await self._attachment_store.text(sha256)
        if conversation_id != self._current.id:
            return
        if len(text) > LARGEST_TEXT:
            self._notifications.notify(tr("This text is too long for the message box."))
            return
        self._prompt.field.put(text)
        self._remove_part(sha256)
        self._prompt.focus_text()

    def close(self) -> None:
        """Cancel all reading without a report."""
        for reading_id, reading in list(self._reading.items()):
            reading.batch.failed.clear()
            self._cancel_reading(reading_id)
        self._notifications.dismiss_topic(TOPIC)
        self._update()

    def _begin(
        self,
        name: str,
        content: Path | str | DroppedData,
        conversation_id: str,
        batch: AttachmentBatch | None = None,
    ) -> None:
        here = conversation_id or self._current.id
        reading = _Reading(here, name, batch or AttachmentBatch(1, 1), tr("reading…"))
        reading_id = new_id()
        self._reading[reading_id] = reading
        reading.task = self._tasks.start(self._run(reading_id, reading, content))

    async def _run(
        self, reading_id: str, reading: _Reading, content: Path | str | DroppedData
    ) -> None:
        is_attached = False
        try:
            on_progress = partial(self._show_progress, reading)
            part, note = await self._passwords.open_with_password(
                partial(self._reader.read, content, on_progress, reading.conversation_id)
            )
            if note:  # how it was read, if that is unexpected
                self._notifications.notify(note)
            await self._add(reading, part)
            is_attached = True
            reading.batch.attached += 1
            if isinstance(content, Path):
                await self._note_origin(reading, part.sha256, content)
            if isinstance(content, str):
                self._offer_as_text(reading.conversation_id, part.sha256)
        except UserFacingError as error:
            reading.batch.failed.append(error)
        finally:
            is_wanted = self._reading.pop(reading_id, None) is not None
            reading.batch.left -= 1
            if is_wanted:
                self._show_soon(reading.batch)
                self._announce_attached(reading)
            if not reading.batch.left or reading.batch.total <= FEW_FILES:
                self._notify_failures(reading.batch)
            if is_wanted:
                self._report_end(reading.conversation_id, is_attached=is_attached)

    def _report_end(self, conversation_id: str, *, is_attached: bool) -> None:
        if not is_attached:
            self.reading_failed.emit(conversation_id)
        if not self.is_reading(conversation_id):
            self._update()
            self.reading_ended.emit(conversation_id)

    async def _note_origin(self, reading: _Reading, sha256: str, path: Path) -> None:
        """Store a file's location; if that fails, the file stays attached."""
        self._origins.add(sha256, path)
        if self._temporary.was_begun(reading.conversation_id):
            return
        try:
            await self._attachment_store.note_origin(sha256, path)
        except StorageError as error:
            reading.batch.without_location.append((reading.name, error))

    def _offer_as_text(self, conversation_id: str, sha256: str) -> None:
        if conversation_id == self._current.id:
            work = partial(self._insert_as_text, sha256)
            self._notifications.notify(
                tr("Long text attached as a document"),
                [(tr("Insert as text"), lambda: self._tasks.start(work()))],
            )

    def _announce_attached(self, reading: _Reading) -> None:
        """Announce the files of a batch once, after the last."""
        batch = reading.batch
        count = batch.attached - len(batch.known)
        if batch.left or not count or reading.conversation_id != self._current.id:
            return
        words = tr_plural("{count} file attached", "{count} files attached", count)
        self._notifications.announce(
            tr("{name} attached", name=reading.name) if batch.total == 1 else words
        )

    def _notify_failures(self, batch: AttachmentBatch) -> None:
        for words in batch.take_messages():
            topic = "" if isinstance(words, str) else TOPIC
            self._notifications.notify(words, topic=topic)

    def _show_progress(self, reading: _Reading, progress: Progress) -> None:
        reading.detail = _reading_text(progress)
        reading.progress = progress.done / progress.total if progress.total else None
        self._show_soon(reading.batch)

    async def _add(self, reading: _Reading, part: DraftPart) -> None:
        if reading.conversation_id != self._current.id:
            await self._drafts.attach(reading.conversation_id, part)
            return
        self._arrived.append((reading, part))

    def _show_soon(self, batch: AttachmentBatch) -> None:
        """Update the chips at once, or with many files ten times a second."""
        if batch.total <= FEW_FILES or not self._reading:
            self._update()
        elif not self._soon.isActive():
            self._soon.start()

    def _update(self) -> None:
        self._soon.stop()
        if self._arrived:
            self._add_arrived()
        else:
            self._show()

    def _add_arrived(self) -> None:
        """Add what was read to the draft, each attachment once."""
        arrived, self._arrived = self._arrived, []
        attachments = {part_id(part): part for part in self._draft.value.attachments}
        for reading, part in arrived:
            if reading.conversation_id != self._current.id:  # another conversation is open by now
                self._tasks.start(self._drafts.attach(reading.conversation_id, part))
            elif attachments.setdefault(part_id(part), part) is not part:
                reading.batch.known.append(reading.name)
        self._draft.set_attachments(tuple(attachments.values()))

    def _remove(self, chip_id: str) -> None:
        if chip_id == REST_CHIP:
            for reading_id in list(self._reading_here())[1:]:
                self._cancel_reading(reading_id)
            self._update()
            return
        if chip_id in self._reading:
            self._cancel_reading(chip_id)
            self._update()
            return
        before = self._draft.value.attachments
        self._remove_part(chip_id)
        kept = self._draft.value.attachments
        removed = [part for part in before if part not in kept]
        if removed:
            words = tr("“{name}” removed", name=removed[0].name)
            if len(removed) > 1:
                words = tr_plural(
                    "{count} attachment removed", "{count} attachments removed", len(removed)
                )
            undo = self._make_undo(self._current.id, before, removed)
            self._notifications.notify_undo(words, undo)

    def _remove_part(self, chip_id: str) -> None:
        kept = tuple(p for p in self._draft.value.attachments if part_id(p) != chip_id)
        if chip_id == MORE_CHIP:
            kept = kept[:MAX_CHIPS]
        self._draft.set_attachments(kept)

    def _make_undo(
        self, conversation_id: str, before: Sequence[DraftPart], removed: Sequence[DraftPart]
    ) -> Callable[[], None]:
        """Return what attaches removed parts again, to the draft that had them."""

        async def elsewhere() -> None:
            for part in removed:
                await self._drafts.attach(conversation_id, part)

        def undo() -> None:
            if conversation_id != self._current.id:
                self._tasks.start(elsewhere())
                return
            now = self._draft.value.attachments
            here = {part_id(part): part for part in (*removed, *now)}
            order = dict.fromkeys(map(part_id, (*before, *now)))
            self._draft.set_attachments([here[id_] for id_ in order if id_ in here])

        return undo

    def _cancel_reading(self, reading_id: str) -> None:
        reading = self._reading.pop(reading_id)
        if reading.task is not None:
            reading.task.cancel()
        self.reading_failed.emit(reading.conversation_id)

    def _choose_detail(self, chip_id: str, detail: str) -> None:
        """Change an image's detail, or show all chips."""
        if chip_id == MORE_CHIP:
            self._shows_all = True
            self._show()
            return
        attachments = tuple(
            with_detail(part, detail)
            if not isinstance(part, CollectionPart) and part.sha256 == chip_id
            else part
            for part in self._draft.value.attachments
        )
        self._draft.set_attachments(attachments)

    # -------------------------------------------------------------- showing

    def _show(self) -> None:
        reading = self._reading_here()
        chips = [*self._attached_chips(), *self._reading_chips(reading)]
        self._prompt.set_chips(chips)
        if not self._has_opened:  # until then, no model is chosen to ask
            return
        why = self._refusal()
        if not self._providers.has_provider(self._current.conversation):
            why = tr(PROVIDER_REMOVED)
        can_queue = bool(reading) and not why
        if can_queue:
            why = tr("Reading {name}…", name=next(iter(reading.values())).name)
        self._prompt.set_can_send(not why, why, can_queue=can_queue)
        self._show_suggestions()

    def _attached_chips(self) -> list[Chip]:
        """Return the attachments' chips; of many, the first and a chip for the rest."""
        parts, resolved = self._draft.value.attachments, self._setup.resolved
        first = len(parts) if self._shows_all or len(parts) <= MAX_CHIPS + 1 else MAX_CHIPS
        sent = self._setup.as_sent(parts[:first])
        chips = [self._chip(part, resolved) for part in sent]
        if others := parts[first:]:
            tokens = sum(part.tokens or 0 for part in others if isinstance(part, DocumentPart))
            way = (("all", tr_plural("Show {count}", "Show all {count}", len(parts))),)
            count = len(others)
            name = tr_plural("{count} more attachment", "{count} more attachments", count)
            detail = token_count(tokens, is_exact=False)
            chips.append(Chip(MORE_CHIP, name, detail, "ready", None, "file-text", details=way))
        return chips

    def _on_opened(self) -> None:
        self._shows_all, self._has_opened = False, True
        self._notifications.dismiss_topic(TOPIC)
        parts = self._draft.value.attachments
        documents = [p.sha256 for p in parts if isinstance(p, DocumentPart)]
        if any(sha256 not in self._origins.paths for sha256 in documents):
            self._tasks.start(self._origins.load(documents))

    def _reading_chips(self, reading: dict[str, _Reading]) -> list[Chip]:
        """Return the chips of files being read; of many, the first and a chip for the rest."""
        first = len(reading) if len(reading) < FEW_FILES else 1
        chips = [
            Chip(id_, r.name, r.detail, "reading", r.progress, "file-text")
            for id_, r in list(reading.items())[:first]
        ]
        if waiting := len(reading) - first:
            total = sum({id(r.batch): r.batch.total for r in reading.values()}.values())
            done = total - len(reading)
            name = tr_plural("{count} more file", "{count} more files", waiting)
            detail = tr("{done} of {total} read", done=done, total=total)
            chips.append(Chip(REST_CHIP, name, detail, "reading", done / total, "file-text"))
        return chips

    def _chip(self, part: DraftPart, resolved: ResolvedChoice) -> Chip:
        if isinstance(part, CollectionPart):
            facts, is_there = self._notes.of(part.collection_id)
            state: Literal["ready", "failed"] = "ready" if is_there else "failed"
            return Chip(part.collection_id, part.name, facts, state, None, "library")
        if isinstance(part, ImagePart):
            return self._pictures.chip(part, resolved)
        return document_chip(part, resolved)

    def _show_thumbnail(self, sha256: str) -> None:
        if sha256 in map(part_id, self._draft.value.attachments):
            self._show()

    def _refusal(self) -> str:
        """Return why the chosen model cannot take the attachments, "" if it can."""
        parts, resolved = self._draft.value.attachments, self._setup.resolved
        try:
            require_files(parts, self._current.path, resolved)
            require_image_input(not_files(parts, resolved.files), resolved.model)
        except IllegalChoiceError as error:
            return f"{error.what_happened} {error.what_to_do}"
        except DocumentDoesNotFitError:
            pass  # Send then offers to read it in chunks
        return ""

    def _reading_here(self) -> dict[str, _Reading]:
        here = self._current.id
        return {id_: r for id_, r in self._reading.items() if r.conversation_id == here}

    def _show_suggestions(self) -> None:
        documents = [p for p in self._draft.value.attachments if isinstance(p, DocumentPart)]
        offered = bool(documents) and not self._reading_here()
        if offered and not self._prompt.text().strip():
            self._prompt.set_suggestions(self._prompts.suggestions(len(documents)))
        else:
            self._prompt.set_suggestions([])
