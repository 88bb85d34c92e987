"""The protocol by which other controllers open conversations."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from desktop_app.domain.conversations.conversation import Conversation


class Navigator(Protocol):
    """Opener of conversations; `LibraryController` satisfies it."""

    def open(
        self, conversation_id: str, message_id: str = "", words: str = ""
    ) -> Coroutine[Any, Any, None]:
        """Open a conversation, optionally at a message and some words in it."""

    def open_new(self, folder_id: str | None = None) -> None:
        """Open a blank conversation with the draft of the previous blank one."""

    def open_temporary(self, conversation: Conversation) -> None:
        """Open a temporary conversation without messages."""

    def forget_temporary(self, conversation_id: str) -> None:
        """Forget a temporary conversation that was closed."""

    def mark_open(self) -> None:
        """Select the open conversation in the list, and open it at the next start."""
