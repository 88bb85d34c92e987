"""The conversation of the quick prompt: its model, questions and answers, and earlier questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from PySide6.QtCore import QObject, Signal

from desktop_app.app.session import Session
from desktop_app.chat.answers.answer_run import AnswerRun
from desktop_app.chat.ui.choice_controller import AvailableModels, view_of
from desktop_app.chat.ui.open_conversation import MessagePresenter
from desktop_app.chat.ui.running_answers import RunningAnswers
from desktop_app.chat.ui.shown_answers import StreamedAnswers, end_announcement
from desktop_app.composer.choice.choice_view import ChoiceView
from desktop_app.domain.conversations.conversation import (
    Draft,
    Message,
    MessageStatus,
    ModelChoice,
    new_id,
)
from desktop_app.domain.errors import StorageError
from desktop_app.domain.models.variants import Variant
from desktop_app.i18n.formatting import duration, money
from desktop_app.i18n.translation import N_
from desktop_app.providers.models.choice_resolution import ResolvedChoice
from desktop_app.quick.ui.quick_prompt import QuickPrompt
from desktop_app.transcript.viewport.message_stream import MessageStream
from desktop_app.widgets.accessibility.announcements import announce


class QuickConversation(QObject):
    """The conversation that the quick prompt shows; it is stored with its first question.

    Attributes:
        is_temporary: True if the conversation is in memory only.
        path: its messages, oldest first.

    Signals:
        choice_changed(): the model, the effort or the available models have changed.
    """

    choice_changed = Signal()

    def __init__(self, parent: QObject, state: Session) -> None:
        super().__init__(parent)
        self._setup = state.setup
        self._new_conversation = state.new_conversation
        self._chat_service = state.backend.chat
        self._conversations = state.backend.conversations
        self._temporary = state.temporary
        self.is_temporary = False
        self.path: Sequence[Message] = []
        self._conversation = state.new_conversation.blank_with(new_id())

    @property
    def id(self) -> str:
        """Return the conversation's id."""
        return self._conversation.id

    @property
    def choice(self) -> ModelChoice:
        """Return the provider, model and effort of the answers."""
        return self._conversation.choice

    @property
    def resolved(self) -> ResolvedChoice:
        """Return the model that the next question would ask."""
        profile = self._setup.profile_of(self._conversation)
        return self._chat_service.resolve(profile, self._conversation.choice)

    # -------------------------------------------------------------- changes

    def begin(self) -> None:
        """Begin a blank conversation, which its first question stores."""
        self._temporary.discard(self.id)
        self._conversation = self._new_conversation.blank_with(new_id())
        self.path = []
        self.is_temporary = False

    @property
    def can_be_temporary(self) -> bool:
        """Return True unless another conversation is temporary: only one can be."""
        return self.is_temporary or not self._temporary.exists

    @property
    def is_closed(self) -> bool:
        """Return True if the main window has begun another temporary conversation."""
        return self.is_temporary and not self._temporary.is_temporary(self.id)

    def set_temporary(self, is_temporary: bool) -> None:
        """Choose, before the first question, whether the conversation is in memory only.

        Attachments are stored where the conversation will be, so choose before they are read.
        """
        if is_temporary and not self.is_temporary:
            self._temporary.begin(self.id)
        elif self.is_temporary and not is_temporary:
            self._temporary.discard(self.id)
            # An id that was temporary stays so.
            self._conversation = replace(self._conversation, id=new_id())
        self.is_temporary = is_temporary

    def choose(self, choice: ModelChoice) -> None:
        """Change the provider, model and effort of the answers."""
        self._conversation = replace(self._conversation, choice=choice)
        self.choice_changed.emit()

    async def propose_model(self) -> None:
        """Choose the provider's default model if the conversation has none."""
        if self.resolved.model.id:
            return
        original = self._conversation
        choice = await self._setup.known_choice(original)
        if self._conversation is original and choice != original.choice:
            self.choose(choice)

    def report_choice(self) -> None:
        """Report the choice again, because settings or attachments may have changed."""
        self.choice_changed.emit()

    def replace_message(self, answer: Message) -> None:
        """Set a newer state of an answer."""
        self.path = [answer if m.id == answer.id else m for m in self.path]

    async def ask(self, draft: Draft) -> AnswerRun:
        """Store a question, and return the run of its answer.

        If the conversation was deleted, the question begins another.

        Raises:
            UserFacingError: the question was refused.
        """
        await self.propose_model()
        if self.is_closed:
            raise StorageError(
                N_(
                    "The temporary conversation was closed, but your message is still "
                    "in the prompt."
                ),
                hint=N_("Send it in another conversation."),
            )
        if self.is_temporary and not self.path:
            await self._conversations.create(self._conversation)
        elif self.path:
            stored_conversation = await self._conversations.get(self.id)
            choice = self.choice
            if stored_conversation is None and not self.is_temporary:
                self.begin()  # the main window deleted it permanently
            # The main window may have renamed, moved or pinned it.
            self._conversation = replace(stored_conversation or self._conversation, choice=choice)
        settings = self._setup.settings_of(self._conversation).for_one_answer().without_tools()
        run = await self._chat_service.begin(
            self._conversation,
            self.path,
            draft,
            profile=self._setup.profile_of(self._conversation),
            settings=settings,
        )
        # The user may have changed the choice meanwhile.
        self._conversation = replace(run.conversation, choice=self.choice)
        if run.question is not None:
            self.path = [*self.path, run.question, run.answer]
        return run


class QuickChoice(QObject):
    """Connection of the quick prompt's choice with its conversation."""

    def __init__(
        self, quick: QuickPrompt, conversation: QuickConversation, choices: AvailableModels
    ) -> None:
        super().__init__(quick)
        self._quick = quick
        self._conversation = conversation
        self._choices = choices
        quick.variant_requested.connect(self._choose_variant)
        quick.effort_step_requested.connect(self._step_effort)
        choices.changed.connect(conversation.report_choice)
        conversation.choice_changed.connect(self._show_choice)

    def _show_choice(self) -> None:
        self._quick.model_button.set_choice(self._view)

    @property
    def _view(self) -> ChoiceView:
        return replace(view_of(self._conversation.resolved, self._choices.models), models=())

    def _choose_variant(self, variant: Variant) -> None:
        choice = self._conversation.choice
        if choice.variant is not None:
            self._conversation.choose(replace(choice, variant=variant))

    def _step_effort(self, step: int) -> None:
        next_effort = self._view.effort_beside(step)
        if next_effort is not None:
            self._conversation.choose(replace(self._conversation.choice, effort=next_effort))


class QuickAnswers(QObject):
    """Connection of the running answers with the quick prompt's transcript."""

    def __init__(
        self,
        quick: QuickPrompt,
        running: RunningAnswers,
        conversation: QuickConversation,
        messages: MessagePresenter,
    ) -> None:
        super().__init__(quick)
        self._quick = quick
        self._conversation = conversation
        self._messages = messages
        self._announced_id = ""
        quick.transcript.message_updated.connect(self._announce_end)
        StreamedAnswers(self, running, self._stream_of)
        running.finished.connect(self._finish)

    def _stream_of(self, conversation_id: str, _message_id: str) -> MessageStream | None:
        return self._quick.transcript.stream if conversation_id == self._conversation.id else None

    def _finish(self, conversation_id: str, answer: Message) -> None:
        if conversation_id != self._conversation.id:
            return
        self._conversation.replace_message(answer)
        self._quick.set_streaming(False)
        self._quick.transcript.stream.set_status_line(answer.id, "")
        self._quick.transcript.stream.update_message(self._messages.display_form(answer))
        figures = [] if answer.cost is None else [money(answer.cost)]
        if answer.duration_s is not None:
            figures.append(duration(answer.duration_s))
        self._quick.status.show_figures(" · ".join(figures))

    def _announce_end(self, message_id: str) -> None:
        """Announce the end of an answer, and why it failed, after its last sentence."""
        path = self._conversation.path
        if not path or path[-1].id != message_id or message_id == self._announced_id:
            return
        answer = path[-1]
        if answer.status is not MessageStatus.STREAMING:
            self._announced_id = message_id
            announce(self._quick.field, end_announcement(self._messages.display_form(answer)))


MAX_RECALLED: Final = 50


class QuickHistory(QObject):
    """Earlier questions of all conversations, the newest first."""

    def __init__(self, quick: QuickPrompt, state: Session) -> None:
        super().__init__(quick)
        self._quick = quick
        self._values = state.values
        self._conversations = state.backend.conversations
        self._questions: list[str] = []
        self._index = -1  # -1: the text that the user types
        self._typed_text = ""
        quick.field.history_requested.connect(self._recall)

    async def load(self) -> None:
        """Load the questions, except very long ones, which may contain other programs' texts."""
        questions = await self._conversations.recent_questions(MAX_RECALLED)
        limit = self._values.large_paste
        texts = (text for text in questions if text.strip() and len(text) <= limit)
        recalled_text = self._questions[self._index] if self._index >= 0 else ""
        self._questions = list(dict.fromkeys(texts))
        self._index = (
            self._questions.index(recalled_text) if recalled_text in self._questions else -1
        )

    def reset(self) -> None:
        """Begin again with the typed text, because no recalled question is shown."""
        self._index = -1

    def text_before_recall(self, text: str) -> str | None:
        """Return the text typed before `text` was recalled, None if it was not recalled."""
        if self._index >= 0 and text == self._questions[self._index].strip():
            return self._typed_text.strip()
        return None

    def _recall(self, step: int) -> None:
        """Show an older (+1) or newer (-1) question; after the newest, the typed text."""
        index = self._index + step
        if self._index < 0:
            self._typed_text = self._quick.field.toPlainText()
            # After an answer, the newest question is already shown.
            if index == 0 and self._questions[:1] == [self._typed_text]:
                index = 1
        if -1 <= index < len(self._questions):
            self._index = index
            self._quick.field.set_text(self._typed_text if index < 0 else self._questions[index])
