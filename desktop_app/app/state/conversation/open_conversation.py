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
    Role,
    now,
)

if TYPE_CHECKING:
    from desktop_app.app.state.draft.drafts import Drafts
    from desktop_app.app.state.draft.prompt_draft import PromptDraft
    from desktop_app.domain.conversations.compaction import Compaction
    from desktop_app.storage.database.temporary_database import TemporaryConversations


class OpenConversation(QObject):
    """The conversation that the window shows.

    Attributes:
        draft: its draft.
        conversation: its current state.
        is_new: True if it is blank and not stored yet.
        last_blank: the blank conversation as it was when it was last left.
        opening_number: the number of conversations that were opened so far.
        path: the messages that are shown, oldest first.
        versions: the ids of all versions of each message that has several, by its id in the path.
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
        self,
        drafts: Drafts,
        draft: PromptDraft,
        temporary: TemporaryConversations,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.draft, self._drafts, self._temporary = draft, drafts, temporary
        self.conversation = blank_conversation(drafts.blank_id, ModelChoice(ON_DEVICE.id, ""))
        self.last_blank = self.conversation
        self.is_new = True
        self.opening_number = 0
        self.path: list[Message] = []
        self.versions: Mapping[str, tuple[str, ...]] = {}
        self.compactions: tuple[Compaction, ...] = ()

    @property
    def id(self) -> str:
        """Return the conversation's id."""
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
        """Return the messages before the next question, which may replace an earlier one."""
        edited_question = self.edited_question
        return self.path if edited_question is None else self.path_before(edited_question.id)

    @property
    def edited_question(self) -> Message | None:
        """Return the question of the path that is being edited, None for none."""
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
            if message_id in ids
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
        self.draft.load(draft)
        self.opened.emit()

    def reopen(self) -> None:
        """Show the conversation again, after a preview of another had replaced it."""
        self.opened.emit()

    def update(self, conversation: Conversation) -> None:
        """Set a newer state of the open conversation."""
        was_moved = conversation.folder_id != self.conversation.folder_id
        self.conversation = conversation
        if was_moved:
            self.folder_changed.emit()

    def update_last_blank(self, source: Conversation) -> None:
        """Copy choice and settings from `source` to the blank conversation that was left."""
        self.last_blank = self.last_blank.with_settings_of(source)

    def set_stored(self, conversation: Conversation) -> None:
        """Set the open conversation as it was just stored; this emits nothing."""
        self.conversation = conversation
        self.is_new = False

    def append(self, *messages: Message) -> None:
        """Add messages at the end; `report_path` follows once they are shown."""
        self.path = [*self.path, *messages]

    def report_path(self) -> None:
        """Report added messages that are shown by now."""
        self.path_changed.emit()

    def message(self, message_id: str) -> Message | None:
        """Return a message of the path by its id, None if it is not in the path."""
        return next((message for message in self.path if message.id == message_id), None)

    def message_with_versions(self, focused_id: str, *, is_answer: bool = False) -> Message | None:
        """Return the message with several versions that a command acts on, None for none.

        That is the focused message or, if it is a question without versions, its answer. If
        `focused_id` is "", it is the last message that has several. With `is_answer`, skip
        questions.
        """
        focused = self.message(focused_id)
        candidates = self.path[::-1]
        if focused is not None:
            index = self.path.index(focused)
            candidates = self.path[index : index + (2 if focused.role is Role.USER else 1)]
        if is_answer:
            candidates = [message for message in candidates if message.role is Role.ASSISTANT]
        has_several = (m for m in candidates if len(self.versions.get(m.id, ())) > 1)
        return next(has_several, None)

    def path_before(self, message_id: str) -> list[Message]:
        """Return the messages before this message; [] if it is not in the path."""
        ids = [message.id for message in self.path]
        return self.path[: ids.index(message_id)] if message_id in ids else []

    def replace_message(self, message: Message) -> None:
        """Set a newer state of a message."""
        self.path = [message if old.id == message.id else old for old in self.path]
        self.path_changed.emit()

    def set_compactions(self, compactions: Sequence[Compaction]) -> None:
        """Set the loaded compactions."""
        self.compactions = tuple(compactions)
        self.compactions_changed.emit()


def blank_conversation(conversation_id: str, choice: ModelChoice, title: str = "") -> Conversation:
    """Return a conversation without messages."""
    created_at = now()
    return Conversation(conversation_id, title, created_at, created_at, choice)
