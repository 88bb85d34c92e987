"""The conversation of the quick prompt: its beginning, its questions, and earlier questions."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from PySide6.QtCore import QObject

from desktop_app.app.session import ConversationSession, Session
from desktop_app.chat.answers.answer_run import AnswerRun
from desktop_app.composer.text.prompt_text import LARGE_PASTE_CHARACTERS
from desktop_app.domain.conversations.conversation import Draft, new_id
from desktop_app.domain.errors import StorageError
from desktop_app.i18n.translation import N_
from desktop_app.quick.ui.quick_prompt import QuickPrompt


class QuickConversation:
    """The conversation that the quick prompt shows; it is stored with its first question.

    Its settings are written with each question, because the main window may change them, too.

    Attributes:
        is_temporary: True if the conversation is in memory only.
    """

    def __init__(self, session: Session, conversation: ConversationSession) -> None:
        self._session = session
        self._current = conversation.current
        self._setup = conversation.setup
        self._temporary = session.temporary
        self.is_temporary = False
        self.begin()

    def begin(self) -> None:
        """Begin a blank conversation, which its first question stores. The attachments stay."""
        self._temporary.discard(self._current.id)
        blank = self._session.new_conversation.blank_with(new_id())
        self._current.open(blank, [], {}, self._current.draft.value, is_new=True)
        self.is_temporary = False

    @property
    def can_be_temporary(self) -> bool:
        """Return True unless another conversation is temporary: only one can be."""
        return self.is_temporary or not self._temporary.exists

    @property
    def is_closed(self) -> bool:
        """Return True if the main window has begun another temporary conversation."""
        return self.is_temporary and not self._current.is_temporary

    def set_temporary(self, is_temporary: bool) -> None:
        """Choose, before the first question, whether the conversation is in memory only.

        Attachments are stored where the conversation will be, so choose before they are read.
        """
        if is_temporary == self.is_temporary:
            return
        self._temporary.discard(self._current.id)
        # An id that was temporary stays so.
        self._current.update(replace(self._current.conversation, id=new_id()))
        if is_temporary:
            self._temporary.begin(self._current.id)
        self.is_temporary = is_temporary

    async def propose_model(self) -> None:
        """Choose the provider's default model if the conversation has none."""
        if self._setup.resolved.model.id:
            return
        original = self._current.conversation
        choice = await self._setup.known_choice(original)
        if self._current.conversation is original and choice != original.choice:
            self._setup.choose(choice)

    async def ask(self, draft: Draft) -> AnswerRun:
        """Store a question, and return the run of its answer.

        If the conversation was deleted, the question begins another.

        Raises:
            UserFacingError: the question was refused.
        """
        current, store = self._current, self._session.backend.conversations
        await self.propose_model()
        if self.is_closed:
            raise StorageError(
                N_(
                    "The temporary conversation was closed, but your message is still "
                    "in the prompt."
                ),
                hint=N_("Send it in another conversation."),
            )
        if self.is_temporary and not current.path:
            await store.create(current.conversation)
        elif current.path:
            stored_conversation = await store.get(current.id)
            choice = current.conversation.choice
            if stored_conversation is None and not self.is_temporary:
                self.begin()  # the main window deleted it permanently
            # The main window may have renamed, moved or pinned it.
            current.update(replace(stored_conversation or current.conversation, choice=choice))
        run = await self._session.backend.chat.begin(
            current.conversation,
            current.path,
            draft,
            profile=self._setup.profile,
            settings=self._setup.ask_settings.for_one_answer().without_tools(),
        )
        # The user may have changed the choice meanwhile.
        current.update(replace(run.conversation, choice=current.conversation.choice))
        if run.question is not None:
            current.append(run.question, run.answer)
        return run


MAX_RECALLED: Final = 50


class QuickHistory(QObject):
    """Earlier questions of all conversations, the newest first."""

    def __init__(self, session: Session, quick: QuickPrompt) -> None:
        super().__init__(quick)
        self._quick = quick
        self._values = session.values
        self._conversations = session.backend.conversations
        self._questions: list[str] = []
        self._index = -1  # -1: the text that the user types
        self._typed_text = ""
        quick.field.history_requested.connect(self._recall)

    async def load(self) -> None:
        """Load the questions, except very long ones, which may contain other programs' texts."""
        questions = await self._conversations.recent_questions(MAX_RECALLED)
        limit = LARGE_PASTE_CHARACTERS
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
