"""The open conversation and its messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop_app.backend.environment_profiles import ON_DEVICE
from desktop_app.domain.conversations.conversation import (
    Conversation,
    Draft,
    Message,
    ModelChoice,
    now,
)

if TYPE_CHECKING:
    from desktop_app.app.state.drafts import Drafts
    from desktop_app.app.state.prompt_draft import PromptDraft
    from desktop_app.domain.conversations.compaction import Compaction
    from desktop_app.storage.database.temporary_database import TemporaryConversations


class OpenConversation(QObject):
    """The conversation that the window shows.

    Attributes:
        draft: its draft.

    Signals:
        opened: another conversation is open.
        folder_changed: the conversation was moved; the settings of its folder may differ.
        path_changed: messages were added or replaced.
        compactions_changed: the compactions of the open conversation were read.
    """

    opened = Signal()
    folder_changed = Signal()
    path_changed = Signal()
    compactions_changed = Signal()

    def __init__(
        self,
        drafts: Drafts,
        draft: PromptDraft,
        temporary: TemporaryConversations,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.draft, self._drafts, self._temporary = draft, drafts, temporary
        self._conversation = blank_conversation(drafts.blank_id, ModelChoice(ON_DEVICE.id, ""))
        self._is_new = True
        self._path: list[Message] = []
        self._versions: Mapping[str, tuple[str, ...]] = {}
        self._compactions: tuple[Compaction, ...] = ()

    @property
    def conversation(self) -> Conversation:
        """The current state of the conversation."""
        return self._conversation

    @property
    def id(self) -> str:
        """The conversation's id."""
        return self._conversation.id

    @property
    def is_new(self) -> bool:
        """True if the conversation is blank and not stored yet."""
        return self._is_new

    @property
    def is_temporary(self) -> bool:
        """True if the conversation is in memory only."""
        return self._temporary.is_temporary(self.id)

    @property
    def is_listed(self) -> bool:
        """True if the list has the conversation."""
        return not (self.is_new or self.is_temporary)

    @property
    def path(self) -> list[Message]:
        """The messages that are shown, oldest first."""
        return self._path

    @property
    def path_before_question(self) -> list[Message]:
        """The messages before the next question, which may replace an earlier one."""
        edited = self.edited_question
        return self._path if edited is None else self.path_to(edited.id)

    @property
    def edited_question(self) -> Message | None:
        """The question of the path that is being edited, None for none."""
        edit = self._drafts.edit_in(self.id)
        return None if edit is None else self.message(edit.question.id)

    @property
    def versions(self) -> Mapping[str, tuple[str, ...]]:
        """The ids of all versions of a message, by the id of the version in the path."""
        return self._versions

    @property
    def version_numbers(self) -> dict[str, tuple[int, int]]:
        """Message id -> (version number, number of versions), if there are several."""
        return {
            message_id: (ids.index(message_id) + 1, len(ids))
            for message_id, ids in self._versions.items()
            if message_id in ids
        }

    @property
    def compactions(self) -> tuple[Compaction, ...]:
        """The compactions of this conversation, () until they are loaded."""
        return self._compactions

    def open(
        self,
        conversation: Conversation,
        path: Sequence[Message],
        versions: Mapping[str, tuple[str, ...]],
        draft: Draft,
        *,
        is_new: bool = False,
    ) -> None:
        """Show another conversation."""
        self._conversation, self._path, self._versions = conversation, list(path), versions
        self._is_new, self._compactions = is_new, ()
        self.draft.load(draft)
        self.opened.emit()

    def reopen(self) -> None:
        """Show the conversation again, after a preview of another had replaced it."""
        self.opened.emit()

    def update(self, conversation: Conversation) -> None:
        """Set a newer state of the open conversation."""
        was_moved = conversation.folder_id != self._conversation.folder_id
        self._conversation = conversation
        if was_moved:
            self.folder_changed.emit()

    def store(self, conversation: Conversation) -> None:
        """Set the conversation as stored with its first question; this emits nothing."""
        self._conversation, self._is_new = conversation, False

    def append(self, *messages: Message) -> None:
        """Add messages at the end; `report_path` follows once they are shown."""
        self._path = [*self._path, *messages]

    def report_path(self) -> None:
        """Report added messages that are shown by now."""
        self.path_changed.emit()

    def message(self, message_id: str) -> Message | None:
        """Return a message of the path by its id, None if it is not in the path."""
        return next((message for message in self._path if message.id == message_id), None)

    def path_to(self, message_id: str) -> list[Message]:
        """Return the messages before this message; [] if it is not in the path."""
        ids = [message.id for message in self._path]
        return self._path[: ids.index(message_id)] if message_id in ids else []

    def replace_message(self, message: Message) -> None:
        """Set a newer state of a message."""
        self._path = [message if old.id == message.id else old for old in self._path]
        self.path_changed.emit()

    def set_compactions(self, compactions: Sequence[Compaction]) -> None:
        """Set the loaded compactions."""
        self._compactions = tuple(compactions)
        self.compactions_changed.emit()


def blank_conversation(conversation_id: str, choice: ModelChoice, title: str = "") -> Conversation:
    """Return a conversation without messages."""
    moment = now()
    return Conversation(conversation_id, title, moment, moment, choice)
