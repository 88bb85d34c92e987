"""Changes of the titles of conversations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.i18n.translation import tr

if TYPE_CHECKING:
    from desktop_app.app.library.list_presenter import ListPresenter
    from desktop_app.storage.conversations.conversation_store import ConversationStore


class ConversationTitles:
    """Writer of titles, which the list shows at once."""

    def __init__(self, presenter: ListPresenter, conversations: ConversationStore) -> None:
        self._presenter, self._conversations = presenter, conversations

    def rename(self, conversation_id: str, title: str) -> None:
        """Give a conversation a title, and write it."""
        title = title.strip() or tr("New conversation")
        self._presenter.change([conversation_id], title=title, title_is_automatic=False)
        self._presenter.write(self._conversations.rename(conversation_id, title))
