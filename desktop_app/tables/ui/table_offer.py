"""The offer of a table for files that were attached to a message: the same asked of each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from desktop_app.app.session import Controller, Session
from desktop_app.chat.ui.chat_controller import ChatController
from desktop_app.composer.attachments.file_readings import FileReadings
from desktop_app.composer.drafts import AttachmentOrigins
from desktop_app.domain.conversations.conversation import Draft
from desktop_app.domain.conversations.message_parts import part_id
from desktop_app.i18n.translation import tr
from desktop_app.tables.ui.tables_page import TablesPage

_TOPIC = "table-offer"


class TableOffer(Controller):
    """The offer; it goes with the conversation, or with the message that is sent."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._current.opened.connect(self._withdraw)
        self._running.started.connect(lambda _id: self._withdraw())

    def offer(self, paths: Sequence[Path], draft: Draft) -> None:
        """Offer a table of files that are being attached to a draft, which it is without them."""
        accept = [(tr("Ask of each (table)"), lambda: self._accept(list(paths), draft))]
        if self._notifications.offers_undo:
            return  # this card would take the place of Undo
        text = tr("Ask the same of each, with the answers in a table?")
        self._notifications.notify(text, accept, topic=_TOPIC, stays=True)

    def _withdraw(self) -> None:
        self._notifications.dismiss_topic(_TOPIC)

    def _accept(self, paths: list[Path], draft: Draft) -> None:
        # The files must not go into the prompt, nor into a question that waits for them.
        self._session.of(ChatController).unqueue(self._current.id)
        self._session.main.of(FileReadings).cancel_paths(paths)
        # Files that had been attached before the offer stay, even if they are offered again.
        kept = set(map(part_id, draft.attachments))
        origins = self._session.of(AttachmentOrigins).paths
        attachments = self._draft.value.attachments
        self._draft.set_attachments(
            [
                part
                for part in attachments
                if part_id(part) in kept or origins.get(part_id(part)) not in set(paths)
            ]
        )
        self._session.of(TablesPage).begin_with(paths)
