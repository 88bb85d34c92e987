"""The open conversation, its messages, and blank conversations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, Signal

from desktop_app.composer.drafts import Drafts, PromptDraft
from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.answering.shown_length import shorten
from desktop_app.domain.conversations.compaction import Compaction
from desktop_app.domain.conversations.conversation import (
    Conversation,
    Draft,
    Message,
    ModelChoice,
    Role,
    now,
)
from desktop_app.markdown.structured_answer import with_rendered_form
from desktop_app.providers.gateway.environment_profiles import ON_DEVICE

if TYPE_CHECKING:
    from desktop_app.app.provider_list import Providers
    from desktop_app.app.session import Session
    from desktop_app.storage.temporary_database import TemporaryConversations
    from desktop_app.transcript.message_stream import MessageStream


class OpenConversation(QObject):
    """The conversation that the window, or the quick prompt, shows.

    Attributes:
        draft: its draft.
        conversation: its current state.
        is_new: True if it is blank and not stored yet.
        last_blank: the blank conversation, as it was when another was last opened.
        opening_number: counts the calls of `open`. An asynchronous step compares it with an earlier
            value to find out if a conversation was opened meanwhile.
        path: the messages that are shown, oldest first.
        versions: maps the id of a shown message to the ids of all its versions, oldest first.
            Messages with a single version are left out.
        compactions: its compactions, () until they are loaded.

    Signals:
        opened(): a conversation was opened, perhaps the same again, or is shown again after a
            preview of another.
        folder_changed(): the conversation was moved; the settings of its folder may differ.
        path_changed(): messages were added or replaced.
        compactions_changed(): the compactions of the open conversation were read.
    """

    opened = Signal()
    folder_changed = Signal()
    path_changed = Signal()
    compactions_changed = Signal()

    def __init__(
        self, drafts: Drafts, temporary: TemporaryConversations, draft: PromptDraft
    ) -> None:
        super().__init__(draft)
        self.draft = draft
        draft.store = self._store_draft
        self._drafts = drafts
        self._temporary = temporary
        self.conversation = blank_conversation(drafts.blank_id, ModelChoice(ON_DEVICE.id, ""))
        self.last_blank = self.conversation
        self.is_new = True
        self.opening_number = 0
        self.path: list[Message] = []
        self.versions: Mapping[str, tuple[str, ...]] = {}
        self.compactions: tuple[Compaction, ...] = ()

    @property
    def id(self) -> str:
        return self.conversation.id

    @property
    def is_temporary(self) -> bool:
        """Return True if the conversation is in memory only."""
        return self._temporary.is_temporary(self.id)

    @property
    def is_listed(self) -> bool:
        """Return True if the list can show the conversation."""
        return not (self.is_new or self.is_temporary)

    @property
    def path_before_question(self) -> list[Message]:
        """Return the messages before the next question.

        While an earlier question is edited, these are the messages before that question.
        """
        edited = self.edited_question
        return self.path if edited is None else self.path_before(edited.id)

    @property
    def edited_question(self) -> Message | None:
        """Return the question of the path that is being edited; None if none is."""
        edit = self._drafts.edit_in(self.id)
        return None if edit is None else self.message(edit.question.id)

    @property
    def version_numbers(self) -> dict[str, tuple[int, int]]:
        """Return the number of the shown version and the number of versions, by message id.

        Messages with a single version are left out, as in `versions`.
        """
        return {
            message_id: (ids.index(message_id) + 1, len(ids))
            for message_id, ids in self.versions.items()
        }

    def open(
        self,
        conversation: Conversation,
        path: Sequence[Message],
        versions: Mapping[str, tuple[str, ...]],
        draft: Draft,
        *,
        is_new: bool = False,
    ) -> None:
        """Show another conversation, or the open one with newly read messages."""
        if self.is_new:
            self.last_blank = self.conversation
        self.conversation = conversation
        self.is_new = is_new
        self.path = list(path)
        self.versions = versions
        self.compactions = ()
        self.opening_number += 1
        self.draft.value = draft
        self.opened.emit()

    def _store_draft(self) -> None:
        if not self.opening_number:  # what was typed goes to the conversation that opens first
            return
        self.draft.value = self.draft.current
        self._drafts.put(self.id, self.draft.value)

    def update(self, conversation: Conversation) -> None:
        """Set a newer state of the open conversation."""
        former, self.conversation = self.conversation, conversation
        if conversation.folder_id != former.folder_id:
            self.folder_changed.emit()

    def update_last_blank(self, source: Conversation) -> None:
        """Copy choice and settings from `source` to the blank conversation that was left."""
        self.last_blank = self.last_blank.with_settings_of(source)

    def set_stored(self, conversation: Conversation) -> None:
        """Set the open conversation as it was just stored.

        This emits nothing: a stored turn or draft does not move the conversation to another folder.
        """
        self.conversation = conversation
        self.is_new = False

    def append(self, *messages: Message) -> None:
        """Add messages at the end. The caller shows them, and then emits `path_changed`.

        Not before, because a listener adds notes to shown messages.
        """
        self.path = [*self.path, *messages]

    def message(self, message_id: str) -> Message | None:
        """Return a message of the path by its id, None if it is not in the path."""
        return next((message for message in self.path if message.id == message_id), None)

    def message_with_versions(self, focused_id: str) -> Message | None:
        """Return the message with several versions that a command acts on, None if there is none.

        That is the focused message or, if it is a question with a single version, its answer. If
        no message of the path is focused, it is the last message with several versions.

        Args:
            focused_id: the id of the focused message; "" if none is focused.
        """
        candidates = self.path[::-1]
        focused = self.message(focused_id)
        if focused is not None:
            first = self.path.index(focused)
            count = 2 if focused.role is Role.USER else 1  # a question and its answer
            candidates = self.path[first : first + count]
        return next((message for message in candidates if message.id in self.versions), None)

    def path_before(self, message_id: str) -> list[Message]:
        """Return the messages before this message; [] if it is not in the path."""
        ids = [message.id for message in self.path]
        return self.path[: ids.index(message_id)] if message_id in ids else []

    def set_compactions(self, compactions: Sequence[Compaction]) -> None:
        self.compactions = tuple(compactions)
        self.compactions_changed.emit()


def blank_conversation(conversation_id: str, choice: ModelChoice, title: str = "") -> Conversation:
    created_at = now()
    return Conversation(conversation_id, title, created_at, updated_at=created_at, choice=choice)


class MessagePresenter:
    """Presenter that updates messages of a conversation in its transcript."""

    def __init__(
        self, providers: Providers, current: OpenConversation, stream: MessageStream
    ) -> None:
        self._stream = stream
        self._current = current
        self._providers = providers
        self._shown_as_text: set[str] = set()  # ids of answers whose JSON is shown as text

    def show(self, message: Message) -> None:
        """Show a newer state of a message in the transcript."""
        number = self._current.version_numbers.get(message.id)
        self._stream.update_message(self.display_form(message), number)

    def update(self, message: Message) -> None:
        """Show a newer state of a message, and set it in the open conversation."""
        self.show(message)
        current = self._current
        current.path = [message if old.id == message.id else old for old in current.path]
        current.path_changed.emit()

    def show_as_text(self, answer: Message, as_text: bool) -> None:
        """Show the JSON of an answer as text, or again as a table or a tree."""
        if as_text:
            self._shown_as_text.add(answer.id)
        else:
            self._shown_as_text.discard(answer.id)
        self.show(answer)

    def display_form(self, message: Message) -> Message:
        """Return a message for the window: long answers shortened, JSON as a table or a tree."""
        if message.role is Role.ASSISTANT:
            as_text = message.id in self._shown_as_text
            message = with_rendered_form(shorten(message), as_text=as_text)
        return self.with_environment_error(message)

    def with_environment_error(self, message: Message) -> Message:
        """Return a message whose error names the environment if its key comes from there."""
        profile = self._providers.get(message.choice.provider_id) if message.choice else None
        if message.error is None or profile is None or not profile.from_environment:
            return message
        return replace(message, error=replace(message.error, is_of_environment=True))


DEFAULT_PRESET: Final = "default.preset"
"""The key of the setting with the preset of new conversations."""


class NewConversation:
    """Opener of blank conversations, which also applies changed defaults to an open blank one.

    Attributes:
        apply_preset: returns a blank conversation with the settings of its preset.
    """

    def __init__(self, session: Session) -> None:
        self._current = session.current
        self._setup = session.setup
        self._values = session.values
        self._providers = session.providers
        self._folders = session.folders
        self.apply_preset: Callable[[Conversation], Conversation] = lambda blank: blank
        self._drafts = session.drafts
        session.folders.changed.connect(self._leave_deleted_folder)

    @property
    def default_choice(self) -> ModelChoice:
        """Return the choice of provider, model and effort in a new conversation."""
        return self.choice_with(self._providers.default.id)

    def choice_with(self, profile_id: str) -> ModelChoice:
        """Return a new conversation's choice with this provider, or else the default one."""
        profile = self._providers.get(profile_id) or self._providers.default
        return self._providers.default_choice(profile)

    def starting_choice(self, folder_id: str | None) -> ModelChoice:
        """Return the choice of a new conversation in a folder.

        It is the folder's model, or its variant and effort, if set, at the folder's provider. If
        the folder names no provider, or a removed one, the default provider answers, without the
        folder's model.
        """
        folder = self._folders.by_id.get(folder_id or "")
        if folder is None or folder.choice is None:
            return self.default_choice
        wanted = folder.choice
        profile = self._providers.get(wanted.provider_id) or self._providers.default
        if profile.id == wanted.provider_id and wanted.model:
            return wanted
        default = self._providers.default_choice(profile)
        if not profile.serves_gpt_family:
            return default
        variant, effort = wanted.variant or default.variant, wanted.effort or default.effort
        return replace(default, variant=variant, effort=effort)

    def blank_with(self, conversation_id: str, title: str = "") -> Conversation:
        """Return a blank conversation in no folder, with the defaults and the default preset."""
        blank = blank_conversation(conversation_id, self.default_choice, title)
        return self.apply_preset(blank)

    def open(self, folder_id: str | None = None) -> None:
        """Open the blank conversation in a folder, None for none; its changed settings stay."""
        self._setup.background_id = ""
        drafts = self._drafts
        blank = self._blank_in(folder_id)
        self._current.open(blank, [], {}, drafts.cached(drafts.blank_id), is_new=True)

    def move(self, folder_id: str | None) -> None:
        """Move the open blank conversation to a folder, None for out of any.

        It then has the defaults of the folder, except for what the user has changed.
        """
        blank = self._current.conversation
        is_usual = blank.choice == self._blank_in(blank.folder_id).choice
        self.open(folder_id)
        if not is_usual:
            self._setup.choose(blank.choice)

    def _blank_in(self, folder_id: str | None) -> Conversation:
        drafts = self._drafts
        blank = blank_conversation(drafts.blank_id, self.starting_choice(folder_id))
        folder_id = folder_id if folder_id in self._folders.by_id else None
        blank = replace(blank, folder_id=folder_id, preset_id=drafts.blank_preset_id)
        blank = self._apply_preset(blank)
        if drafts.blank_overrides or drafts.blank_preset_id:  # its settings were changed
            blank = replace(blank, overrides=drafts.blank_overrides)
        return blank

    async def set_default(self, key: str, value: Any) -> None:
        """Store a "default.…" setting, and apply it to the open conversation if that is blank."""
        await self._values.set(key, value)
        if key == "default.provider":
            await self._providers.reload()
        if not self._current.is_new:
            return
        conversation = self._current.conversation
        blank = replace(conversation, choice=self.starting_choice(conversation.folder_id))
        if key == DEFAULT_PRESET:
            blank = replace(blank, overrides=Overrides(), preset_id=None)
            self._setup.copy_settings(blank.id, self._apply_preset(blank))
        else:
            self._setup.choose(self._apply_preset(blank).choice)

    def _leave_deleted_folder(self) -> None:
        blank = self._current.conversation
        if self._current.is_new and blank.folder_id and self._folders.folder_of(blank) is None:
            self._current.update(replace(blank, folder_id=None))

    def _apply_preset(self, blank: Conversation) -> Conversation:
        """Apply the preset; skip the default preset if the folder has its own settings."""
        folder = self._folders.folder_of(blank)
        has_folder_settings = folder is not None and (
            folder.choice is not None or bool(folder.overrides)
        )
        if has_folder_settings and blank.preset_id is None:
            return blank
        return self.apply_preset(blank)
