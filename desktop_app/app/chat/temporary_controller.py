"""The temporary conversation: opened, left, reopened, and closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop_app.app.answers.running_answers import RunningAnswers
from desktop_app.app.library.navigator import Navigator
from desktop_app.app.state.new_conversation import NewConversation
from desktop_app.app.tasks import Tasks
from desktop_app.domain.conversations.conversation import Conversation, new_id, now
from desktop_app.i18n.translation import tr
from desktop_app.storage.database.temporary_database import TemporaryConversations
from desktop_app.ui.look.theme import ThemeWatcher

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget

    from desktop_app.app.state.dependency_groups import ConversationSession
    from desktop_app.app.state.drafts import Drafts
    from desktop_app.storage.conversations.conversation_store import ConversationStore
    from desktop_app.ui.composer.prompt_editor import PromptEditor
    from desktop_app.ui.sidebar.conversation_list import ConversationList
    from desktop_app.ui.window.cards.temporary_bar import TemporaryBar, TemporaryRow
    from desktop_app.ui.window.header import Header


class TemporaryController(QObject):
    """Connection of the temporary conversation with its command, bar and row.

    Args:
        add_above_prompt: shows a widget between the notifications and the prompt.

    Signals:
        content_dropped(DroppedContent, str, bool): something was dropped on its row; the
            arguments are those of `ConversationView.content_dropped`.
    """

    content_dropped = Signal(object, str, bool)

    def __init__(
        self,
        parent: QWidget,
        theme: ThemeWatcher,
        running: RunningAnswers,
        navigator: Navigator,
        *,
        add_above_prompt: Callable[[QWidget], None],
        header: Header,
        prompt: PromptEditor,
        conversation_list: ConversationList,
        session: ConversationSession,
        drafts: Drafts,
        new_conversation: NewConversation,
        temporary: TemporaryConversations,
        tasks: Tasks,
        conversations: ConversationStore,
    ) -> None:
        super().__init__(parent)
        self._add_above_prompt, self._header, self._prompt = add_above_prompt, header, prompt
        self._conversation_list, self._theme = conversation_list, theme
        self._current, self._draft, self._drafts = *session, drafts
        self._new_conversation, self._tasks = new_conversation, tasks
        self._running, self._navigator = running, navigator
        self._temporary, self._conversations = temporary, conversations
        self._id = ""
        self._is_being_replaced = False
        self._bar: TemporaryBar | None = None
        self._row: TemporaryRow | None = None
        self._current.opened.connect(self._show_bar_and_row)
        conversation_list.temporary_requested.connect(self.open)

    def open(self) -> None:
        """Open the temporary conversation; if it is open with content, offer to replace it."""
        if self._id and self._id != self._current.id:
            self._reopen()
        elif not self._id:
            self._open_another()
        elif self._has_content:
            self._is_being_replaced = True
            self._get_bar().ask()
        else:
            self._prompt.focus_text()

    def close_open(self) -> None:
        """Close the temporary conversation; if it has content, open it and ask first."""
        if self._id == self._current.id:
            self._close_shown()
        else:
            self._tasks.start(self._show_and_close())

    async def _show_and_close(self) -> None:
        await self._navigator.open(self._id)
        self._prompt.focus_text()
        if self._id == self._current.id:
            self._close_shown()

    def _close_shown(self) -> None:
        self._is_being_replaced = False
        if self._has_content:
            self._get_bar().ask()
        else:
            self._forget()

    @property
    def _has_content(self) -> bool:
        """True if the temporary conversation, which is open, has messages or a draft."""
        is_typed = bool(self._prompt.text().strip() or self._draft.value)
        return bool(self._current.path) or is_typed

    def _open_another(self) -> None:
        from desktop_app.ui.window.cards.temporary_bar import TITLE  # not needed at the start

        moment = now()
        choice = self._new_conversation.default_choice
        conversation = Conversation(new_id(), tr(TITLE), moment, moment, choice)
        self._temporary.begin(conversation.id)
        self._tasks.start(self._conversations.create(conversation))
        self._id = conversation.id
        self._navigator.open_temporary(conversation)

    def _reopen(self) -> None:
        self._tasks.start(self._navigator.open(self._id))
        self._prompt.focus_text()

    def _forget(self) -> None:
        closed_id, self._id = self._id, ""
        self._running.stop(closed_id)
        self._temporary.discard(closed_id)
        self._navigator.open_new()
        self._drafts.forget(closed_id)
        self._navigator.forget_temporary(closed_id)
        self._show_bar_and_row()
        if self._is_being_replaced:
            self._is_being_replaced = False
            self._open_another()

    def _show_bar_and_row(self) -> None:
        is_open = self._current.is_temporary
        self._header.set_temporary(is_open)
        if is_open:
            self._get_bar().explain()
        if self._bar is not None:
            self._bar.setVisible(is_open)
        if self._id and self._row is None:
            from desktop_app.ui.window.cards.temporary_bar import TemporaryRow

            self._row = TemporaryRow(self._theme.current)
            self._theme.changed.connect(self._row.set_theme)
            self._row.open_requested.connect(self._reopen)
            self._row.close_requested.connect(self.close_open)
            self._row.drop_hint_changed.connect(self._conversation_list.view.show_drop_hint)
            self._row.content_dropped.connect(
                lambda content: self.content_dropped.emit(content, self._id, False)
            )
            self._conversation_list.add_to_top(self._row)
        if self._row is not None:
            self._row.setVisible(bool(self._id))

    def _get_bar(self) -> TemporaryBar:
        if self._bar is None:
            from desktop_app.ui.window.cards.temporary_bar import TemporaryBar

            self._bar = TemporaryBar(self._theme.current)
            self._theme.changed.connect(self._bar.set_theme)
            self._bar.close_requested.connect(self.close_open)
            self._bar.confirmed.connect(self._forget)
            self._add_above_prompt(self._bar)
        return self._bar
