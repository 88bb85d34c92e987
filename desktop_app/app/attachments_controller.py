"""Documents and pictures on their way into the prompt: given, read, counted, shown as chips."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

from desktop_app.app.attaching import PASTED_NAME, attach
from desktop_app.app.attachment_facts import document_chip
from desktop_app.app.workspace import PROVIDER_REMOVED, Workspace
from desktop_app.domain.conversation import new_id
from desktop_app.domain.errors import IllegalChoiceError, UserFacingError
from desktop_app.domain.parts import CollectionPart, DocumentPart, DraftPart, ImagePart, part_id
from desktop_app.services.files import demand_files, not_files
from desktop_app.services.pictures import demand_sight, with_detail
from desktop_app.ui.main_window import MainWindow
from desktop_app.ui.prompt_editor import Chip

if TYPE_CHECKING:
    from desktop_app.app.passwords import Passwords
    from desktop_app.app.pictures_controller import PicturesController
    from desktop_app.app.prompts_controller import PromptsController
    from desktop_app.documents.worker import Progress
    from desktop_app.ui.dropped import GivenPicture

TOPIC = "document"  # of notifications: what could not be attached to this draft


@dataclass
class _Reading:
    conversation_id: str
    name: str
    detail: str = "reading…"
    progress: float | None = None
    task: asyncio.Task[Any] | None = None


class AttachmentsController(QObject):
    """Between drops, the document worker and the draft."""

    def __init__(
        self,
        window: MainWindow,
        workspace: Workspace,
        pictures: PicturesController,
        prompts: PromptsController,
        passwords: Passwords,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._workspace = workspace
        self._pictures = pictures
        self._reading: dict[str, _Reading] = {}
        self._prompts, self._passwords = prompts, passwords
        window.files_dropped.connect(self.attach)
        window.picture_dropped.connect(self.attach_picture)
        prompt = window.prompt
        prompt.files_chosen.connect(self.attach)
        prompt.text_pasted_large.connect(self.attach_text)
        prompt.picture_given.connect(self.attach_picture)
        prompt.detail_chosen.connect(self._choose_detail)
        pictures.thumbnail_made.connect(self._show_thumbnail)
        prompt.attachment_removed.connect(self._remove)
        prompt.suggestion_chosen.connect(prompts.ask)
        prompts.changed.connect(self._show_suggestions)
        prompt.text_changed.connect(self._show_suggestions)
        workspace.opened.connect(self._show)
        workspace.opened.connect(lambda: window.notifications.dismiss_topic(TOPIC))
        workspace.choice_changed.connect(self._show)
        workspace.draft_changed.connect(self._show)
        workspace.profiles_changed.connect(self._show)

    # -------------------------------------------------------------- reading

    def attach(self, paths: Iterable[Path]) -> None:
        """Read files and attach them to the open conversation's draft."""
        for path in paths:
            self._begin(path.name, path)
        self._window.prompt.focus_text()

    def attach_text(self, text: str) -> None:
        """Attach a long pasted text as a document."""
        self._begin(PASTED_NAME, text)

    def attach_picture(self, picture: GivenPicture) -> None:
        """Attach a picture that was pasted, or dropped from a browser."""
        self._begin(picture.name, picture)
        self._window.prompt.focus_text()

    def close(self) -> None:
        """Give up what is still being read."""
        for reading_id in list(self._reading):
            self._give_up(reading_id)

    def _begin(self, name: str, given: Path | str | GivenPicture) -> None:
        reading = _Reading(self._workspace.conversation.id, name)
        reading_id = new_id()
        self._reading[reading_id] = reading
        reading.task = self._workspace.tasks.start(self._run(reading_id, reading, given))
        self._show()

    async def _run(
        self, reading_id: str, reading: _Reading, given: Path | str | GivenPicture
    ) -> None:
        try:
            on_progress = partial(self._show_progress, reading)
            part, note = await self._passwords.opened(
                partial(attach, self._workspace, given, on_progress, reading.conversation_id)
            )
            if note:  # how it was read, where that may not be what the person expects
                self._window.notifications.notify(note)
            await self._add(reading.conversation_id, part)
        except UserFacingError as error:
            self._window.notifications.notify(error, topic=TOPIC)
        finally:
            self._reading.pop(reading_id, None)
            self._show()

    def _show_progress(self, reading: _Reading, progress: Progress) -> None:
        total = f" of {progress.total}" if progress.total else ""
        reading.detail = f"reading {progress.unit} {progress.done}{total}…"
        reading.progress = progress.done / progress.total if progress.total else None
        self._show()

    async def _add(self, conversation_id: str, part: DraftPart) -> None:
        workspace = self._workspace
        if conversation_id != workspace.conversation.id:
            await workspace.drafts.attach(conversation_id, part)
            return
        if part_id(part) not in map(part_id, workspace.draft.attachments):
            attachments = (*workspace.draft.attachments, part)
            workspace.draft = replace(workspace.draft, attachments=attachments)
        workspace.draft_changed.emit()

    def _remove(self, chip_id: str) -> None:
        if chip_id in self._reading:
            self._give_up(chip_id)
            return
        workspace = self._workspace
        kept = tuple(p for p in workspace.draft.attachments if part_id(p) != chip_id)
        workspace.draft = replace(workspace.draft, attachments=kept)
        workspace.draft_changed.emit()

    def _give_up(self, reading_id: str) -> None:
        reading = self._reading.pop(reading_id)
        if reading.task is not None:
            reading.task.cancel()
        self._show()

    def _choose_detail(self, chip_id: str, detail: str) -> None:
        """Have a picture be looked at more or less closely."""
        workspace = self._workspace
        attachments = tuple(
            with_detail(part, detail)
            if not isinstance(part, CollectionPart) and part.sha256 == chip_id
            else part
            for part in workspace.draft.attachments
        )
        workspace.draft = replace(workspace.draft, attachments=attachments)
        workspace.draft_changed.emit()

    # -------------------------------------------------------------- showing

    def _show(self) -> None:
        chips = [self._chip(part) for part in self._workspace.draft.attachments]
        reading = self._reading_here()
        chips += [
            Chip(id_, r.name, r.detail, "reading", r.progress, "file-text")
            for id_, r in reading.items()
        ]
        self._window.prompt.set_chips(chips)
        why = f"Reading {next(iter(reading.values())).name}…" if reading else ""
        why = why or self._refusal()
        if not self._workspace.has_provider(self._workspace.conversation):
            why = PROVIDER_REMOVED
        self._window.prompt.set_can_send(not why, why)
        self._show_suggestions()

    def _chip(self, part: DraftPart) -> Chip:
        if isinstance(part, CollectionPart):
            return Chip(part.collection_id, part.name, "collection", "ready", None, "folder")
        resolved = self._workspace.resolved
        if isinstance(part, ImagePart):
            return self._pictures.chip(part, resolved)
        return document_chip(part, resolved)

    def _show_thumbnail(self, sha256: str) -> None:
        if sha256 in map(part_id, self._workspace.draft.attachments):
            self._show()

    def _refusal(self) -> str:
        """Why what is attached cannot be sent like this to the chosen model; "" where it can."""
        parts, resolved = self._workspace.draft.attachments, self._workspace.resolved
        try:
            demand_files(parts, self._workspace.path, resolved)
            demand_sight(not_files(parts, resolved.files), resolved.model)
        except IllegalChoiceError as error:
            return f"{error.what_happened} {error.what_to_do}"
        return ""

    def _reading_here(self) -> dict[str, _Reading]:
        here = self._workspace.conversation.id
        return {id_: r for id_, r in self._reading.items() if r.conversation_id == here}

    def _show_suggestions(self) -> None:
        documents = [p for p in self._workspace.draft.attachments if isinstance(p, DocumentPart)]
        offered = bool(documents) and not self._reading_here()
        if offered and not self._window.prompt.text().strip():
            self._window.prompt.set_suggestions(self._prompts.suggestions())
        else:
            self._window.prompt.set_suggestions([])
