"""The provider, model and settings of a conversation's answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace
from PySide6.QtCore import QObject, Signal

from desktop_app.app.open_conversation import OpenConversation
from desktop_app.backend.answer_settings import ask_settings
from desktop_app.chat.attachments.file_attachments import deduplicate_parts
from desktop_app.chat.send_context import AskSettings, OpenText, SendContext, offers_background
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.conversations.conversation import (
    OF_NEW_CONVERSATIONS,
    Conversation,
    ModelChoice,
)
from desktop_app.domain.conversations.message_parts import DraftPart
from desktop_app.providers.models.choice_resolution import ResolvedChoice

if TYPE_CHECKING:
    from desktop_app.app.session import Session

P = TypeVar("P", bound=DraftPart)


class AnswerSetup(QObject):
    """Provider, model, effort and settings of each conversation's answers.

    Attributes:
        current: the open conversation.
        values: the settings.
        providers: the providers and their models.
        background_id: the conversation whose answers run in the background; "" for none.
        research_id: the conversation whose questions are researched; "" for none.
        is_brief: whether each question gets one answer without tools, as in the quick prompt.
        open_text_of: returns the text that is shown beside a conversation, None for none.
        has_text: returns True if a conversation has a text, shown or not, with words in it.

    Signals:
        choice_changed(): the open conversation may have another provider, model, effort or setting.
        other_conversation_changed(Conversation): the same for a conversation that is not open.
    """

    choice_changed = Signal()
    other_conversation_changed = Signal(object)

    def __init__(self, session: Session, current: OpenConversation) -> None:
        super().__init__(current)
        self._session = session
        self.values = session.values
        self.providers = session.providers
        self.current = current
        self._folders = session.folders
        self._drafts = session.drafts
        self._temporary = session.temporary
        self._tasks = session.tasks
        self._chat_service = session.backend.chat
        self._conversations = session.backend.conversations
        self.background_id = ""
        self.research_id = ""
        self.is_brief = False
        self.open_text_of: Callable[[Conversation], OpenText | None] = lambda _: None
        self.has_text: Callable[[str], bool] = lambda _: False
        self._save_lock = asyncio.Lock()
        for signal in (current.folder_changed, session.folders.changed, session.providers.changed):
            signal.connect(self._report_change)

    def _report_change(self) -> None:
        """Emit `choice_changed`, once a conversation is open: the first may have another model."""
        if self.current.opening_number:
            self.choice_changed.emit()

    # -------------------------------------------------------------- any conversation

    def profile_of(self, conversation: Conversation) -> ProviderProfile:
        """Return a conversation's provider, or the default if that provider was removed.

        Nothing is sent to the default provider in that case: see `Providers.has_provider`.
        """
        chosen = self._drafts.choices.get(conversation.id) or conversation.choice
        profile = self.providers.get(chosen.provider_id) or self.providers.default
        if self._temporary.is_temporary(conversation.id):  # its provider must not store it either
            return replace(profile, keeps_at_provider=False)
        return profile

    def choice_of(self, conversation: Conversation) -> ModelChoice:
        """Return the choice for a conversation's next answer: one for this message, or its own.

        On this computer, a model that is not there any longer, and the built-in one, are replaced
        by that of new conversations. A choice without a model, and without a
        variant that the provider serves, becomes the provider's default choice, and so does
        `OF_NEW_CONVERSATIONS`. The choice of a removed provider is returned unchanged.
        """
        profile = self.profile_of(conversation)
        choice = self._drafts.choices.get(conversation.id) or conversation.choice
        if choice == OF_NEW_CONVERSATIONS:
            return self.providers.default_choice(profile)
        if profile.id != choice.provider_id:
            return choice
        if profile.kind is ProviderKind.ON_DEVICE:
            if self.providers.has_local_model(choice.model):
                return choice
            return replace(choice, model=self.providers.on_device_model)
        has_variant = choice.variant is not None and profile.serves_gpt_family
        if choice.model or has_variant:
            return choice
        return self.providers.default_choice(profile)

    async def known_choice(self, conversation: Conversation) -> ModelChoice:
        """Return `choice_of`; if it has no model or variant, request the models and try again.

        Raises:
            StorageError: the store does not tell if the provider has a key.
        """
        choice = self.choice_of(conversation)
        if choice.model or choice.variant is not None:
            return choice
        await self.providers.refresh_listing(self.profile_of(conversation), force=True)
        return self.choice_of(conversation)

    def settings_of(self, conversation: Conversation) -> AskSettings:
        """Return the settings of a conversation's answers, with those of research if it is on."""
        settings = self._chosen_settings(conversation)
        if self.is_brief:
            return settings.for_one_answer().without_tools()
        if self.research_id != conversation.id:
            return replace(settings, background=self.background_id == conversation.id)
        is_stored = not self._temporary.is_temporary(conversation.id)
        # A provider stores what runs in the background.
        in_background = is_stored and self.background_id == conversation.id
        return replace(settings.for_research(), background=in_background)

    def _chosen_settings(self, conversation: Conversation) -> AskSettings:
        """Return the settings of a conversation: its own, its folder's, the defaults."""
        folder = self._folders.folder_of(conversation)
        settings = ask_settings(self.values.all, conversation.overrides, folder=folder)
        if conversation.id not in self._drafts.without_text:
            settings = replace(settings, open_text=self.open_text_of(conversation))
        settings = replace(settings, has_text=self.has_text(conversation.id))
        if self._temporary.is_temporary(conversation.id):
            return settings
        return replace(settings, notes=tuple(self._session.notes_in(settings.folder_id)))

    # -------------------------------------------------------------- the open conversation

    @property
    def profile(self) -> ProviderProfile:
        return self.profile_of(self.current.conversation)

    @property
    def choice(self) -> ModelChoice:
        """Return the provider, model and effort of the open conversation."""
        return self.choice_of(self.current.conversation)

    @property
    def ask_settings(self) -> AskSettings:
        return self.settings_of(self.current.conversation)

    @property
    def chosen_tools(self) -> tuple[str, ...]:
        """Return the tools that are chosen for the open conversation; research may add others."""
        return self._chosen_settings(self.current.conversation).parameters.tools

    @property
    def resolved(self) -> ResolvedChoice:
        """Return the model, price and limits that the open conversation's choice resolves to."""
        return self._chat_service.resolve_with(self.profile, self.choice, self.ask_settings)

    @property
    def takes_tools(self) -> bool:
        """Return True if the model takes tools, or may."""
        return self.resolved.model.takes_tools is not False

    @property
    def context(self) -> SendContext:
        """Return the context of the next question in the open conversation."""
        return SendContext(
            list(self.current.path_before_question),
            self.resolved,
            self.current.compactions,
            self.ask_settings,
        )

    def deduplicate(self, parts: Sequence[P]) -> list[P]:
        """Return attachments as the next question sends them; those sent before are only named."""
        context = self.context
        return deduplicate_parts(context.sent.messages, parts, context.resolved.files)

    def leave_out_text(self, conversation_id: str, is_left_out: bool) -> None:
        """Send a conversation's next message without the text beside it, or with it."""
        change = set.add if is_left_out else set.discard
        change(self._drafts.without_text, conversation_id)
        self.choice_changed.emit()

    # -------------------------------------------------------------- background

    @property
    def background(self) -> bool | None:
        """Return True if answers run in the background, None if that is not offered.

        The user turns it on for one conversation at a time. A new conversation turns it off.
        """
        if self.current.is_temporary:
            return None
        if not offers_background(self.resolved, is_research=self.is_research):
            return None
        return self.background_id == self.current.id

    def choose_background(self, is_wanted: bool) -> None:
        """Turn background answers on or off in the open conversation."""
        self.background_id = self.current.id if is_wanted else ""
        self.choice_changed.emit()

    # -------------------------------------------------------------- research

    @property
    def is_research(self) -> bool:
        """Return True if the questions of the open conversation are researched.

        The user turns it on for one conversation at a time, and off again.
        """
        return bool(self.research_id) and self.research_id == self.current.id

    def choose_research(self, is_wanted: bool) -> None:
        """Turn research on or off in the open conversation.

        It runs in the background if that is offered, unless the user turns that off.
        """
        self.background_id = self.research_id = self.current.id if is_wanted else ""
        self.choice_changed.emit()

    # -------------------------------------------------------------- changes

    @property
    def is_for_message(self) -> bool:
        """Return True if the choice is for the next message only."""
        return self.current.id in self._drafts.choices

    def choose(self, choice: ModelChoice, *, for_message: bool = False) -> None:
        """Change the provider, model and effort of the open conversation or its next message."""
        if for_message:
            self._drafts.choices[self.current.id] = choice
            self.choice_changed.emit()
            return
        self._drafts.choices.pop(self.current.id, None)
        self.current.update(replace(self.current.conversation, choice=choice))
        if not self.current.is_new:
            self._tasks.start(self._conversations.save_settings(self.current.conversation))
        self.choice_changed.emit()

    def override(self, conversation_id: str, change: Callable[[Overrides], Overrides]) -> None:
        """Change the open conversation's own settings, or those of a conversation just left."""
        self.change_settings(
            conversation_id, lambda former: replace(former, overrides=change(former.overrides))
        )

    def change_settings(
        self, conversation_id: str, change: Callable[[Conversation], Conversation]
    ) -> None:
        """Change choice and settings of a conversation that is open or was just left."""
        if conversation_id == self.current.id:
            self.copy_settings(conversation_id, change(self.current.conversation))
        elif conversation_id == self._drafts.blank_id:
            self.copy_settings(conversation_id, change(self.current.last_blank))
        else:

            async def read_and_save() -> None:
                async with self._save_lock:  # each change begins with the result of the last
                    conversation = await self._conversations.get(conversation_id)
                    if conversation is not None:
                        changed_conversation = change(conversation)
                        await self._conversations.save_settings(changed_conversation)
                        self.other_conversation_changed.emit(changed_conversation)

            self._tasks.start(read_and_save())

    def copy_settings(self, conversation_id: str, source: Conversation) -> None:
        """Copy choice and settings to the open conversation, or to the blank one that was left."""
        is_blank = conversation_id == self._drafts.blank_id
        if is_blank:
            self._drafts.put_blank_settings(source.overrides, source.preset_id)
        if conversation_id == self.current.id:
            self.current.update(self.current.conversation.with_settings_of(source))
            if not is_blank:
                self._tasks.start(self._conversations.save_settings(self.current.conversation))
            self.choice_changed.emit()
        else:
            self.current.update_last_blank(source)
