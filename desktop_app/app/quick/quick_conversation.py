"""The conversation of the quick prompt, and its questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from desktop_app.app.state.window_state import WindowState
from desktop_app.domain.conversations.conversation import Draft, Message, ModelChoice, new_id
from desktop_app.domain.errors import StorageError
from desktop_app.i18n.translation import N_
from desktop_app.services.answers.answer_run import AnswerRun
from desktop_app.services.models.choice_resolution import ResolvedChoice


class QuickConversation(QObject):
    """The conversation that the quick prompt shows; it is stored with its first question.

    Attributes:
        is_temporary: True if the conversation is in memory only.
        path: its messages, oldest first.

    Signals:
        choice_changed(): the model, the effort or the available models have changed.
    """

    choice_changed = Signal()

    def __init__(self, parent: QObject, state: WindowState) -> None:
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
