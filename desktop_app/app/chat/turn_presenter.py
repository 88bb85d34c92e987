"""Turns that have begun, as shown in the prompt, the conversation list and the transcript."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from PySide6.QtCore import QObject, Signal

from desktop_app.app.answers.running_answers import RunningAnswers
from desktop_app.app.chat.turn_starter import BegunTurn
from desktop_app.app.library.list_presenter import ListPresenter
from desktop_app.app.library.navigator import Navigator
from desktop_app.app.library.shown_conversation import DraftSaver
from desktop_app.app.state.window_state import WindowState
from desktop_app.domain.conversations.conversation import Conversation, Message
from desktop_app.ui.window.main_window import MainWindow

_LIST_FIELDS: Final = "title title_is_automatic pinned folder_id archived trashed_at".split()


class TurnPresenter(QObject):
    """Starter of the answers of begun turns, and presenter of turns in the open conversation.

    Signals:
        compared(list[Message], list[Message]): a path whose last question several models answer,
            and their answers.
    """

    compared = Signal(list, list)

    def __init__(
        self,
        window: MainWindow,
        state: WindowState,
        running: RunningAnswers,
        navigator: Navigator,
        presenter: ListPresenter,
        saver: DraftSaver,
    ) -> None:
        super().__init__(window.pane)
        self._running = running
        self._navigator = navigator
        self._presenter = presenter
        self._saver = saver
        self._pane = window.pane
        self._current = state.setup.current
        self._setup = state.setup
        self._tasks = state.tasks
        self._conversations = state.backend.conversations

    def start(self, turn: BegunTurn) -> None:
        """Start the answers of a turn, and show it if its conversation is open."""
        run = turn.run
        is_open = run.conversation.id == self._current.id
        # A blank conversation that was left and opened again has the same id.
        was_left = (
            is_open and self._current.is_new and turn.opening_number != self._current.opening_number
        )
        if run.question is not None and turn.draft is not None:
            self._saver.remove_sent(turn.original.id, turn.draft)
        if was_left:
            self._navigator.open_another_blank()
            is_open = False
        stored_conversation = self._with_changes(turn, is_open=is_open)
        # They differ if the user changed it meanwhile, or if the choice was for this answer only.
        if stored_conversation != run.conversation:
            self._tasks.start(self._conversations.save_settings(stored_conversation))
        self._presenter.upsert(stored_conversation)
        self._running.start(run)
        if turn.original.trashed_at is None and stored_conversation.trashed_at is not None:
            self._running.stop(run.conversation.id)  # it was deleted while the turn began
        if not is_open:
            self._report_comparison(turn)
            return
        self._current.set_stored(stored_conversation)
        self._pane.set_title(stored_conversation.title)
        question = run.question
        is_single = not run.siblings
        if question is not None and is_single and _follows_path(question, self._current.path):
            self._current.append(question, run.answer)
            self._show_turn(question, run.answer)
            self._navigator.mark_open()
            self._current.report_path()
            self._report_comparison(turn)
        else:
            self._tasks.start(self._reopen(turn))

    def _with_changes(self, turn: BegunTurn, *, is_open: bool) -> Conversation:
        """Return the conversation of a turn, as it was changed while the turn began."""
        original = turn.original
        listed_conversation = self._presenter.cache.get(original.id)
        newest_conversation = (
            self._current.conversation if is_open else listed_conversation or original
        )
        is_listed = listed_conversation is not None
        changes = {
            name: getattr(newest_conversation, name)
            for name in (_LIST_FIELDS if is_listed else ())
            if getattr(newest_conversation, name) != getattr(original, name)
        }
        return replace(
            turn.run.conversation.with_settings_of(newest_conversation),
            choice=self._setup.choice_of(newest_conversation),
            **changes,
        )

    def _show_turn(self, question: Message, answer: Message) -> None:
        self._pane.show_empty_state(False)
        self._pane.transcript.stream.append_message(question)
        self._pane.transcript.stream.append_message(answer)
        self._pane.transcript.navigator.scroll_to_bottom()
        self._pane.prompt.focus_text()

    async def _reopen(self, turn: BegunTurn) -> None:
        """Load and show the conversation; appending a question and an answer is not enough."""
        await self._navigator.open(turn.run.conversation.id)
        self._current.report_path()
        self._report_comparison(turn)

    def _report_comparison(self, turn: BegunTurn) -> None:
        if turn.is_comparison:
            question = turn.run.question
            answers = (turn.run, *turn.run.siblings)
            path = turn.path if question is None else [*turn.path, question]
            self.compared.emit(path, [run.answer for run in answers])


def _follows_path(question: Message, path: list[Message]) -> bool:
    """Return True if a question directly follows the shown path."""
    return question.parent_id == (path[-1].id if path else None)
