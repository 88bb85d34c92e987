"""What stands in the window: the open conversation and its messages, the providers, the settings.

The controllers share this state and hear of its changes; none of them knows another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Signal

from desktop_app.app.library.drafts import Drafts
from desktop_app.app.tasks import Tasks
from desktop_app.backend.answer_settings import ask_settings
from desktop_app.backend.backend import Backend
from desktop_app.backend.environment_profiles import ON_DEVICE
from desktop_app.backend.temporary_stores import TemporaryConversations, with_temporary
from desktop_app.domain.conversations.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.conversations.compaction import Compaction, sent_path
from desktop_app.domain.conversations.conversation import (
    Conversation,
    Draft,
    Folder,
    Message,
    ModelChoice,
    Role,
    now,
)
from desktop_app.domain.conversations.generation import Overrides
from desktop_app.domain.conversations.message_parts import DraftPart
from desktop_app.domain.conversations.shown_length import shortened
from desktop_app.domain.errors import UserFacingError
from desktop_app.services.chat.background_offer import offers_background
from desktop_app.services.chat.chat_service import AskSettings, ChatService
from desktop_app.services.chat.model_choice import ResolvedChoice
from desktop_app.services.documents.attachment_dedup import as_sent_after
from desktop_app.settings.setting import SettingValue
from desktop_app.settings.values import with_defaults

P = TypeVar("P", bound=DraftPart)

PROVIDER_REMOVED = "Provider removed: choose another"


class Workspace(QObject):
    """The state of the window.

    Attributes:
        private: the conversations that are held in memory alone.
        drafts: what stands in the prompts of all conversations.
        folders: every folder, by its id.
        draft: what stands in this one's; its text is the prompt's while it is open.
        begin_with: what a blank conversation begins with besides the defaults.

    Signals:
        opened: another conversation stands in the window.
        path_changed: messages were added to it, or an answer ended.
        choice_changed: provider, variant, model or effort, or what is set for this conversation.
        draft_changed: attachments came or went.
        values_changed(str): a setting, by key.
        profiles_changed: providers or their keys.
        spent(str): a call was noted in the ledger, by the provider's id.
        listings_changed: what a provider serves.
        other_conversation_changed(Conversation): one that is not open.
        compactions_changed: what stands for the beginning of the open conversation.
        utility_calls_paid: small jobs of the program's own were done, which may have cost something.
        folders_changed: folders came or went, or one was renamed or set otherwise.
        retitled(str, str): a conversation, by id, has another title.
    """

    opened = Signal()
    path_changed = Signal()
    choice_changed = Signal()
    draft_changed = Signal()
    values_changed = Signal(str)
    profiles_changed = Signal()
    spent = Signal(str)
    listings_changed = Signal()
    other_conversation_changed = Signal(object)
    compactions_changed = Signal()
    utility_calls_paid = Signal()
    folders_changed = Signal()
    retitled = Signal(str, str)

    def __init__(self, backend: Backend, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.private = TemporaryConversations()
        self._private_chat: ChatService | None = None
        backend = self.backend = with_temporary(backend, self.private)
        self.tasks = tasks
        backend.ledger.listen(self.spent.emit)
        self.drafts = Drafts(backend, tasks)
        self.values: dict[str, SettingValue] = with_defaults({})
        self.profiles: list[ProviderProfile] = []
        self.default_profile: ProviderProfile = ON_DEVICE
        self.folders: dict[str, Folder] = {}
        self.conversation = _blank(self.drafts.blank_id, ModelChoice(ON_DEVICE.id, ""))
        self.is_new = True
        self.path: list[Message] = []
        self.versions: Mapping[str, tuple[str, ...]] = {}
        self.compactions: tuple[Compaction, ...] = ()
        self.draft = Draft()
        self.begin_with: Callable[[Conversation], Conversation] = lambda blank: blank
        self._background_in = ""

    async def load(self) -> None:
        """Read settings, folders and providers."""
        self.values = await self.backend.values()
        folders = await self.backend.conversation_folders.all()
        self.folders = {folder.id: folder for folder in folders}
        await self.backend.listings.load()
        await self.reload_profiles()

    async def refresh_listing(self, profile: ProviderProfile, *, insist: bool = False) -> None:
        """Have a provider say what it serves, unless it did lately; this opens its connection. What
        goes wrong is said when it matters: under the question that could not be sent."""
        listings = self.backend.listings
        is_here = profile.kind is ProviderKind.ON_DEVICE
        if is_here or (listings.is_fresh(profile) and not insist):
            return
        if profile.needs_key and not await self.backend.has_key(profile):
            return
        with suppress(UserFacingError):
            await listings.fetch(profile)
            self.listings_changed.emit()

    async def reload_profiles(self) -> None:
        """Read the providers anew."""
        self.profiles = await self.backend.profiles()
        self.default_profile = await self.backend.default_profile(self.profiles, self.values)
        self.profiles_changed.emit()

    async def set_value(self, key: str, value: Any) -> None:
        """Keep a setting, and tell of it. What new conversations start from holds for the open one
        too, as long as nothing was asked in it."""
        await self.backend.settings.set(key, value)
        self.values = await self.backend.values()
        self.values_changed.emit(key)
        if key == "default.provider":
            await self.reload_profiles()
        if key.startswith("default.") and self.is_new:
            self._begin_again(with_settings=key == "default.preset")

    def _begin_again(self, *, with_settings: bool) -> None:
        """What the open blank conversation begins with has changed."""
        blank = replace(self.conversation, choice=self.starting_choice(self.conversation.folder_id))
        if not with_settings:
            self.choose(self._begun(blank).choice)
            return
        blank = replace(blank, overrides=Overrides(), preset_id=None)
        self.take_settings(blank.id, self._begun(blank))

    def _begun(self, blank: Conversation) -> Conversation:
        """A blank conversation with what it begins with; a folder with settings of its own comes
        before what is begun with elsewhere."""
        folder = self.folder_of(blank)
        is_set = folder is not None and (folder.choice is not None or bool(folder.overrides))
        return blank if is_set and blank.preset_id is None else self.begin_with(blank)

    @property
    def default_choice(self) -> ModelChoice:
        """What a new conversation starts from."""
        return self.backend.default_choice(self.default_profile, self.values)

    def starting_choice(self, folder_id: str | None) -> ModelChoice:
        """What a new conversation in a folder starts from: the folder's variant and effort, where it
        has any, at its provider or else the default one."""
        folder = self.folders.get(folder_id or "")
        if folder is None or folder.choice is None:
            return self.default_choice
        wanted, fallback = folder.choice, self.default_profile
        profile = next((p for p in self.profiles if p.id == wanted.provider_id), fallback)
        if profile.id == wanted.provider_id and wanted.model:
            return wanted
        start = self.backend.default_choice(profile, self.values)
        if not profile.serves_the_family:
            return start
        variant, effort = wanted.variant or start.variant, wanted.effort or start.effort
        return replace(start, variant=variant, effort=effort)

    def folder_of(self, conversation: Conversation) -> Folder | None:
        """What a conversation lies in, if anything."""
        return self.folders.get(conversation.folder_id or "")

    def set_folders(self, folders: Sequence[Folder]) -> None:
        """Take these for all folders there are, and tell of it."""
        self.folders = {folder.id: folder for folder in folders}
        self.folders_changed.emit()
        self.choice_changed.emit()

    def open_new(self, folder_id: str | None = None) -> None:
        """Put a blank conversation into the window, as its folder or the defaults have it."""
        self._background_in = ""
        kept = self.drafts.blank_overrides
        blank = _blank(self.drafts.blank_id, self.starting_choice(folder_id))
        blank = replace(blank, folder_id=folder_id, preset_id=self.drafts.blank_preset_id)
        blank = self._begun(blank)
        blank = replace(blank, overrides=kept or blank.overrides)
        self.open(blank, [], {}, self.drafts.of_blank(), is_new=True)

    def open(
        self,
        conversation: Conversation,
        path: Sequence[Message],
        versions: Mapping[str, tuple[str, ...]],
        draft: Draft,
        *,
        is_new: bool = False,
    ) -> None:
        """Put a conversation into the window."""
        self.conversation, self.path, self.versions = conversation, list(path), versions
        self.draft, self.is_new, self.compactions = draft, is_new, ()
        self.opened.emit()

    def profile_of(self, conversation: Conversation) -> ProviderProfile:
        """The provider of a conversation; the default one stands for one that is gone, but nothing
        is sent there (see `has_provider`)."""
        wanted = conversation.choice.provider_id
        found = next((p for p in self.profiles if p.id == wanted), self.default_profile)
        if self.private.holds(conversation.id):  # what is private is not kept at a provider either
            return replace(found, keeps_at_provider=False)
        return found

    def chat_for(self, conversation: Conversation) -> ChatService:
        """Who asks in a conversation. In a private one no notes on long documents are kept."""
        backend = self.backend
        if not self.private.was_begun(conversation.id):
            return backend.chat
        if self._private_chat is None:
            self._private_chat = backend.chat_with(backend.conversations, backend.attachments)
        return self._private_chat

    @property
    def is_private(self) -> bool:
        """Whether the open conversation is held in memory alone."""
        return self.private.holds(self.conversation.id)

    def has_provider(self, conversation: Conversation) -> bool:
        """Whether the provider of a conversation is still there. If not, nothing is asked until the
        person has chosen another, which may cost what the former did not."""
        return any(p.id == conversation.choice.provider_id for p in self.profiles)

    @property
    def profile(self) -> ProviderProfile:
        """The provider of the open conversation."""
        return self.profile_of(self.conversation)

    def choice_of(self, conversation: Conversation) -> ModelChoice:
        """Who answers in a conversation as things are now: the model on this computer may be
        another one since."""
        profile, choice = self.profile_of(conversation), conversation.choice
        if profile.id == choice.provider_id and profile.kind is ProviderKind.ON_DEVICE:
            return replace(choice, model=self.backend.on_device_model)
        return choice

    @property
    def choice(self) -> ModelChoice:
        """Who answers in the open conversation."""
        return self.choice_of(self.conversation)

    @property
    def resolved(self) -> ResolvedChoice:
        """What the open conversation's choice comes to."""
        return self.backend.chat.resolve_with(self.profile, self.choice, self.ask_settings)

    def as_sent(self, parts: Sequence[P]) -> list[P]:
        """Attachments of the prompt as they would be sent behind the open conversation."""
        return as_sent_after(self.sent, parts, self.resolved.files)

    @property
    def sent(self) -> Sequence[Message]:
        """The messages of the open conversation that are sent with the next question."""
        resolved = self.resolved
        return sent_path(self.path, self.compactions, resolved.profile, resolved.model.id).messages

    @property
    def ask_settings(self) -> AskSettings:
        """What is set for the open conversation's answers."""
        return self.settings_of(self.conversation)

    @property
    def background(self) -> bool | None:
        """Whether the open conversation's answers are made in the background; None where that is
        not offered. It is chosen anew in every conversation, and forgotten with the window."""
        if self.is_private or self.values["answer.background"] == "off":
            return None
        if not offers_background(self.resolved):
            return None
        return self._wants_background(self.conversation)

    def _wants_background(self, conversation: Conversation) -> bool:
        """Whether it was chosen; it is used where it is offered."""
        is_off = self.values["answer.background"] == "off"
        return self._background_in == conversation.id and not is_off

    def choose_background(self, wanted: bool) -> None:
        """Have the open conversation's answers made in the background, or not."""
        self._background_in = self.conversation.id if wanted else ""
        self.choice_changed.emit()

    def settings_of(self, conversation: Conversation) -> AskSettings:
        """What is set for a conversation's answers: there, in its folder, or for every one."""
        folder = self.folder_of(conversation)
        chain = (
            (conversation.overrides,)
            if folder is None
            else (
                conversation.overrides,
                folder.overrides,
            )
        )
        settings = ask_settings(self.values, *chain)
        return replace(settings, background=self._wants_background(conversation))

    def choose(self, choice: ModelChoice) -> None:
        """Change who answers in the open conversation."""
        self.conversation = replace(self.conversation, choice=choice)
        if not self.is_new:
            self.tasks.start(self.backend.conversations.save(self.conversation))
        self.choice_changed.emit()

    def override(self, conversation_id: str, change: Callable[[Overrides], Overrides]) -> None:
        """Change what is set for a conversation's answers alone: the open one's, or one's that was
        left while something was still being typed there."""
        if conversation_id != self.conversation.id:
            self.tasks.start(self._override_elsewhere(conversation_id, change))
            return
        overrides = change(self.conversation.overrides)
        self.take_settings(conversation_id, replace(self.conversation, overrides=overrides))

    async def _override_elsewhere(
        self, conversation_id: str, change: Callable[[Overrides], Overrides]
    ) -> None:
        left = await self.backend.conversations.get(conversation_id)
        if left is not None:
            await self._keep_elsewhere(replace(left, overrides=change(left.overrides)))

    async def _keep_elsewhere(self, changed: Conversation) -> None:
        await self.backend.conversations.save(changed)
        self.other_conversation_changed.emit(changed)

    def take_settings(self, conversation_id: str, settings: Conversation) -> None:
        """Have who answers and what is set in a conversation, the open one or one that was left, be
        as they are in `settings`."""
        if conversation_id != self.conversation.id:
            self.tasks.start(self._take_settings_elsewhere(conversation_id, settings))
            return
        self.conversation = self.conversation.with_settings_of(settings)
        if self.is_new:
            self.drafts.keep_settings(settings.overrides, settings.preset_id)
        else:
            self.tasks.start(self.backend.conversations.save(self.conversation))
        self.choice_changed.emit()

    async def _take_settings_elsewhere(self, conversation_id: str, settings: Conversation) -> None:
        left = await self.backend.conversations.get(conversation_id)
        if left is not None:
            await self._keep_elsewhere(left.with_settings_of(settings))

    def as_shown(self, message: Message) -> Message:
        """Return a message for the window: of an answer that is too long, the beginning."""
        is_answer = message.role is Role.ASSISTANT
        return self.as_copied(shortened(message) if is_answer else message)

    def as_copied(self, message: Message) -> Message:
        """Return a message whose error says where its key is replaced: in the environment if it
        comes from there, not in the settings."""
        error, id_ = message.error, message.choice.provider_id if message.choice else ""
        if error is None or not any(p.id == id_ and p.from_environment for p in self.profiles):
            return message
        kind = "ProviderError" if error.kind == "AuthenticationError" else error.kind
        to_do = error.what_to_do.replace("in Settings › Provider", "in the environment")
        return replace(message, error=replace(error, what_to_do=to_do, kind=kind))

    def path_to(self, message_id: str) -> list[Message]:
        """The messages before one; none where it is not in the open path."""
        ids = [message.id for message in self.path]
        return self.path[: ids.index(message_id)] if message_id in ids else []

    def replace_message(self, message: Message) -> None:
        """Put a newer state of a message of the open conversation in its place."""
        self.path = [message if old.id == message.id else old for old in self.path]
        self.path_changed.emit()


def _blank(conversation_id: str, choice: ModelChoice) -> Conversation:
    moment = now()
    return Conversation(conversation_id, "", moment, moment, choice)
