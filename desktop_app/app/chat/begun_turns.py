"""Turns that have begun, as shown in the prompt, the conversation list and the transcript."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal

from desktop_app.domain.conversations.conversation import Draft

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_app.app.answers.running_answers import RunningAnswers
    from desktop_app.app.chat.edited_question import EditedQuestion
    from desktop_app.app.chat.turn_starter import BegunTurn
    from desktop_app.app.library.draft_saver import DraftSaver
    from desktop_app.app.library.list_presenter import ListPresenter
    from desktop_app.app.library.navigator import Navigator
    from desktop_app.app.state.answer_setup import AnswerSetup
    from desktop_app.app.state.dependency_groups import ConversationSession
    from desktop_app.app.state.drafts import Drafts
    from desktop_app.app.tasks import Tasks
    from desktop_app.domain.conversations.conversation import Conversation, Message
    from desktop_app.storage.conversations.conversation_store import ConversationStore
    from desktop_app.ui.composer.prompt_editor import PromptEditor
    from desktop_app.ui.transcript.view import TranscriptView

_CHANGED_IN_LIST: Final = "title title_is_automatic pinned folder_id archived trashed_at".split()


class BegunTurns(QObject):
    """Starter of the answers of begun turns, which shows the turns of the open conversation.

    Args:
        show_title: shows the title of the open conversation.
        show_empty_state: shows the empty conversation's examples, or the transcript.

    Signals:
        compared(list path, list answers): several models answer the last question of the path.
    """

    compared = Signal(list, list)

    def __init__(
        self,
        parent: QObject,
        running: RunningAnswers,
        navigator: Navigator,
        presenter: ListPresenter,
        saver: DraftSaver,
        edited: EditedQuestion,
        *,
        show_title: Callable[[str], None],
        show_empty_state: Callable[[bool], None],
        transcript: TranscriptView,
        prompt: PromptEditor,
        session: ConversationSession,
        drafts: Drafts,
        setup: AnswerSetup,
        tasks: Tasks,
        conversations: ConversationStore,
    ) -> None:
        super().__init__(parent)
        self._running, self._navigator, self._presenter = running, navigator, presenter
        self._saver, self._edited = saver, edited
        self._show_title, self._show_empty_state = show_title, show_empty_state
        self._transcript, self._prompt = transcript, prompt
        self._current, self._draft, self._drafts = *session, drafts
        self._setup, self._tasks, self._conversations = setup, tasks, conversations

    def start(self, turn: BegunTurn) -> None:
        """Start the answers of a turn, and show it if its conversation is open."""
        run = turn.run
        if run.question is not None and turn.draft is not None:
            self._clear_sent(turn.asked.id, turn.draft)
        is_open = run.conversation.id == self._current.id
        stored = self._with_changes(turn, is_open=is_open)
        if stored != run.conversation:  # the choice was for this answer only
            self._tasks.start(self._conversations.save_settings(stored))
        self._presenter.upsert(stored)
        self._running.start(run)
        if not is_open:
            self._report_comparison(turn)
            return
        self._current.store(stored)
        self._show_title(stored.title)
        question, is_single = run.question, not run.siblings
        if question is not None and is_single and _follows(question, self._current.path):
            self._current.append(question, run.answer)
            self._show_turn(question, run.answer)
            self._navigator.mark_open()
            self._current.report_path()
            self._report_comparison(turn)
        else:
            self._tasks.start(self._reopen(turn))

    def _with_changes(self, turn: BegunTurn, *, is_open: bool) -> Conversation:
        """Return the conversation of a turn, as it was changed while the turn began."""
        asked, stored = turn.asked, turn.run.conversation
        listed = self._presenter.cached(asked.id)
        now = self._current.conversation if is_open else listed or asked
        changes = {
            name: value
            for name in _CHANGED_IN_LIST
            if listed is not None and (value := getattr(now, name)) != getattr(asked, name)
        }
        choice = self._setup.choice_of(now)
        return replace(stored.with_settings_of(now), choice=choice, **changes)

    def _clear_sent(self, conversation_id: str, sent: Draft) -> None:
        """Remove the sent question from its prompt; keep later text and attachments."""
        is_open = conversation_id == self._current.id
        if is_open:
            self._saver.save()
        rest = _remaining(self._drafts.cached(conversation_id), sent)
        rest = self._edited.end(conversation_id, rest)
        self._drafts.replace_sent(conversation_id, rest)
        if is_open:
            self._draft.replace(rest)
            if self._prompt.text() != rest.text:
                self._prompt.set_text(rest.text, rest.template_id)

    def _show_turn(self, question: Message, answer: Message) -> None:
        self._show_empty_state(False)
        self._transcript.stream.append_message(question)
        self._transcript.stream.append_message(answer)
        self._transcript.navigator.scroll_to_bottom()
        self._prompt.focus_text()

    async def _reopen(self, turn: BegunTurn) -> None:
        """Show the conversation again, because the turn is not at the end of the shown path."""
        await self._navigator.open(turn.run.conversation.id)
        self._current.report_path()
        self._report_comparison(turn)

    def _report_comparison(self, turn: BegunTurn) -> None:
        if turn.is_comparison:
            question, answers = turn.run.question, (turn.run, *turn.run.siblings)
            path = turn.path if question is None else [*turn.path, question]
            self.compared.emit(path, [run.answer for run in answers])


def _remaining(draft: Draft, sent: Draft) -> Draft:
    """Return the part of a draft that was typed or attached after `sent`."""
    attachments = sent.question_attachments
    parts = tuple(part for part in draft.attachments if part not in attachments)
    return Draft(draft.text.removeprefix(sent.text), parts)


def _follows(question: Message, path: list[Message]) -> bool:
    """Return True if a question directly follows the shown path."""
    return question.parent_id == (path[-1].id if path else None)
