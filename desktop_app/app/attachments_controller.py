"""Documents on their way into the prompt: dropped, chosen or pasted; read, counted, shown as chips."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

from desktop_app.app.workspace import PROVIDER_REMOVED, Workspace
from desktop_app.domain.conversation import new_id
from desktop_app.domain.errors import DocumentUnsupportedError, UserFacingError
from desktop_app.domain.parts import DocumentPart, ImagePart
from desktop_app.paths import resource_path
from desktop_app.services.summarize import SummaryTemplate, template_from_markdown
from desktop_app.ui.main_window import MainWindow
from desktop_app.ui.prompt_editor import Chip

if TYPE_CHECKING:
    from PySide6.QtGui import QImage

    from desktop_app.documents.worker import ExtractedDocument, OnProgress, Progress

    _Attached = DocumentPart | ImagePart
    _Read = Callable[[OnProgress], Awaitable[_Attached]]

TEMPLATE = "executive-summary"
TOPIC = "document"  # of notifications: what could not be attached to this draft
PASTED_NAME = "Pasted text.txt"


@dataclass
class _Reading:
    conversation_id: str
    name: str
    detail: str = "reading…"
    progress: float | None = None
    task: asyncio.Task[Any] | None = None


class AttachmentsController(QObject):
    """Between drops, the document worker and the draft."""

    def __init__(self, window: MainWindow, workspace: Workspace) -> None:
        super().__init__(window)
        self._window = window
        self._workspace = workspace
        self._reading: dict[str, _Reading] = {}
        self._template: SummaryTemplate | None = None
        window.files_dropped.connect(self.attach)
        prompt = window.prompt
        prompt.files_chosen.connect(self.attach)
        prompt.text_pasted_large.connect(self.attach_text)
        prompt.image_pasted.connect(self._refuse_picture)
        prompt.attachment_removed.connect(self._remove)
        prompt.suggestion_chosen.connect(self._take_suggestion)
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
            self._begin(path.name, partial(self._read, path))
        self._window.prompt.focus_text()

    def attach_text(self, text: str) -> None:
        """Attach a long pasted text as a document."""
        self._begin(PASTED_NAME, partial(self._read_text, text))

    def close(self) -> None:
        """Give up what is still being read."""
        for reading_id in list(self._reading):
            self._give_up(reading_id)

    def _begin(self, name: str, read: _Read) -> None:
        reading = _Reading(self._workspace.conversation.id, name)
        reading_id = new_id()
        self._reading[reading_id] = reading
        reading.task = self._workspace.tasks.start(self._run(reading_id, reading, read))
        self._show()

    async def _run(self, reading_id: str, reading: _Reading, read: _Read) -> None:
        try:
            part = await read(partial(self._show_progress, reading))
            await self._add(reading.conversation_id, part)
        except UserFacingError as error:
            self._window.notifications.notify(error, topic=TOPIC)
        finally:
            self._reading.pop(reading_id, None)
            self._show()

    async def _read(self, path: Path, on_progress: OnProgress) -> _Attached:
        document = await self._workspace.backend.documents.extract(path, on_progress)
        return await self._keep(path, document)

    async def _read_text(self, text: str, on_progress: OnProgress) -> _Attached:
        data = text.encode("utf-8", "surrogatepass")
        documents = self._workspace.backend.documents
        document = await documents.extract_bytes(PASTED_NAME, data, on_progress)
        return await self._keep(data, document)

    async def _keep(self, source: Path | bytes, document: ExtractedDocument) -> _Attached:
        if document.note:  # how it was read, where that may not be what the person expects
            self._window.notifications.notify(f"{document.name}: {document.note}")
        return await self._workspace.backend.keep(source, document)

    def _show_progress(self, reading: _Reading, progress: Progress) -> None:
        total = f" of {progress.total}" if progress.total else ""
        reading.detail = f"reading {progress.unit} {progress.done}{total}…"
        reading.progress = progress.done / progress.total if progress.total else None
        self._show()

    async def _add(self, conversation_id: str, part: _Attached) -> None:
        workspace = self._workspace
        if conversation_id != workspace.conversation.id:
            await workspace.drafts.attach(conversation_id, part)
            return
        if part.sha256 not in {known.sha256 for known in workspace.draft.attachments}:
            attachments = (*workspace.draft.attachments, part)
            workspace.draft = replace(workspace.draft, attachments=attachments)
        workspace.draft_changed.emit()

    def _remove(self, chip_id: str) -> None:
        if chip_id in self._reading:
            self._give_up(chip_id)
            return
        workspace = self._workspace
        kept = tuple(p for p in workspace.draft.attachments if p.sha256 != chip_id)
        workspace.draft = replace(workspace.draft, attachments=kept)
        workspace.draft_changed.emit()

    def _give_up(self, reading_id: str) -> None:
        reading = self._reading.pop(reading_id)
        if reading.task is not None:
            reading.task.cancel()
        self._show()

    def _refuse_picture(self, _picture: QImage) -> None:
        self._window.notifications.notify(
            DocumentUnsupportedError(
                "A picture cannot be attached.",
                what_was_kept="Your text is still in the prompt.",
                what_to_do="Attach a document, or describe what the picture shows.",
            ),
            topic=TOPIC,
        )

    # -------------------------------------------------------------- showing

    def _show(self) -> None:
        limit = self._workspace.resolved.model.input_limit
        chips = [_chip(part, limit) for part in self._workspace.draft.attachments]
        reading = self._reading_here()
        chips += [
            Chip(id_, r.name, r.detail, "reading", r.progress, "file-text")
            for id_, r in reading.items()
        ]
        self._window.prompt.set_chips(chips)
        why = f"Reading {next(iter(reading.values())).name}…" if reading else ""
        if not self._workspace.has_provider(self._workspace.conversation):
            why = PROVIDER_REMOVED
        self._window.prompt.set_can_send(not why, why)
        self._show_suggestions()

    def _reading_here(self) -> dict[str, _Reading]:
        here = self._workspace.conversation.id
        return {id_: r for id_, r in self._reading.items() if r.conversation_id == here}

    def _show_suggestions(self) -> None:
        documents = [p for p in self._workspace.draft.attachments if isinstance(p, DocumentPart)]
        offered = bool(documents) and not self._reading_here()
        if offered and not self._window.prompt.text().strip():
            self._window.prompt.set_suggestions([(TEMPLATE, self.template.label, "list")])
        else:
            self._window.prompt.set_suggestions([])

    @property
    def template(self) -> SummaryTemplate:
        """The built-in summary, read when it is first offered."""
        if self._template is None:
            path = resource_path(f"templates/{TEMPLATE}.md")
            self._template = template_from_markdown(TEMPLATE, path.read_text("utf-8"))
        return self._template

    def _take_suggestion(self, _key: str) -> None:
        self._window.prompt.submitted.emit(self.template.prompt)


def _chip(part: DocumentPart | ImagePart, limit: int | None) -> Chip:
    if isinstance(part, ImagePart):
        return Chip(part.sha256, part.name, "picture", "ready", None, "image")
    facts = [f"{part.pages} page{'s' if part.pages != 1 else ''}"] if part.pages else []
    if part.tokens is not None:
        facts.append(f"{part.tokens:,} tokens")
        if limit:
            facts.append(f"{max(1, round(100 * part.tokens / limit))} %")
    return Chip(part.sha256, part.name, " · ".join(facts), "ready", None, "file-text")
