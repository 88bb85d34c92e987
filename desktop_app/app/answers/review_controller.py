"""Reviews answers: the user rates or corrects them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from desktop_app.domain.conversations.conversation import Message, MessageStatus, Role
from desktop_app.i18n.translation import tr

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from desktop_app.app.library.navigator import Navigator
    from desktop_app.app.state.conversation.message_presenter import MessagePresenter
    from desktop_app.app.state.conversation.open_conversation import OpenConversation
    from desktop_app.app.tasks import Tasks
    from desktop_app.domain.conversations.review import Review
    from desktop_app.storage.conversations.conversation_store import ConversationStore
    from desktop_app.ui.look.theme import ThemeWatcher
    from desktop_app.ui.window.conversation_pane import ConversationPane

REVIEW = "review"


class ReviewController(QObject):
    """Connection of the transcript with the dialog for reviews and the store."""

    def __init__(
        self,
        parent: QWidget,
        theme: ThemeWatcher,
        navigator: Navigator,
        *,
        pane: ConversationPane,
        current: OpenConversation,
        messages: MessagePresenter,
        tasks: Tasks,
        conversations: ConversationStore,
    ) -> None:
        super().__init__(parent)
        self._parent = parent
        self._theme = theme
        self._navigator = navigator
        self._notifications = pane.notifications
        self._current = current
        self._messages = messages
        self._tasks = tasks
        self._conversations = conversations
        pane.transcript.action_requested.connect(self._run_action)

    def _run_action(self, message_id: str, action: str) -> None:
        if action == REVIEW:
            self._open(message_id)

    def review_last(self) -> None:
        """Review the last answer of the open conversation."""
        answers = [m for m in self._current.path if m.role is Role.ASSISTANT]
        if answers:
            self._open(answers[-1].id)
        else:
            self._notifications.notify(tr("There is no response to review."))

    def _open(self, message_id: str) -> None:
        answer = self._current.message(message_id)
        if answer is None:
            return
        if answer.status is MessageStatus.STREAMING:
            self._notifications.notify(tr("Wait for the response to finish, then review it."))
            return
        # Imported here and below, because start-up does not need these modules.
        from desktop_app.domain.conversations.review import review_of
        from desktop_app.ui.window.review_dialog import ReviewDialog

        dialog = ReviewDialog(answer.text, review_of(answer), self._theme.current, self._parent)
        self._theme.changed.connect(dialog.set_theme)
        dialog.saved.connect(
            lambda review, text: self._tasks.start(self._save(answer, review, text))
        )
        dialog.open()

    async def _save(self, answer: Message, review: Review | None, text: str) -> None:
        """Store a review, None to remove it; a corrected answer becomes a new version."""
        from desktop_app.domain.conversations.review import ReviewKind, review_of, with_review

        if text.strip() and review is not None and review.kind is ReviewKind.CORRECTED:
            await self._add_version(answer, text, review.note)
            return
        removed_review = None if review is not None else review_of(answer)
        reviewed_answer = with_review(answer, review)
        await self._conversations.save_answer(reviewed_answer)
        if answer.conversation_id == self._current.id:
            self._messages.update(reviewed_answer)
        if removed_review is not None:
            self._notifications.notify_undo(
                tr("Review removed"),
                lambda: self._tasks.start(self._restore(answer.id, removed_review)),
            )

    async def _restore(self, answer_id: str, removed_review: Review) -> None:
        """Store a removed review again, unless the answer was reviewed or deleted since."""
        from desktop_app.domain.conversations.review import review_of

        answer = await self._conversations.message(answer_id)
        if answer is not None and review_of(answer) is None:
            await self._save(answer, removed_review, "")

    async def _add_version(self, answer: Message, text: str, note: str) -> None:
        from desktop_app.domain.conversations.review import edited_version

        store = self._conversations
        version = edited_version(answer, text, note)
        conversation = await store.get(answer.conversation_id)
        if conversation is None:
            return
        await store.begin_turn(replace(conversation, leaf_id=version.id), None, version)
        await store.save_answer(version)  # ends the ownership that `begin_turn` began
        if conversation.id == self._current.id:
            await self._navigator.open(conversation.id)
