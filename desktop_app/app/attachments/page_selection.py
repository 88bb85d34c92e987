"""The selection of an attachment's pages, slides, sheets or chapters to send.

Texts are split and counted off the event loop. Until that ends, a selection has no token count. A
selection that was stored without a count is counted when its draft is opened.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from PySide6.QtCore import QObject, Signal, SignalInstance

from desktop_app.app.state.conversation.answer_setup import AnswerSetup
from desktop_app.app.state.draft.drafts import AttachmentSources
from desktop_app.app.tasks import Tasks
from desktop_app.domain.conversations.message_parts import ChosenPages, DocumentPart, ImagePart
from desktop_app.domain.documents.document_sections import (
    DocumentSection,
    chosen_text,
    find_sections,
    parse_spans,
    unit_of,
)
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.i18n.translation import N_
from desktop_app.services.chat.prompt_assembly import is_first_delimited
from desktop_app.services.models.choice_resolution import ResolvedChoice

Attached = DocumentPart | ImagePart


class AttachmentHolder(Protocol):
    """The attachments of a prompt: the window's or the quick prompt's.

    Attributes:
        changed: emitted when the attachments or the chosen model change.
    """

    @property
    def changed(self) -> SignalInstance: ...

    @property
    def attached(self) -> list[Attached]:
        """Return the documents and images, in order."""

    @property
    def conversation_id(self) -> str:
        """Return the id of the conversation in which the attachments would be sent."""

    @property
    def resolved(self) -> ResolvedChoice:
        """Return the model that would be asked now."""

    def deduplicate(self, part: Attached) -> Attached:
        """Return an attachment as it would be sent: reduced to its name if sent before."""

    def is_first_delimited(self, part: Attached) -> bool:
        """Return True if an attachment would be the first delimited text in its request."""

    def change(self, change: Callable[[Attached], Attached]) -> None:
        """Replace each attachment by the result of `change` for it."""


class DraftAttachmentHolder(QObject):
    """The attachments of the window's prompt, as an `AttachmentHolder`.

    Signals:
        changed(): the attachments, the conversation or the chosen model changed.
    """

    changed = Signal()

    def __init__(self, parent: QObject, *, setup: AnswerSetup) -> None:
        super().__init__(parent)
        self._current = setup.current
        self._draft = setup.current.draft
        self._setup = setup
        for signal in (
            self._current.opened,
            self._draft.changed,
            self._setup.choice_changed,
            self._current.path_changed,
            self._current.compactions_changed,
        ):
            signal.connect(self.changed)

    @property
    def attached(self) -> list[Attached]:
        """Return the documents and images in the draft."""
        parts = self._draft.value.attachments
        return [part for part in parts if isinstance(part, DocumentPart | ImagePart)]

    @property
    def conversation_id(self) -> str:
        """Return the open conversation's id."""
        return self._current.id

    @property
    def resolved(self) -> ResolvedChoice:
        """Return the model of the open conversation."""
        return self._setup.resolved

    def deduplicate(self, part: Attached) -> Attached:
        """Return an attachment as the next question would send it."""
        return self._setup.deduplicate([part])[0]

    def is_first_delimited(self, part: Attached) -> bool:
        """Return True if an attachment would be the first delimited text in its request."""
        sent_messages = self._setup.context.sent.messages
        return is_first_delimited(part, self.attached, sent_messages, self.resolved.files)

    def change(self, change: Callable[[Attached], Attached]) -> None:
        """Replace each attachment by the result of `change` for it."""
        attachments = tuple(
            change(part) if isinstance(part, DocumentPart | ImagePart) else part
            for part in self._draft.value.attachments
        )
        self._draft.set_attachments(attachments)


class PageSelection(QObject):
    """The sections of a prompt's attachments that are sent."""

    def __init__(
        self, holder: AttachmentHolder, parent: QObject, *, tasks: Tasks, sources: AttachmentSources
    ) -> None:
        super().__init__(parent)
        self._holder = holder
        self._tasks = tasks
        self._attachment_store = sources.attachment_store
        self._documents = sources.documents
        self._pending_counts: set[tuple[str, ChosenPages]] = set()
        holder.changed.connect(self._count_missing)

    @property
    def parts(self) -> list[Attached]:
        """Return the documents and images in the prompt."""
        return self._holder.attached

    def part(self, sha256: str) -> Attached | None:
        """Return an attachment by its hash, None if it is not attached."""
        return next((part for part in self.parts if part.sha256 == sha256), None)

    def change(self, sha256: str, change: Callable[[DocumentPart], DocumentPart]) -> None:
        """Replace a document by the result of `change` for it."""

        def change_matching(part: Attached) -> Attached:
            if isinstance(part, DocumentPart) and part.sha256 == sha256:
                return change(part)
            return part

        self._holder.change(change_matching)

    async def choose(self, sha256: str, selection: str) -> None:
        """Send only the selected sections of a document, such as "1, 3-5"; "" sends all.

        Raises:
            IllegalChoiceError: they do not exist; nothing changes.
            StorageError: the text is missing.
        """
        part = self.part(sha256)
        if not isinstance(part, DocumentPart):
            return
        chosen = None
        if selection.strip():
            unit = unit_of(part)
            sections = await self.sections_of(part)
            names = [section.name for section in sections] if unit == "sheet" else []
            spans = parse_spans(selection, len(sections), unit, names)
            if spans != ((1, len(sections)),):  # all of them: no selection is needed
                chosen = ChosenPages(unit, spans, len(sections))
        self.change(sha256, lambda part: replace(part, chosen=chosen))

    async def sections_of(self, part: DocumentPart) -> list[DocumentSection]:
        """Return the sections to choose from.

        Raises:
            IllegalChoiceError: there are none.
            StorageError: the text is missing.
        """
        text = await self._attachment_store.text(part.sha256)
        sections = await asyncio.to_thread(find_sections, text, unit_of(part))
        if not sections:
            raise IllegalChoiceError(
                N_("Can’t select parts of {name}."),
                hint=N_("Send all of it."),
                unit=unit_of(part),
                name=part.name,
            )
        return sections

    def _count_missing(self) -> None:
        """Count the tokens of each selection that has no count."""
        for part in self.parts:
            if isinstance(part, DocumentPart) and part.chosen and part.chosen.tokens is None:
                key = (part.sha256, part.chosen)
                if key not in self._pending_counts:
                    self._pending_counts.add(key)
                    self._tasks.start(self._count_tokens(part, part.chosen))

    async def _count_tokens(self, part: DocumentPart, chosen: ChosenPages) -> None:
        try:
            text = await self._attachment_store.text(part.sha256)
            text = await asyncio.to_thread(chosen_text, part, text)
            tokens = await self._documents.count_tokens(text)
        finally:
            self._pending_counts.discard((part.sha256, chosen))
        current_part = self.part(part.sha256)
        if isinstance(current_part, DocumentPart) and current_part.chosen == chosen:
            counted_pages = replace(chosen, tokens=tokens)
            self.change(part.sha256, lambda part: replace(part, chosen=counted_pages))
