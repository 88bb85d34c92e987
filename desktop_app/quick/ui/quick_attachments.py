"""Attachments of the question in the quick prompt."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from PySide6.QtCore import QObject, QTimer, Signal

from desktop_app.app.session import Session
from desktop_app.chat.attachments.attachment_dedup import deduplicate_parts
from desktop_app.chat.attachments.image_attachments import with_detail
from desktop_app.chat.prompt_assembly import is_first_delimited
from desktop_app.composer.attachment_chips import Chip
from desktop_app.composer.attachments.attachment_facts import OTHER_READINGS_CHIP, document_chip
from desktop_app.composer.attachments.document_passwords import DocumentPasswords
from desktop_app.composer.attachments.file_readings import (
    FEW_FILES,
    UPDATE_MS,
    AttachmentBatch,
    AttachmentReader,
    FileReading,
    TaskQueue,
    reading_chips,
)
from desktop_app.composer.attachments.images_controller import ImageChips
from desktop_app.composer.attachments.preview_controller import Attached
from desktop_app.composer.dropped_content import DroppedData
from desktop_app.desktop.window_request import MAX_FILES, too_many_files
from desktop_app.documents.worker.document_worker import Progress
from desktop_app.domain.conversations.conversation import new_id
from desktop_app.domain.conversations.message_parts import DocumentPart, ImagePart
from desktop_app.domain.errors import UserFacingError
from desktop_app.i18n.translation import tr
from desktop_app.providers.models.choice_resolution import ResolvedChoice
from desktop_app.quick.ui.quick_conversation import QuickConversation
from desktop_app.quick.ui.quick_prompt import QuickPrompt


class _RemovedPart(NamedTuple):
    """The attachment that Undo restores, and the index that it had among the attachments."""

    part: Attached
    position: int


class QuickAttachments(QObject):
    """Attachments of the quick prompt, as an `AttachmentHolder`, and their chips.

    Attributes:
        parts: the attachments, in order.

    Signals:
        changed(): the attachments, their chips or the model have changed.
    """

    changed = Signal()

    def __init__(
        self,
        quick: QuickPrompt,
        state: Session,
        conversation: QuickConversation,
        image_chips: ImageChips,
        reader: AttachmentReader,
    ) -> None:
        super().__init__(quick)
        self._quick = quick
        self._image_chips = image_chips
        self._conversation = conversation
        self._reader = reader
        self._tasks = state.tasks
        self._passwords = DocumentPasswords(quick)
        self._readings: dict[str, FileReading] = {}  # by an id, which is also the id of its chip
        self._queue = TaskQueue()
        self._timer = QTimer(self, singleShot=True, interval=UPDATE_MS)
        self._timer.timeout.connect(self.show)
        self.parts: tuple[Attached, ...] = ()
        self._removed_part: _RemovedPart | None = None
        quick.status.undo_requested.connect(self._undo_removal)
        quick.files_dropped.connect(
            lambda paths: self._read_contents([(path.name, path) for path in paths])
        )
        quick.field.insertion.data_pasted.connect(
            lambda data: self._read_contents([(data.name, data)])
        )
        quick.chips.remove_requested.connect(self._remove)
        quick.chips.detail_requested.connect(
            lambda id_, detail: self.change(
                lambda part: with_detail(part, detail) if part.sha256 == id_ else part
            )
        )
        image_chips.thumbnail_made.connect(lambda _sha256: self.show())
        conversation.choice_changed.connect(self.show)

    @property
    def attached(self) -> list[Attached]:
        """Return the attachments as a list."""
        return list(self.parts)

    @property
    def resolved(self) -> ResolvedChoice:
        """Return the model that would be asked now."""
        return self._conversation.resolved

    def deduplicate(self, part: Attached) -> Attached:
        """Return an attachment as it would be sent after the earlier messages."""
        return deduplicate_parts(self._conversation.path, [part], self.resolved.files)[0]

    @property
    def conversation_id(self) -> str:
        """Return the id of the quick prompt's conversation."""
        return self._conversation.id

    def is_first_delimited(self, part: Attached) -> bool:
        """Return True if an attachment would be the first delimited text in its request."""
        return is_first_delimited(part, self.attached, self._conversation.path, self.resolved.files)

    def change(self, change: Callable[[Attached], Attached]) -> None:
        """Replace each attachment by the result of `change` for it."""
        self.parts = tuple(change(part) for part in self.parts)
        self.show()

    @property
    def reading_name(self) -> str:
        """Return the name of the first file that is being read; "" if no file is."""
        return next((reading.name for reading in self._readings.values()), "")

    def clear(self) -> None:
        """Remove all attachments, and cancel reading."""
        self._cancel(list(self._readings))
        self.parts = ()
        self._removed_part = None
        self.show()

    def remove_sent(self, sent_parts: Sequence[Attached]) -> None:
        """Remove attachments that were sent or moved; those added meanwhile stay."""
        sent_ids = {part.sha256 for part in sent_parts}
        self.parts = tuple(part for part in self.parts if part.sha256 not in sent_ids)
        self._removed_part = None
        self.show()

    def restore(self, parts: tuple[Attached, ...]) -> None:
        """Show the attachments of an earlier run."""
        self.parts = parts
        self.show()

    def show(self) -> None:
        """Show the current chips, and emit `changed`."""
        self._timer.stop()
        self._quick.chips.set_chips(
            [*map(self._make_chip, self.parts), *reading_chips(self._readings)]
        )
        self.changed.emit()

    def _make_chip(self, part: Attached) -> Chip:
        if isinstance(part, ImagePart):
            return self._image_chips.chip(part, self.resolved)
        sent_part = self.deduplicate(part)
        assert isinstance(sent_part, DocumentPart)
        return document_chip(sent_part, self.resolved)

    def _read_contents(self, contents: Sequence[tuple[str, Path | DroppedData]]) -> None:
        if len(contents) > MAX_FILES:
            self._quick.status.show_problem(str(too_many_files()))
            return
        batch = AttachmentBatch(len(contents))
        start_functions = []
        for name, content in contents:
            reading_id = new_id()
            self._readings[reading_id] = FileReading(
                self._conversation.id, name, batch, detail=tr("reading…"), path=None
            )
            start_functions.append(partial(self._start, reading_id, content))
        self._queue.add(start_functions)
        self.show()

    def _start(self, reading_id: str, content: Path | DroppedData) -> asyncio.Future[Any] | None:
        reading = self._readings.get(reading_id)
        if reading is None:  # canceled while it waited
            return None
        reading.task = self._tasks.start(self._read(reading_id, content))
        return reading.task

    def _cancel(self, reading_ids: Iterable[str]) -> None:
        for reading in [self._readings.pop(reading_id) for reading_id in reading_ids]:
            if reading.task is not None:
                reading.task.cancel()

    async def _read(self, reading_id: str, content: Path | DroppedData) -> None:
        try:
            part, note = await self._passwords.open_with_password(
                partial(
                    self._reader.read,
                    content,
                    _ignore_progress,
                    self._conversation.id,
                    resolved=self.resolved,
                )
            )
            if part.sha256 in {attached.sha256 for attached in self.parts}:
                self._quick.status.show_status(
                    tr("“{name}” is already attached.", name=content.name)
                )
            else:
                self.parts = (*self.parts, part)
                self._quick.status.show_problem(f"{part.name}: {note}" if note else "")
        except UserFacingError as error:
            self._quick.status.show_problem(error.sentences)
        finally:
            # `_cancel` has removed a canceled reading, and its caller updates the chips.
            was_canceled = self._readings.pop(reading_id, None) is None
            if not was_canceled:
                self._show_soon()

    def _show_soon(self) -> None:
        """Show the chips at once; while many files are read, at most once in `UPDATE_MS`."""
        if len(self._readings) <= FEW_FILES:
            self.show()
        elif not self._timer.isActive():
            self._timer.start()

    def _remove(self, chip_id: str) -> None:
        if chip_id == OTHER_READINGS_CHIP:
            self._cancel(list(self._readings)[1:])
        elif chip_id in self._readings:
            self._cancel([chip_id])
        position = next((n for n, part in enumerate(self.parts) if part.sha256 == chip_id), None)
        if position is None:  # the chip of a file that was being read
            self.show()
            return
        removed_part = self.parts[position]
        self.parts = (*self.parts[:position], *self.parts[position + 1 :])
        self.show()
        self._removed_part = _RemovedPart(removed_part, position)
        self._quick.status.offer_undo(tr("“{name}” removed", name=removed_part.name))

    def _undo_removal(self) -> None:
        if self._removed_part is not None:
            part, position = self._removed_part
            self._removed_part = None
            self.parts = (*self.parts[:position], part, *self.parts[position:])
            self._quick.status.show_status("")  # instead of the offer
            self.show()


def _ignore_progress(_progress: Progress) -> None:
    """Ignore progress, because the quick prompt has no room for it."""
