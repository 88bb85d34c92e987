"""The chips of a prompt: its attachments, and the files that are being read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Literal

from PySide6.QtCore import QObject, Signal

from desktop_app.app.session import ConversationSession, Session
from desktop_app.chat.attachments.image_attachments import with_detail
from desktop_app.composer.attachment_chips import DETAIL_ACTION, REMOVE_ACTION, Chip, ChipAction
from desktop_app.composer.attachments.attachment_facts import (
    OTHER_READINGS_CHIP,
    CollectionFacts,
    document_chip,
    image_chip,
)
from desktop_app.composer.attachments.file_readings import FileReadings, reading_chips
from desktop_app.composer.attachments.images_controller import Thumbnails
from desktop_app.composer.attachments.preview_controller import (
    BEGINNING,
    OPEN_TEXT,
    PreviewController,
    change_signals,
)
from desktop_app.domain.conversations.message_facts import token_count
from desktop_app.domain.conversations.message_parts import (
    CollectionPart,
    DocumentPart,
    DraftPart,
    ImagePart,
    part_id,
)
from desktop_app.i18n.translation import tr, tr_plural
from desktop_app.providers.models.choice_resolution import ResolvedChoice

# Of more attachments, the last chip stands for all that have no chip of their own. It never stands
# for a single attachment, whose own chip takes the same room.
MAX_CHIPS = 40


OTHER_ATTACHMENTS_CHIP = "more"  # the id of the last chip


SHOW_ALL_ACTION = "show-all-attachments"  # the action in the last chip's menu


class PromptChips(QObject):
    """Connection of a prompt's chips with the draft and the files that are being read.

    Signals:
        shown(): the chips were shown, because attachments, readings or the model have changed.
    """

    shown = Signal()

    def __init__(self, session: Session, conversation: ConversationSession) -> None:
        super().__init__(conversation.window)
        self._session = session
        self._conversation = conversation
        self._prompt = conversation.prompt
        self._current = conversation.current
        self._draft = conversation.draft
        self._setup = conversation.setup
        self._is_expanded = False
        conversation.prompt.chips.action_requested.connect(self._run_action)
        self._current.opened.connect(lambda: self._set_expanded(False))
        for signal in (
            *change_signals(conversation),
            conversation.of(FileReadings).progressed,
            session.of(Thumbnails).made,
            session.providers.changed,
            session.providers.listings_changed,
            session.of(CollectionFacts).changed,
        ):
            signal.connect(self.show)

    def _run_action(self, chip_id: str, action: str) -> None:
        if action == REMOVE_ACTION:
            self._remove(chip_id)
        elif action == SHOW_ALL_ACTION:
            self._set_expanded(True)
        elif chip_id in self._conversation.of(FileReadings).ids:
            self._conversation.of(FileReadings).run_action(chip_id, action)
        elif action.startswith(DETAIL_ACTION):  # of an image, or of a document's pages
            detail = action.removeprefix(DETAIL_ACTION)
            self._draft.change_parts(
                lambda part: with_detail(part, detail) if part.sha256 == chip_id else part
            )
        else:
            self._conversation.of(PreviewController).run_action(chip_id, action)

    # -------------------------------------------------------------- removing

    def _remove(self, chip_id: str) -> None:
        readings = self._conversation.of(FileReadings)
        if chip_id == OTHER_READINGS_CHIP:
            # The first file has a chip of its own.
            readings.cancel(list(readings.in_open_conversation)[1:])
            return
        if chip_id in readings.ids:
            readings.cancel([chip_id])
            return
        open_text = self._setup.ask_settings.open_text
        if chip_id == OPEN_TEXT and open_text is not None:
            leave_out_text = partial(self._setup.leave_out_text, self._current.id)
            leave_out_text(True)
            message = tr("“{name}” removed", name=open_text.name)
            self._offer_undo(message, partial(leave_out_text, False))
            return
        previous_parts = self._draft.value.attachments
        self.remove_part(chip_id)
        remaining_parts = self._draft.value.attachments
        removed_parts = [part for part in previous_parts if part not in remaining_parts]
        if removed_parts:
            message = tr("“{name}” removed", name=removed_parts[0].name)
            if len(removed_parts) > 1:
                message = tr_plural(
                    "{count} attachment removed", "{count} attachments removed", len(removed_parts)
                )
            undo = self._make_undo(self._current.id, previous_parts, removed_parts)
            self._offer_undo(message, undo)

    def _offer_undo(self, message: str, undo: Callable[[], None]) -> None:
        self._conversation.notices.notify_undo(message, undo)

        def undo_on_shortcut() -> None:
            # `undo_last` also closes the notification, but it only knows the last undo.
            if self._conversation.notices.last_undo is undo:
                self._conversation.notices.undo_last()
            else:
                undo()

        self._prompt.field.undos.append(undo_on_shortcut)

    def remove_part(self, chip_id: str) -> None:
        """Remove an attachment, or all that share the last chip."""
        remaining_parts = tuple(p for p in self._draft.value.attachments if part_id(p) != chip_id)
        if chip_id == OTHER_ATTACHMENTS_CHIP:
            remaining_parts = remaining_parts[:MAX_CHIPS]
        self._draft.set_attachments(remaining_parts)

    def _make_undo(
        self,
        conversation_id: str,
        previous_parts: Sequence[DraftPart],
        removed_parts: Sequence[DraftPart],
    ) -> Callable[[], None]:
        """Return a function that attaches removed parts again, to the draft that had them."""

        async def attach_to_draft() -> None:
            for part in removed_parts:
                await self._session.drafts.attach(conversation_id, part)

        def undo() -> None:
            if conversation_id != self._current.id:
                self._session.tasks.start(attach_to_draft())
                return
            current_parts = self._draft.value.attachments
            by_id = {part_id(part): part for part in (*removed_parts, *current_parts)}
            # The old order, then what was added since.
            order = dict.fromkeys(map(part_id, (*previous_parts, *current_parts)))
            # Of the previous parts, another removal may have taken some since.
            self._draft.set_attachments([by_id[id_] for id_ in order if id_ in by_id])

        return undo

    # -------------------------------------------------------------- showing

    def _set_expanded(self, is_expanded: bool) -> None:
        self._is_expanded = is_expanded
        self.show()

    def show(self) -> None:
        """Show the attachments, and the files that are being read."""
        readings = self._conversation.of(FileReadings).in_open_conversation
        chips = [*self._make_chips_beside(), *self._make_attachment_chips()]
        self._prompt.chips.set_chips([*chips, *reading_chips(readings)])
        self.shown.emit()

    def _make_chips_beside(self) -> list[Chip]:
        """Return a chip for the files of the conversation's folder, and for the open text."""
        chips = []
        settings = self._setup.ask_settings
        for part in settings.collections:
            facts, exists = self._session.of(CollectionFacts).facts(part.collection_id)
            if exists:
                chip = Chip(BEGINNING, part.name, facts, "ready", None, "folder", is_fixed=True)
                chips.append(chip)
        if (open_text := settings.open_text) is not None:
            tokens = token_count(open_text.likely_tokens, is_exact=False)
            chips.append(Chip(OPEN_TEXT, open_text.name, tokens, "ready", None, "pencil"))
        return [replace(chip, has_preview=True, is_attachment=False) for chip in chips]

    def _make_attachment_chips(self) -> list[Chip]:
        """Return a chip for each attachment; of many, the last chip stands for the rest."""
        parts = self._draft.value.attachments
        if not parts:
            return []
        resolved = self._setup.resolved
        separate_count = len(parts)
        if not self._is_expanded and len(parts) > MAX_CHIPS + 1:
            separate_count = MAX_CHIPS
        sent_parts = self._setup.deduplicate(parts[:separate_count])
        chips = [self._make_chip(part, resolved) for part in sent_parts]
        if other_parts := parts[separate_count:]:
            tokens = sum(part.tokens or 0 for part in other_parts if isinstance(part, DocumentPart))
            count = len(other_parts)
            label = tr_plural("Show {count}", "Show all {count}", len(parts))
            chip = Chip(
                OTHER_ATTACHMENTS_CHIP,
                tr_plural("{count} more attachment", "{count} more attachments", count),
                token_count(tokens, is_exact=False),
                "ready",
                progress=None,
                icon="file-text",
                actions=(ChipAction(SHOW_ALL_ACTION, label),),
            )
            chips.append(chip)
        return chips

    def _make_chip(self, part: DraftPart, resolved: ResolvedChoice) -> Chip:
        if isinstance(part, CollectionPart):
            facts, exists = self._session.of(CollectionFacts).facts(part.collection_id)
            state: Literal["ready", "failed"] = "ready" if exists else "failed"
            return Chip(part.collection_id, part.name, facts, state, progress=None, icon="library")
        if isinstance(part, ImagePart):
            return image_chip(part, resolved, self._session.of(Thumbnails).get(part))
        return document_chip(part, resolved)
