"""Documents that are larger than the model's window: offered to be read in parts, with the figures."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject

from desktop_app.domain.conversations.message_parts import DocumentPart
from desktop_app.domain.errors import DocumentDoesNotFitError
from desktop_app.domain.spending.cost import FREE
from desktop_app.ui.window.notifications import Actions

if TYPE_CHECKING:
    from desktop_app.app.chat.chat_controller import ChatController
    from desktop_app.app.workspace import Workspace
    from desktop_app.domain.conversations.conversation import Draft
    from desktop_app.domain.errors import UserFacingError
    from desktop_app.services.documents.chunk_plan import ChunkPlan
    from desktop_app.ui.window.main_window import MainWindow

OFFER: Final = "Read in parts…"
TOPIC: Final = "question"  # as of other words on why a question is not sent yet


class ChunkedReadingController(QObject):
    """Between a refused question and reading its documents in parts."""

    def __init__(self, window: MainWindow, workspace: Workspace, chat: ChatController) -> None:
        super().__init__(window)
        self._window, self._workspace, self._chat = window, workspace, chat

    def ways_out(self, error: UserFacingError) -> Actions:
        """What can be done about a question whose documents do not fit."""
        fits_not = isinstance(error, DocumentDoesNotFitError) and bool(self._documents())
        refused = self._window.prompt.text()
        return [(OFFER, lambda: self._offer(refused))] if fits_not else ()

    def _documents(self) -> list[DocumentPart]:
        parts = self._workspace.draft.attachments
        return [part for part in parts if isinstance(part, DocumentPart) and not part.in_parts]

    def _offer(self, refused: str) -> None:
        self._workspace.tasks.start(self._plan(refused))

    async def _plan(self, refused: str) -> None:
        """Say what reading in parts takes, for what stands in the prompt, or for what was refused
        where that has been emptied since."""
        workspace, notifications = self._workspace, self._window.notifications
        text = self._window.prompt.text()
        draft = replace(workspace.draft, text=text if text.strip() else refused)
        documents = self._documents()
        notifications.notify("Counting the parts…", topic=TOPIC)
        resolved = workspace.resolved
        instructions = workspace.settings_of(workspace.conversation).instructions
        try:
            plan = await workspace.backend.chat.parts.plan(
                documents, draft.text, resolved, instructions
            )
        finally:
            notifications.dismiss_topic(TOPIC)
        if resolved.price == FREE:
            self._accept(draft)
            return
        notifications.notify(
            _words(plan), [("Read in parts", lambda: self._accept(draft))], topic=TOPIC
        )

    def _accept(self, offered: Draft) -> None:
        """Ask what was offered, unless something else stands in the prompt by now."""
        workspace = self._workspace
        if workspace.draft.attachments != offered.attachments:
            return
        parts = tuple(
            replace(part, in_parts=True) if isinstance(part, DocumentPart) else part
            for part in offered.attachments
        )
        workspace.draft = replace(workspace.draft, attachments=parts)
        workspace.draft_changed.emit()
        workspace.tasks.start(self._chat.submit(offered.text))


def _words(plan: ChunkPlan) -> str:
    known = f" {plan.done} of them were read before and cost nothing again." if plan.done else ""
    cost = f", {plan.cost_words}" if plan.cost_words else ""
    return (
        f"{plan.calls} parts would be read, several at a time, and the answer made of notes on all of "
        f"them{cost}.{known} It can be stopped, and goes on where it was."
    )
