"""Questions that wait for the end of an answer, or until their files are read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from desktop_app.app.answers.running_answers import RunningAnswers
from desktop_app.app.chat.turn_starter import TurnStarter
from desktop_app.app.library.list_presenter import ListPresenter
from desktop_app.app.state.window_state import WindowState
from desktop_app.ui.window.main_window import MainWindow


class QuestionQueue(QObject):
    """The queued question of each conversation, at most one, which stays in its prompt or draft.

    Args:
        is_reading: returns True if files for the draft of a conversation are being read.

    Signals:
        changed(): a question was added or removed.
    """

    changed = Signal()

    def __init__(
        self,
        window: MainWindow,
        state: WindowState,
        running: RunningAnswers,
        turns: TurnStarter,
        presenter: ListPresenter,
        *,
        is_reading: Callable[[str], bool],
    ) -> None:
        super().__init__(window.prompt)
        self._running = running
        self._turns = turns
        self._presenter = presenter
        self._prompt = window.prompt
        self._is_reading = is_reading
        self._current = state.current
        self._drafts = state.drafts
        self._tasks = state.tasks
        self._conversations = state.backend.conversations
        self._texts: dict[str, str] = {}  # by conversation id
        window.prompt.text_changed.connect(lambda: self.remove(state.current.id))

    def __contains__(self, conversation_id: str) -> bool:
        """Return True if a question of this conversation is queued."""
        return conversation_id in self._texts

    def must_wait(self, conversation_id: str) -> bool:
        """Return True if a question of this conversation cannot be asked yet."""
        return self._running.is_running(conversation_id) or self._is_reading(conversation_id)

    def add(self, conversation_id: str, text: str) -> None:
        """Queue the question of a conversation."""
        self._texts[conversation_id] = text
        self.changed.emit()

    def remove(self, conversation_id: str) -> None:
        """Remove a conversation's question from the queue; it stays in the prompt or draft."""
        if self._texts.pop(conversation_id, None) is not None:
            self.changed.emit()

    def send(self, conversation_id: str) -> None:
        """Ask the queued question of a conversation if it need not wait any more."""
        if self.must_wait(conversation_id):
            return
        text = self._texts.pop(conversation_id, None)
        if text is None:
            return
        self.changed.emit()
        if conversation_id == self._current.id:
            self._prompt.send_action.send()
        else:
            self._tasks.start(self._ask_in_other_conversation(conversation_id, text))

    async def _ask_in_other_conversation(self, conversation_id: str, text: str) -> None:
        """Ask a question in a conversation that is not open."""
        conversation = self._presenter.cache.find_existing(conversation_id)
        is_edited = self._drafts.edit_in(conversation_id) is not None
        if conversation is None or is_edited:
            return  # deleted, or a question that replaces an earlier one and stays in the draft
        draft = replace(self._drafts.cached(conversation_id), text=text)
        path = await self._conversations.path(conversation_id)
        await self._turns.begin(path, draft, conversation=conversation)

    def clear(self) -> None:
        """Ask no queued question any more, because the program ends."""
        self._texts.clear()
