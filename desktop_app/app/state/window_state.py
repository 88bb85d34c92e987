"""The state objects of a window, which only the window's composition has together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.app.state.answer_setup import AnswerSetup
from desktop_app.app.state.attachment_origins import AttachmentOrigins
from desktop_app.app.state.collection_notes import CollectionNotes
from desktop_app.app.state.dependency_groups import (
    AnswerSettings,
    AttachmentSources,
    ConversationSession,
)
from desktop_app.app.state.drafts import Drafts
from desktop_app.app.state.folder_list import FolderList
from desktop_app.app.state.new_conversation import NewConversation
from desktop_app.app.state.open_conversation import OpenConversation
from desktop_app.app.state.presets import Presets
from desktop_app.app.state.prompt_draft import PromptDraft
from desktop_app.app.state.prompt_list import PromptList
from desktop_app.app.state.providers import Providers
from desktop_app.app.state.setting_values import SettingValues
from desktop_app.app.state.spending_events import SpendingEvents

if TYPE_CHECKING:
    from PySide6.QtCore import QObject

    from desktop_app.app.tasks import Tasks
    from desktop_app.backend.backend import Backend


class WindowState:
    """The state objects of a window.

    No controller receives this: each receives only the objects it uses.
    """

    def __init__(self, backend: Backend, tasks: Tasks, parent: QObject) -> None:
        self.tasks = tasks
        self.backend, self.temporary = backend, backend.temporary
        self.spending = SpendingEvents(backend.ledger, parent)
        self.drafts = Drafts(backend.conversations, backend.settings, tasks)
        self.values = SettingValues(backend.settings, parent)
        self.providers = Providers(
            backend.providers, backend.listings, backend.settings, self.values, parent
        )
        self.folders = FolderList(backend.conversation_folders, parent)
        self.draft = PromptDraft(parent)
        self.prompts = PromptList(parent)
        self.collection_notes = CollectionNotes(parent)
        self.origins = AttachmentOrigins(backend.attachments)
        self.current = OpenConversation(self.drafts.blank_id, self.draft, self.temporary, parent)
        self.setup = AnswerSetup(
            self.current,
            parent,
            values=self.values,
            providers=self.providers,
            folders=self.folders,
            drafts=self.drafts,
            temporary=self.temporary,
            tasks=tasks,
            chat_service=backend.chat,
            conversations=backend.conversations,
        )
        self.presets = Presets(self.values, self.providers, self.setup)
        self.new_conversation = NewConversation(
            self.current,
            setup=self.setup,
            values=self.values,
            providers=self.providers,
            folders=self.folders,
            presets=self.presets,
            drafts=self.drafts,
        )
        self.session = ConversationSession(self.current, self.draft)
        self.answer_settings = AnswerSettings(self.values, self.providers, self.setup)
        self.sources = AttachmentSources(
            attachment_store=backend.attachments,
            documents=backend.documents,
            image_scaler=backend.pictures,
            fences=backend.fences,
        )

    async def load(self) -> None:
        """Load settings, folders and providers."""
        await self.values.load()
        await self.folders.load()
        await self.backend.listings.load()
        await self.providers.reload()
