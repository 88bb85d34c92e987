"""The session of a window: what its controllers share, and the controllers themselves.

`composition` makes all of it, in an order in which each object finds those that it uses.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from PySide6.QtCore import QObject

from desktop_app.widgets.windows import bring_to_front

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtGui import QAction
    from PySide6.QtWidgets import QWidget

    from desktop_app.app.desktop_controllers import DesktopControllers
    from desktop_app.app.folder_list import FolderList
    from desktop_app.app.help.help_window import HelpWindow
    from desktop_app.app.housekeeping import Housekeeping
    from desktop_app.app.palette import Palette
    from desktop_app.app.place_opener import PlaceOpener
    from desktop_app.app.shutdown import EndStep
    from desktop_app.app.startup.closed_store import ClosedWork
    from desktop_app.app.tasks import Tasks
    from desktop_app.app.window.main_window import MainWindow
    from desktop_app.backend.backend import Backend
    from desktop_app.backup.ui.backup_controller import BackupController
    from desktop_app.batch.ui.batch_page import BatchPage
    from desktop_app.chat.ui.answer_actions import AnswerActions
    from desktop_app.chat.ui.answer_setup import AnswerSetup
    from desktop_app.chat.ui.chat_controller import ChatController
    from desktop_app.chat.ui.choice_controller import ChoiceController
    from desktop_app.chat.ui.chunked_reading_controller import ChunkedReadingController
    from desktop_app.chat.ui.compaction_controller import CompactionController
    from desktop_app.chat.ui.comparison.comparison_controller import ComparisonController
    from desktop_app.chat.ui.open_conversation import (
        MessagePresenter,
        NewConversation,
        OpenConversation,
    )
    from desktop_app.chat.ui.running_answers import RunningAnswers
    from desktop_app.chat.ui.server_watch import ServerWatch
    from desktop_app.chat.ui.temporary_controller import TemporaryController
    from desktop_app.collections.ui.collections_controller import CollectionsController
    from desktop_app.composer.attachment_chips import AttachmentChips
    from desktop_app.composer.attachments.attachments_controller import AttachmentsController
    from desktop_app.composer.attachments.collection_facts import CollectionFacts
    from desktop_app.composer.attachments.file_readings import FileReadings
    from desktop_app.composer.attachments.images_controller import ImagesController
    from desktop_app.composer.attachments.preview_controller import PreviewController
    from desktop_app.composer.attachments.prompt_chips import PromptChips
    from desktop_app.composer.attachments.thumbnails import Thumbnails
    from desktop_app.composer.available_models import AvailableModels
    from desktop_app.composer.drafts import AttachmentOrigins, Drafts, PromptDraft
    from desktop_app.composer.prompt_list import PromptList
    from desktop_app.composer.prompt_text import PromptText
    from desktop_app.composer.spelling import Spelling
    from desktop_app.desktop.session_bus import SessionBus
    from desktop_app.desktop.ui.answer_notifier import AnswerNotifier
    from desktop_app.desktop.ui.closing_controller import ClosingController
    from desktop_app.documents.ui.document_viewer import DocumentViewer
    from desktop_app.exchange.ui.transfer_controller import TransferController
    from desktop_app.library.ui.folders_controller import (
        FoldersController,
        FolderSettingsController,
    )
    from desktop_app.library.ui.foreign_changes import ForeignChanges
    from desktop_app.library.ui.link_controller import LinkController
    from desktop_app.library.ui.list_presenter import ListPresenter
    from desktop_app.library.ui.navigator import Navigator
    from desktop_app.library.ui.pinned_order import PinnedOrder
    from desktop_app.library.ui.trash import Trash
    from desktop_app.local_model.ui.local_models_page import LocalModelsPage
    from desktop_app.prompts.ui.presets import Presets
    from desktop_app.prompts.ui.presets_controller import PresetsController
    from desktop_app.prompts.ui.prompts_controller import PromptsController
    from desktop_app.providers.ui.local_server_offer import LocalServerOffer
    from desktop_app.providers.ui.models.models_dialog import ModelsPage
    from desktop_app.providers.ui.providers import Providers, SettingValues
    from desktop_app.providers.ui.providers_controller import ProvidersController
    from desktop_app.quick.ui.quick_prompt_controller import QuickPromptController
    from desktop_app.settings.ui.settings_controller import SettingsController
    from desktop_app.spending.ui.estimate_presenter import EstimatePresenter
    from desktop_app.spending.ui.spending_controller import SpendingController
    from desktop_app.spending.ui.spending_events import SpendingEvents
    from desktop_app.storage.temporary_database import TemporaryConversations
    from desktop_app.storage.temporary_files import TemporaryCopies
    from desktop_app.tools.ui.consent_card import ConsentController
    from desktop_app.tools.ui.servers_controller import ServersController
    from desktop_app.tools.ui.tools_controller import ToolsController
    from desktop_app.transcript.media.diagram_drawer import DiagramDrawer
    from desktop_app.transcript.media.json_process import JsonProcess
    from desktop_app.transcript.media.typesetter import Typesetter
    from desktop_app.transcript.view import TranscriptView
    from desktop_app.widgets.cards.notifications import Notifications


class Session:
    """What the controllers of a window share; they get the session, and their view if it varies.

    Attributes:
        copies: the files that other programs opened or got by a drag.
        typesetter, drawer, lexer: the processes of formulas, diagrams and code in all transcripts.
        current, messages, setup, readings, previews: those of `main`.
    """

    window: MainWindow
    actions: Mapping[str, QAction]  # by the ids of their commands
    escape_action: QAction | None = None  # of the command of Esc
    tasks: Tasks
    backend: Backend
    # Stores and lists that are also in memory.
    temporary: TemporaryConversations
    spending: SpendingEvents
    drafts: Drafts
    values: SettingValues
    providers: Providers
    folders: FolderList
    prompts: PromptList
    presets: Presets
    collection_facts: CollectionFacts
    origins: AttachmentOrigins
    copies: TemporaryCopies
    typesetter: Typesetter
    drawer: DiagramDrawer
    lexer: JsonProcess
    # The conversation in the main window, and answers.
    main: ConversationSession
    current: OpenConversation
    messages: MessagePresenter
    setup: AnswerSetup
    new_conversation: NewConversation
    running: RunningAnswers
    # The sidebar.
    list_presenter: ListPresenter
    navigator: Navigator
    foreign_changes: ForeignChanges
    pinned_order: PinnedOrder
    links: LinkController
    folders_controller: FoldersController
    folder_settings: FolderSettingsController
    trash: Trash
    housekeeping: Housekeeping
    # The prompt.
    choices: AvailableModels
    estimates: EstimatePresenter
    choice: ChoiceController
    prompts_controller: PromptsController
    presets_controller: PresetsController
    thumbnails: Thumbnails
    readings: FileReadings
    attachments: AttachmentsController
    previews: PreviewController
    collections: CollectionsController
    servers: ServersController
    tools: ToolsController
    # The conversation's pane.
    temporary_controller: TemporaryController
    images: ImagesController
    compaction: CompactionController
    consent: ConsentController
    server_watch: ServerWatch
    chat: ChatController
    answer_actions: AnswerActions
    # The settings panel, and other windows.
    providers_controller: ProvidersController
    local_servers: LocalServerOffer
    settings: SettingsController
    transfer: TransferController
    backups: BackupController
    spending_controller: SpendingController
    places: PlaceOpener
    closing: ClosingController
    desktop: DesktopControllers  # once the program has joined the desktop
    stored_settings: Mapping[str, Any]  # as they were at the start
    spelling: Spelling | None = None
    bus: SessionBus | None = None  # before the program has joined the desktop
    notifier: AnswerNotifier | None = None  # as `bus`

    def run_on_closed_store(self, work: ClosedWork) -> None:
        """Close the window, do this work on the closed store, and start again."""
        raise NotImplementedError

    def on_quick_hidden(self) -> None:
        """Decide what follows after the quick prompt was hidden, or a paste has ended."""
        raise NotImplementedError

    # -------------------------------------------------------------- created on first use

    @cached_property
    def late_ends(self) -> list[EndStep]:
        """What ends the controllers that were created on first use."""
        return []

    @cached_property
    def models(self) -> ModelsPage:
        from desktop_app.providers.ui.models.models_dialog import ModelsPage

        return ModelsPage(self)

    @cached_property
    def local_models(self) -> LocalModelsPage:
        from desktop_app.local_model.ui.local_models_page import LocalModelsPage

        return LocalModelsPage(self)

    @cached_property
    def viewer(self) -> DocumentViewer:
        from desktop_app.documents.ui.document_viewer import DocumentViewer

        viewer = DocumentViewer(self)
        self.late_ends.append(viewer.end)
        return viewer

    @cached_property
    def chunked_reading(self) -> ChunkedReadingController:
        from desktop_app.chat.ui.chunked_reading_controller import ChunkedReadingController

        return ChunkedReadingController(self)

    @cached_property
    def comparison(self) -> ComparisonController:
        from desktop_app.chat.ui.comparison.comparison_controller import ComparisonController

        return ComparisonController(self)

    @cached_property
    def batches(self) -> BatchPage:
        from desktop_app.batch.ui.batch_page import BatchPage

        batches = BatchPage(self)
        self.late_ends.append(batches.end)
        return batches

    async def resume_batches(self) -> None:
        """Continue jobs that an earlier window or a command has begun."""
        if "batches" in vars(self) or await self.backend.batch_store.open_ids():
            await self.batches.resume_jobs()

    @cached_property
    def help(self) -> HelpWindow:
        from desktop_app.app.help.help_window import make_help

        help_ = make_help(self)
        self.late_ends.append(help_.end)
        return help_

    @cached_property
    def palette(self) -> Palette:
        from desktop_app.app.palette import Palette

        return Palette(self)

    @cached_property
    def quick(self) -> QuickPromptController:
        from desktop_app.quick.ui.quick_prompt_controller import QuickPromptController

        return QuickPromptController(self)

    @property
    def used_quick(self) -> QuickPromptController | None:
        """Return the quick prompt, None before its first use."""
        return vars(self).get("quick")

    # -------------------------------------------------------------- state

    def raise_window(self) -> None:
        """Bring the window to the front."""
        bring_to_front(self.window)
        self.choice.propose_model()

    @property
    def is_on_desktop(self) -> bool:
        """Return True once the program has joined the desktop."""
        return "desktop" in vars(self)

    @property
    def is_transferring(self) -> bool:
        """Return True while conversations are exported, imported, backed up or printed."""
        return self.transfer.is_busy or self.transfer.is_printing

    @property
    def is_busy(self) -> bool:
        """Return True if the window cannot be built again without a loss."""
        return (
            bool(self.running.conversations)
            or bool(self.readings.ids)
            or self.collections.is_busy
            or self.is_transferring
            or self.temporary.exists
        )

    async def load(self) -> None:
        """Load settings, folders, lists of models and providers."""
        await self.values.load()
        await self.folders.load()
        await self.backend.listings.load()
        await self.providers.reload()

    def name_of_model(self, model_id: str) -> str:
        """Return a model's name in the catalog, or that of the user's own GGUF file."""
        if model_id.endswith(".gguf"):
            return Path(model_id).stem
        return self.backend.catalog.info(model_id).name


class PromptWithChips(Protocol):
    """A prompt: the editor of the main window, or the quick prompt."""

    @property
    def chips(self) -> AttachmentChips: ...
    @property
    def field(self) -> PromptText: ...


class ConversationSession:
    """A conversation in a window with its prompt: in the main window, or in the quick prompt.

    Attributes:
        window: the parent of the dialogs.
        draft: the text and the attachments in the prompt.
        current: the conversation and its messages.
        setup: which model answers, with which settings.
        readings: the files that are being read for the prompt.
        chips: shows the attachments in the prompt.
    """

    window: QWidget
    prompt: PromptWithChips
    transcript: TranscriptView
    notices: Notifications
    draft: PromptDraft
    current: OpenConversation
    messages: MessagePresenter
    setup: AnswerSetup
    readings: FileReadings
    chips: PromptChips
    previews: PreviewController


class Controller(QObject):
    """A controller of the main window, with those objects of its session that most of them use."""

    def __init__(self, session: Session) -> None:
        super().__init__(session.window)
        self._session = session
        self._window = session.window
        self._pane = session.window.pane
        self._prompt = session.window.prompt
        self._transcript = session.window.transcript
        self._notifications = session.window.notifications
        self._tasks = session.tasks
        self._values = session.values
        self._providers = session.providers
        self._temporary = session.temporary
        self._drafts = session.drafts
        self._current = session.current
        self._draft = session.current.draft
        self._setup = session.setup
        self._messages = session.messages
        self._running = session.running
        self._chat_service = session.backend.chat
        self._conversations = session.backend.conversations
