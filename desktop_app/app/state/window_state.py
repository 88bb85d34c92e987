"""All state objects of a window."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from desktop_app.app.state.shared_lists import CollectionFacts, FolderList, Presets, PromptList
from desktop_app.app.tasks import Tasks
from desktop_app.app.window.main_window import MainWindow
from desktop_app.backend.backend import Backend
from desktop_app.chat.ui.answer_setup import AnswerSetup
from desktop_app.chat.ui.new_conversation import NewConversation
from desktop_app.chat.ui.open_conversation import MessagePresenter, OpenConversation
from desktop_app.composer.drafts import AttachmentOrigins, AttachmentSources, Drafts, PromptDraft
from desktop_app.providers.ui.providers import Providers, SettingValues
from desktop_app.spending.ledger import Ledger


class WindowState:
    """The state objects that the controllers of a window share."""

    def __init__(self, window: MainWindow, backend: Backend, tasks: Tasks) -> None:
        self.tasks = tasks
        self.backend = backend
        self.temporary = backend.temporary
        self.spending = SpendingEvents(backend.ledger, window)
        self.drafts = Drafts(backend.conversations, backend.settings, tasks)
        self.values = SettingValues(backend.settings, window)
        self.providers = Providers(
            backend.providers,
            backend.listings,
            settings_store=backend.settings,
            values=self.values,
            parent=window,
        )
        self.folders = FolderList(backend.conversation_folders, window)
        self.prompts = PromptList(window)
        self.collection_facts = CollectionFacts(window)
        self.origins = AttachmentOrigins(backend.attachments)
        self.current = OpenConversation(
            self.drafts, PromptDraft(window.prompt), self.temporary, window
        )
        self.messages = MessagePresenter(
            window.transcript.stream, current=self.current, providers=self.providers
        )
        self.setup = AnswerSetup(
            self.current,
            window,
            values=self.values,
            providers=self.providers,
            folders=self.folders,
            drafts=self.drafts,
            temporary=self.temporary,
            tasks=tasks,
            chat_service=backend.chat,
            conversations=backend.conversations,
        )
        self.presets = Presets(self.setup)
        self.new_conversation = NewConversation(
            setup=self.setup, folders=self.folders, presets=self.presets, drafts=self.drafts
        )
        self.sources = AttachmentSources(
            attachment_store=backend.attachments,
            documents=backend.documents,
            image_scaler=backend.image_scaler,
            delimiters=backend.delimiters,
        )

    async def load(self) -> None:
        """Load settings, folders, lists of models and providers."""
        await self.values.load()
        await self.folders.load()
        await self.backend.listings.load()
        await self.providers.reload()


class SpendingEvents(QObject):
    """Signals for calls recorded in the ledger, paid or free.

    Signals:
        spent(str): calls to a provider were recorded; the argument is the provider's id.
    """

    spent = Signal(str)

    def __init__(self, ledger: Ledger, parent: QObject) -> None:
        super().__init__(parent)
        ledger.listen(self.spent.emit)
