"""The composition of a window's session: its shared objects and controllers, and their wiring."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from desktop_app.app.actions import DialogActions
from desktop_app.app.folder_list import FolderList
from desktop_app.app.housekeeping import Housekeeping
from desktop_app.app.place_opener import PlaceOpener
from desktop_app.app.session import ConversationSession, PromptWithChips, Session
from desktop_app.backup.ui.backup_controller import BackupController
from desktop_app.chat.ui.answer_actions import AnswerActions
from desktop_app.chat.ui.answer_setup import AnswerSetup
from desktop_app.chat.ui.chat_controller import ChatController
from desktop_app.chat.ui.choice_controller import ChoiceController
from desktop_app.chat.ui.compaction_controller import CompactionController
from desktop_app.chat.ui.open_conversation import (
    MessagePresenter,
    NewConversation,
    OpenConversation,
)
from desktop_app.chat.ui.running_answers import RunningAnswers
from desktop_app.chat.ui.server_watch import ServerWatch
from desktop_app.chat.ui.shown_answers import ShownAnswers
from desktop_app.chat.ui.temporary_controller import TemporaryController
from desktop_app.chat.ui.title_controller import TitleController
from desktop_app.child_processes import child_command
from desktop_app.collections.ui.collections_controller import CollectionsController
from desktop_app.composer.attachments.attachments_controller import AttachmentsController
from desktop_app.composer.attachments.collection_facts import CollectionFacts
from desktop_app.composer.attachments.file_readings import FileReadings
from desktop_app.composer.attachments.images_controller import ImagesController, prepare_transcript
from desktop_app.composer.attachments.preview_controller import PreviewController
from desktop_app.composer.attachments.prompt_chips import PromptChips
from desktop_app.composer.attachments.thumbnails import Thumbnails
from desktop_app.composer.available_models import AvailableModels
from desktop_app.composer.drafts import AttachmentOrigins, Drafts, PromptDraft
from desktop_app.composer.prompt_list import PromptList
from desktop_app.exchange.ui.transfer_controller import TransferController
from desktop_app.library.ui.folders_controller import FoldersController, FolderSettingsController
from desktop_app.library.ui.foreign_changes import ForeignChanges
from desktop_app.library.ui.link_controller import LinkController
from desktop_app.library.ui.list_presenter import ListPresenter
from desktop_app.library.ui.navigator import Navigator
from desktop_app.library.ui.pinned_order import PinnedOrder
from desktop_app.library.ui.trash import Trash
from desktop_app.local_model.ui.built_in_model_note import BuiltInModelNote
from desktop_app.prompts.ui.presets import Presets
from desktop_app.prompts.ui.presets_controller import PresetsController
from desktop_app.prompts.ui.prompts_controller import PromptsController
from desktop_app.providers.ui.local_server_offer import LocalServerOffer
from desktop_app.providers.ui.providers import Providers, SettingValues
from desktop_app.providers.ui.providers_controller import ProvidersController
from desktop_app.settings.ui.settings_controller import SettingsController
from desktop_app.spending.ui.estimate_presenter import EstimatePresenter
from desktop_app.spending.ui.spending_controller import SpendingController
from desktop_app.spending.ui.spending_events import SpendingEvents
from desktop_app.storage.temporary_files import TemporaryCopies
from desktop_app.tools.ui.consent_card import ConsentController
from desktop_app.tools.ui.servers_controller import ServersController
from desktop_app.tools.ui.tools_controller import ToolsController
from desktop_app.transcript.media.diagram_drawer import DiagramDrawer
from desktop_app.transcript.media.json_process import JsonProcess
from desktop_app.transcript.media.typesetter import Typesetter
from desktop_app.transcript.message_items import OPEN_DOCUMENT
from desktop_app.transcript.view import TranscriptView
from desktop_app.widgets.cards.notifications import Notifications
from desktop_app.widgets.look.theme_watcher import ThemeWatcher


def compose(session: Session, theme: ThemeWatcher) -> None:
    """Make the objects of a session, which has its window, its tasks and its backend."""
    _make_shared(session)
    _make_sidebar(session)
    _make_composer(session)
    _make_pane(session)
    _make_answers(session)
    _make_panel(session, theme)
    _make_dialogs(session)
    _connect(session)
    session.window.settings.set_session(session)


def _make_shared(session: Session) -> None:
    window, backend = session.window, session.backend
    session.temporary = backend.temporary
    session.spending = SpendingEvents(backend.ledger, window)
    session.drafts = Drafts(backend.conversations, backend.settings, session.tasks)
    session.values = SettingValues(backend.settings, window)
    session.providers = Providers(
        backend.providers,
        backend.listings,
        settings_store=backend.settings,
        values=session.values,
        parent=window,
    )
    session.folders = FolderList(backend.conversation_folders, window)
    session.prompts = PromptList(window)
    session.collection_facts = CollectionFacts(window)
    session.origins = AttachmentOrigins(backend.attachments)
    session.running = RunningAnswers(session.tasks, window)
    session.copies = TemporaryCopies(backend.folders.temporary)
    session.typesetter = Typesetter(child_command("math"), window)
    session.drawer = DiagramDrawer(child_command("diagrams"), window)
    session.lexer = JsonProcess(child_command("lexing"), window)
    session.thumbnails = Thumbnails(session)
    main = session.main = make_conversation(
        session, window, window.prompt, window.transcript, window.notifications
    )
    window.prompt.text_changed.connect(main.draft.save_soon)
    session.current, session.setup, session.messages = main.current, main.setup, main.messages
    session.readings, session.previews = main.readings, main.previews
    session.presets = Presets(session.setup)
    session.new_conversation = NewConversation(session)


def make_conversation(
    session: Session,
    window: QWidget,
    prompt: PromptWithChips,
    transcript: TranscriptView,
    notices: Notifications,
) -> ConversationSession:
    """Return the session of a conversation in the main window, or in the quick prompt."""
    conversation = ConversationSession()
    conversation.window, conversation.prompt = window, prompt
    conversation.transcript, conversation.notices = transcript, notices
    conversation.draft = PromptDraft(session.drafts, prompt.field)
    conversation.current = OpenConversation(session, conversation.draft)
    conversation.messages = MessagePresenter(session, conversation)
    conversation.setup = AnswerSetup(session, conversation.current)
    conversation.readings = FileReadings(session, conversation)
    conversation.chips = PromptChips(session, conversation)
    conversation.previews = PreviewController(session, conversation)
    return conversation


def _make_sidebar(session: Session) -> None:
    """Make the controllers that list, open, move and delete conversations."""
    session.window.conversations.session = session
    session.list_presenter = ListPresenter(session)
    session.navigator = Navigator(session)
    session.foreign_changes = ForeignChanges(session)
    session.pinned_order = PinnedOrder(session)
    session.links = LinkController(session)
    session.folders_controller = FoldersController(session)
    session.folder_settings = FolderSettingsController(session)
    session.trash = Trash(session)
    session.housekeeping = Housekeeping(session)


def _make_composer(session: Session) -> None:
    """Make the controllers of models, prompts, attachments and tools for the next question."""
    window = session.window
    session.choices = AvailableModels(session)
    session.estimates = EstimatePresenter(session)
    session.choice = ChoiceController(session)
    BuiltInModelNote(session)
    window.prompt.row.model_button.table_requested.connect(lambda: session.models.open())
    session.prompts_controller = PromptsController(session)
    session.presets_controller = PresetsController(session)
    window.empty_state.session = session
    attachments = session.attachments = AttachmentsController(session)
    session.collections = CollectionsController(session)
    session.servers = ServersController(session)
    session.tools = ToolsController(session)
    window.files_dropped.connect(attachments.attach)
    window.data_dropped.connect(attachments.attach_content)


def _make_pane(session: Session) -> None:
    """Make the controllers of the open conversation, its images and its documents."""
    window = session.window
    session.temporary_controller = TemporaryController(session)
    session.images = ImagesController(session)
    prepare_transcript(session, window.transcript)
    window.transcript.passage_requested.connect(
        lambda passage: session.viewer.open_passage(passage)
    )
    window.transcript.action_requested.connect(
        lambda _id, action: (
            session.viewer.open_attachment(action.removeprefix(OPEN_DOCUMENT))
            if action.startswith(OPEN_DOCUMENT)
            else None
        )
    )
    session.compaction = CompactionController(session)
    session.consent = ConsentController(session)
    ShownAnswers(session, session.main)
    TitleController(session)
    session.server_watch = ServerWatch(session)


def _make_answers(session: Session) -> None:
    """Make the controllers of new, queued, edited, repeated and compared questions."""
    window = session.window
    session.chat = ChatController(session)
    session.answer_actions = AnswerActions(session)
    window.prompt.row.model_button.comparison_requested.connect(
        lambda: session.comparison.choose_models()
    )


def _make_panel(session: Session, theme: ThemeWatcher) -> None:
    """Make the controllers of the settings panel: imports, exports and backups are there, too."""
    window = session.window
    providers = session.providers_controller = ProvidersController(session)
    session.local_servers = LocalServerOffer(session)
    remedies: dict[str, Callable[[], object]] = {
        "add-key": providers.open_at_key,
        "change-key": providers.open_at_key,
        "better-model": lambda: session.local_models.open(),
    }
    window.transcript.action_requested.connect(
        lambda _id, action: remedies[action]() if action in remedies else None
    )
    session.settings = SettingsController(session, theme)
    session.transfer = TransferController(session)
    session.backups = BackupController(session)


def _make_dialogs(session: Session) -> None:
    """Make the controller of spending, and connect batch jobs and the help."""
    window = session.window
    session.spending_controller = SpendingController(session)
    for files_arrived in (window.files_dropped, window.prompt.attach_requested):
        files_arrived.connect(lambda paths: session.batches.bar.offer(paths))

    def open_help_of_page() -> None:
        if window.pane.page is not None:
            session.help.open_part(window.pane.page.objectName())

    window.header.help_button.clicked.connect(open_help_of_page)
    DialogActions(session)


def _connect(session: Session) -> None:
    """Connect the controllers of different features."""
    window = session.window
    places = session.places = PlaceOpener(session)
    window.transcript.action_requested.connect(places.open_action)
    # Changes that other processes write to the store.
    start = session.tasks.start
    store_changed = session.foreign_changes.found
    store_changed.connect(lambda: start(session.presets_controller.refresh()))
    store_changed.connect(session.spending_controller.refresh)
    store_changed.connect(lambda: start(session.resume_batches()))
    store_changed.connect(session.collections.check_store)
    # Questions and other processes start servers, which may then offer other prompts.
    for signal in (session.running.finished, store_changed):
        signal.connect(lambda *_: start(session.servers.load_prompts()))
