"""The composition of the window: creates its controllers and connects them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from desktop_app.app.answers.review_controller import ReviewController
from desktop_app.app.answers.running_answers import RunningAnswers
from desktop_app.app.answers.server_watch import ServerWatch
from desktop_app.app.answers.shown_answers import ShownAnswers
from desktop_app.app.answers.structured_answers import StructuredAnswers
from desktop_app.app.attachments.attachment_drags import AttachmentDrags
from desktop_app.app.attachments.attachment_reader import AttachmentReader
from desktop_app.app.attachments.attachments_controller import AttachmentsController
from desktop_app.app.attachments.document_passwords import DocumentPasswords, DocumentUnlocker
from desktop_app.app.attachments.drop_controller import DropController
from desktop_app.app.attachments.file_readings import FileReadings
from desktop_app.app.attachments.image_chips import ImageChips
from desktop_app.app.attachments.images_controller import ImagesController, MessageSource
from desktop_app.app.attachments.page_selection import DraftAttachmentHolder
from desktop_app.app.attachments.preview_controller import PreviewController
from desktop_app.app.batch.batch_bar_controller import BatchBarController
from desktop_app.app.batch.batch_controller import BatchController
from desktop_app.app.batch.batch_files import BatchFiles
from desktop_app.app.chat.answer_actions import AnswerActions
from desktop_app.app.chat.begun_turns import BegunTurns
from desktop_app.app.chat.branching import Branching
from desktop_app.app.chat.chat_controller import ChatController
from desktop_app.app.chat.choice.available_models import AvailableModels
from desktop_app.app.chat.choice.choice_controller import ChoiceController
from desktop_app.app.chat.chunked_reading_controller import ChunkedReadingController
from desktop_app.app.chat.compaction.compaction_controller import CompactionController
from desktop_app.app.chat.compaction.compaction_marks import CompactionMarks
from desktop_app.app.chat.comparison.compared_answers import ComparedAnswers
from desktop_app.app.chat.comparison.compared_models import ComparedModels
from desktop_app.app.chat.comparison.comparison_controller import ComparisonController
from desktop_app.app.chat.edited_question import EditedQuestion
from desktop_app.app.chat.sent_draft_remover import SentDraftRemover
from desktop_app.app.chat.temporary_controller import TemporaryController
from desktop_app.app.chat.temporary_widgets import TemporaryWidgets
from desktop_app.app.chat.title_controller import TitleController
from desktop_app.app.chat.turn_starter import TurnStarter
from desktop_app.app.dialog_shortcuts import DialogShortcuts
from desktop_app.app.documents.collections_controller import CollectionsController
from desktop_app.app.documents.viewer_controller import Target, ViewerController
from desktop_app.app.evaluation.evaluation_controller import EvaluationController
from desktop_app.app.export.export_controller import ExportController
from desktop_app.app.help.help_controller import HelpController
from desktop_app.app.library.data.backup_controller import BackupController
from desktop_app.app.library.data.data_page_controller import DataPageController
from desktop_app.app.library.data.housekeeping import Housekeeping
from desktop_app.app.library.data.transfer_controller import TransferController
from desktop_app.app.library.draft_saver import DraftSaver
from desktop_app.app.library.folders.folder_settings_controller import FolderSettingsController
from desktop_app.app.library.folders.folders_controller import FoldersController
from desktop_app.app.library.foreign_changes import ForeignChanges
from desktop_app.app.library.library_controller import LibraryController
from desktop_app.app.library.link_controller import LinkController
from desktop_app.app.library.list_presenter import ListPresenter
from desktop_app.app.library.pinned_order import PinnedOrder
from desktop_app.app.library.search_controller import SearchController
from desktop_app.app.library.spending_footer import SpendingFooter
from desktop_app.app.library.store_watcher import StoreWatcher
from desktop_app.app.library.trash import Trash
from desktop_app.app.models.models_controller import ModelsController
from desktop_app.app.prompts.presets_controller import PresetsController
from desktop_app.app.prompts.prompts_controller import PromptsController
from desktop_app.app.settings.look_controller import LookController
from desktop_app.app.settings.new_key_offer import NewKeyOffer
from desktop_app.app.settings.place_opener import PlaceOpener
from desktop_app.app.settings.providers_controller import ProvidersController
from desktop_app.app.settings.secret_removal import SecretRemoval
from desktop_app.app.settings.settings_controller import SettingsController
from desktop_app.app.settings.shortcut_files import ShortcutFiles
from desktop_app.app.settings.spending_controller import SpendingController
from desktop_app.app.state.window_state import WindowState
from desktop_app.app.tasks import Tasks
from desktop_app.app.tools.consent_controller import ConsentController
from desktop_app.app.tools.servers_controller import ServersController
from desktop_app.app.tools.tools_controller import ToolsController
from desktop_app.child_processes import child_command
from desktop_app.ui.transcript.media.json_process import JsonProcess
from desktop_app.ui.transcript.media.typesetter import Typesetter
from desktop_app.ui.transcript.view import TranscriptView
from desktop_app.ui.widgets.program_menu import open_context_menu

if TYPE_CHECKING:
    from desktop_app.app.startup.closed_store import ClosedWork
    from desktop_app.backend.backend import Backend
    from desktop_app.domain.errors import UserFacingError
    from desktop_app.services.batch.batch_service import BatchService
    from desktop_app.ui.look.theme import ThemeWatcher
    from desktop_app.ui.window.cards.notifications import Actions
    from desktop_app.ui.window.main_window import MainWindow


class Controllers(QObject):
    """The controllers of a window, and their shared objects.

    Args:
        show_error: shows the error that ended a task.
        run_on_closed_store: ends the window, and does this work on the closed store.
    """

    def __init__(
        self,
        window: MainWindow,
        theme: ThemeWatcher,
        backend: Backend,
        *,
        show_error: Callable[[UserFacingError], None],
        run_on_closed_store: Callable[[ClosedWork], None],
    ) -> None:
        super().__init__(window)
        self._window, self._theme = window, theme
        self.tasks = Tasks(show_error)
        state = self.state = WindowState(window, backend, self.tasks)
        self._backend = state.backend
        self.running = RunningAnswers(self.tasks, self._backend.conversations, window)
        self._make_list()
        self._make_conversations()
        self._make_choices()
        self._make_attachments()
        self._make_documents()
        self._make_tools()
        self._make_answers()
        self._make_turns()
        self._make_comparison()
        self._make_settings()
        self._make_data(run_on_closed_store)
        self._make_help()
        self.typesetter = Typesetter(child_command("math"), window)
        self.lexer = JsonProcess(child_command("lexing"), window)
        self._connect()
        self._connect_attachments()
        self._connect_store()

    # -------------------------------------------------------------- library

    def _make_list(self) -> None:
        """Create the conversation list, and the controllers that open, find and delete."""
        window, state, running = self._window, self.state, self.running
        self.draft_saver = DraftSaver(window.prompt, state.current, state.drafts)
        presenter = self.list_presenter = ListPresenter(
            window,
            running,
            current=state.current,
            folders=state.folders,
            setup=state.setup,
            temporary=state.temporary,
            tasks=state.tasks,
            show_title=window.pane.set_title,
            conversation_list=window.conversations,
            conversations=state.backend.conversations,
            folder_store=state.backend.conversation_folders,
        )
        library = self.library = LibraryController(
            window,
            running,
            presenter,
            self.draft_saver,
            current=state.current,
            drafts=state.drafts,
            providers=state.providers,
            new_conversation=state.new_conversation,
            tasks=state.tasks,
            pane=window.pane,
            conversation_list=window.conversations,
            conversations=state.backend.conversations,
            settings_store=state.backend.settings,
        )
        self.foreign_changes = ForeignChanges(
            window,
            running,
            library,
            presenter,
            current=state.current,
            providers=state.providers,
            pane=window.pane,
            conversations=state.backend.conversations,
        )
        self.pinned_order = PinnedOrder(
            window,
            presenter,
            conversation_list=window.conversations,
            notifications=window.notifications,
            flag_store=state.backend.flags,
            settings_store=state.backend.settings,
        )
        self.search = SearchController(
            window,
            presenter,
            tasks=state.tasks,
            conversation_list=window.conversations,
            search_index=state.backend.search,
        )
        self.trash = Trash(
            window,
            running,
            library,
            presenter,
            current=state.current,
            notifications=window.notifications,
            conversation_list=window.conversations,
            conversations=state.backend.conversations,
            flag_store=state.backend.flags,
            attachment_store=state.backend.attachments,
        )

    def _make_conversations(self) -> None:
        """Create the controllers of folders, temporary conversations and branches."""
        window, theme, state, running = self._window, self._theme, self.state, self.running
        library, presenter = self.library, self.list_presenter
        self.housekeeping = Housekeeping(
            self.trash.expire,
            window,
            tasks=state.tasks,
            conversations=state.backend.conversations,
            attachment_store=state.backend.attachments,
            database=state.backend.database,
        )
        self.folders = FoldersController(
            window,
            theme,
            library,
            presenter,
            folders=state.folders,
            notifications=window.notifications,
            conversation_list=window.conversations,
            show_list=window.show_list,
            flag_store=state.backend.flags,
            folder_store=state.backend.conversation_folders,
        )
        self.folder_settings = FolderSettingsController(
            window,
            presenter,
            current=state.current,
            folders=state.folders,
            setup=state.setup,
            notifications=window.notifications,
            panel=window.settings,
            show_settings=window.show_settings,
        )
        self.links = LinkController(
            window,
            library,
            current=state.current,
            tasks=state.tasks,
            pane=window.pane,
            conversations=state.backend.conversations,
        )
        temporary_widgets = TemporaryWidgets(
            window, theme, pane=window.pane, conversation_list=window.conversations
        )
        self.temporary = TemporaryController(
            window,
            temporary_widgets,
            running,
            library,
            current=state.current,
            drafts=state.drafts,
            new_conversation=state.new_conversation,
            temporary=state.temporary,
            tasks=state.tasks,
            prompt=window.prompt,
            conversations=state.backend.conversations,
        )
        window.conversations.temporary_requested.connect(self.temporary.open)
        self.branching = Branching(
            window,
            running,
            library,
            presenter,
            current=state.current,
            tasks=state.tasks,
            transcript=window.transcript,
            conversation_store=state.backend.conversations,
            compaction_store=state.backend.compactions,
        )
        self.store_watcher = StoreWatcher(self._backend.database, self.tasks, window)
        SpendingFooter(
            window,
            current=state.current,
            setup=state.setup,
            spending=state.spending,
            store_watcher=self.store_watcher,
            tasks=state.tasks,
            conversation_list=window.conversations,
            budget=state.backend.budget,
        )

    # -------------------------------------------------------------- prompt

    def _make_choices(self) -> None:
        """Create the controllers of models, prompts and presets."""
        window, theme, state = self._window, self._theme, self.state
        self.choices = AvailableModels(
            window, current=state.current, setup=state.setup, tasks=state.tasks
        )
        self.choice = ChoiceController(
            window,
            self.choices,
            current=state.current,
            setup=state.setup,
            spending=state.spending,
            tasks=state.tasks,
            pane=window.pane,
            chat_service=state.backend.chat,
            ledger=state.backend.ledger,
        )
        self.models = ModelsController(
            window,
            theme,
            setup=state.setup,
            tasks=state.tasks,
            settings_store=state.backend.settings,
        )
        self.prompts = PromptsController(
            window,
            theme,
            current=state.current,
            prompt_list=state.prompts,
            values=state.values,
            tasks=state.tasks,
            pane=window.pane,
            prompt_store=state.backend.prompts,
        )
        self.presets = PresetsController(
            window,
            self.choices,
            lambda: self.prompts.manage("presets"),
            current=state.current,
            setup=state.setup,
            new_conversation=state.new_conversation,
            presets=state.presets,
            tasks=state.tasks,
            pane=window.pane,
            prompt_store=state.backend.prompts,
            settings_store=state.backend.settings,
        )

    def _make_attachments(self) -> None:
        """Create the controllers of attachments and of images in the transcript."""
        window, theme, state = self._window, self._theme, self.state
        self.image_chips = ImageChips(
            window, tasks=state.tasks, image_scaler=state.backend.pictures
        )
        self.images = ImagesController(
            window.transcript,
            self.image_chips,
            current=state.current,
            tasks=state.tasks,
            attachment_store=state.backend.attachments,
            temporary_folder=state.backend.folders.temporary,
        )
        self.attachment_drags = AttachmentDrags(
            window.transcript,
            current=state.current,
            tasks=state.tasks,
            attachment_store=state.backend.attachments,
            temporary_folder=state.backend.folders.temporary,
        )
        self.passwords = DocumentPasswords(window, lambda: theme.current)
        self.attachment_reader = AttachmentReader(
            state.setup,
            attachment_store=state.backend.attachments,
            documents=state.backend.documents,
        )
        self.readings = FileReadings(
            window,
            self.passwords,
            current=state.current,
            drafts=state.drafts,
            reader=self.attachment_reader,
            origins=state.origins,
            temporary=state.temporary,
            tasks=state.tasks,
            notifications=window.notifications,
            attachment_store=state.backend.attachments,
        )
        self.attachments = AttachmentsController(
            window,
            self.image_chips,
            state.prompts,
            self.readings,
            current=state.current,
            drafts=state.drafts,
            notes=state.collection_notes,
            setup=state.setup,
            tasks=state.tasks,
            pane=window.pane,
            attachment_store=state.backend.attachments,
        )
        self.previews = PreviewController(
            window,
            window.prompt,
            DraftAttachmentHolder(window, current=state.current, setup=state.setup),
            theme,
            self.image_chips,
            window.notifications.notify,
            setup=state.setup,
            tasks=state.tasks,
            chat_service=state.backend.chat,
            sources=state.sources,
        )
        self.drops = DropController(
            window,
            self.library,
            current=state.current,
            values=state.values,
            tasks=state.tasks,
            pane=window.pane,
            list_view=window.conversations.view,
        )

    def _make_documents(self) -> None:
        """Create the viewer and the collections of documents."""
        window, theme, state = self._window, self._theme, self.state
        self.viewer = ViewerController(
            window,
            theme,
            current=state.current,
            tasks=state.tasks,
            pane=window.pane,
            attachment_store=state.backend.attachments,
            temporary_folder=state.backend.folders.temporary,
            passwords=state.backend.documents.passwords,
        )
        self.collections = CollectionsController(
            window,
            theme,
            current=state.current,
            origins=state.origins,
            notes=state.collection_notes,
            tasks=state.tasks,
            pane=window.pane,
            collections=lambda: state.backend.collections,
        )

    # -------------------------------------------------------------- questions and answers

    def _make_tools(self) -> None:
        """Create the controllers of tools and of the servers that offer them."""
        window, theme, state = self._window, self._theme, self.state
        self.servers = ServersController(
            window,
            theme,
            lambda: state.backend.tool_servers,
            panel=window.settings,
            notifications=window.notifications,
            tasks=state.tasks,
            prompts=state.prompts,
            server_store=lambda: state.backend.server_store,
            current=state.current,
        )
        self.consent = ConsentController(
            window, theme, consent=state.backend.consent, current=state.current, pane=window.pane
        )
        self.tools = ToolsController(
            window,
            theme,
            current=state.current,
            setup=state.setup,
            tasks=state.tasks,
            pane=window.pane,
            panel=window.settings,
            permissions=state.backend.permissions,
            tools=lambda: state.backend.tools,
            hosted_prices=state.backend.catalog.hosted_tools,
        )

    def _make_answers(self) -> None:
        """Create the controllers of compaction, reviews, JSON answers, titles and lost servers."""
        window, theme, state, running = self._window, self._theme, self.state, self.running
        self.compaction = CompactionController(
            window,
            running,
            theme,
            current=state.current,
            setup=state.setup,
            tasks=state.tasks,
            pane=window.pane,
            chat_service=state.backend.chat,
            compaction_service=lambda: state.backend.compaction,
        )
        marks = self.compaction_marks = CompactionMarks(
            window,
            theme,
            current=state.current,
            setup=state.setup,
            tasks=state.tasks,
            pane=window.pane,
            compaction_store=state.backend.compactions,
        )
        self.compaction.ended.connect(marks.load)
        marks.undone.connect(
            lambda undone: self.compaction.postpone(undone.conversation_id, undone.tokens_before)
        )
        window.transcript.action_requested.connect(
            lambda _id, action: self.compaction.offer() if action == "compact" else None
        )
        self.reviews = ReviewController(
            window,
            theme,
            self.library,
            pane=window.pane,
            current=state.current,
            providers=state.providers,
            tasks=state.tasks,
            conversations=state.backend.conversations,
        )
        self.structured = StructuredAnswers(
            window, pane=window.pane, current=state.current, providers=state.providers
        )
        self.titles = TitleController(
            running,
            self.list_presenter,
            setup=state.setup,
            temporary=state.temporary,
            tasks=state.tasks,
            conversations=state.backend.conversations,
            chat_service=state.backend.chat,
            fences=state.backend.fences,
            utility_model=lambda: state.backend.utility_model,
        )
        self.server_watch = ServerWatch(
            window,
            pane=window.pane,
            current=state.current,
            providers=state.providers,
            tasks=state.tasks,
        )

    def _make_turns(self) -> None:
        """Create the controllers that ask questions and show their answers."""
        window, state, running = self._window, self.state, self.running
        self.chunked_reading = ChunkedReadingController(
            window,
            current=state.current,
            setup=state.setup,
            tasks=state.tasks,
            notifications=window.notifications,
            chat_service=state.backend.chat,
        )
        unlocker = DocumentUnlocker(
            window,
            self.passwords,
            current=state.current,
            tasks=state.tasks,
            notifications=window.notifications,
            attachment_store=state.backend.attachments,
            documents=state.backend.documents,
        )

        def remedies_for(error: UserFacingError) -> Actions:
            return [
                *unlocker.remedies_for(error),
                *self.chunked_reading.remedies_for(error),
                *self.collections.remedies_for(error),
                *self.compaction.remedies_for(error),
            ]

        self.turns = TurnStarter(
            window,
            running,
            self.list_presenter,
            before_asking=self.compaction.before_asking,
            remedies_for=remedies_for,
            current=state.current,
            setup=state.setup,
            tasks=state.tasks,
            notifications=window.notifications,
            chat_service=state.backend.chat,
        )
        edited = EditedQuestion(
            window, current=state.current, drafts=state.drafts, prompt=window.prompt
        )
        sent_drafts = SentDraftRemover(
            self.draft_saver,
            edited,
            prompt=window.prompt,
            current=state.current,
            drafts=state.drafts,
        )
        self.begun_turns = BegunTurns(
            window,
            running,
            self.library,
            self.list_presenter,
            remove_sent=sent_drafts.remove,
            pane=window.pane,
            current=state.current,
            setup=state.setup,
            tasks=state.tasks,
            conversations=state.backend.conversations,
        )
        self.shown_answers = ShownAnswers(
            window, running, current=state.current, providers=state.providers, pane=window.pane
        )
        self.chat = ChatController(
            window,
            running,
            self.turns,
            self.list_presenter,
            edited,
            cancel_first=self.compaction.cancel,
            is_reading=self.readings.is_reading,
            current=state.current,
            drafts=state.drafts,
            values=state.values,
            tasks=state.tasks,
            pane=window.pane,
            conversations=state.backend.conversations,
        )
        self.answer_actions = AnswerActions(
            window,
            self.turns,
            self.library,
            self.choices,
            edited,
            current=state.current,
            setup=state.setup,
            tasks=state.tasks,
            pane=window.pane,
            conversations=state.backend.conversations,
        )

    def _make_comparison(self) -> None:
        """Create the controllers of answers side by side."""
        window, theme, state, running = self._window, self._theme, self.state, self.running
        self.compared_models = ComparedModels(
            window,
            theme,
            running,
            self.choices,
            current=state.current,
            setup=state.setup,
            tasks=state.tasks,
            pane=window.pane,
            chat_service=state.backend.chat,
        )
        compared_answers = ComparedAnswers(
            running,
            self.library,
            current=state.current,
            setup=state.setup,
            chat_service=state.backend.chat,
            conversations=state.backend.conversations,
            ledger=state.backend.ledger,
        )
        self.comparison = ComparisonController(
            window,
            theme,
            running,
            compared_answers,
            self._make_brief_transcript,
            self.name_of_model,
            current=state.current,
            setup=state.setup,
            tasks=state.tasks,
            pane=window.pane,
            temporary=state.temporary,
        )

    # -------------------------------------------------------------- settings, data, help

    def _make_settings(self) -> None:
        """Create the controllers of the settings panel."""
        window, state = self._window, self.state
        offer = NewKeyOffer(
            window,
            notifications=window.notifications,
            current=state.current,
            setup=state.setup,
            new_conversation=state.new_conversation,
            tasks=state.tasks,
            chat_service=state.backend.chat,
            utility_model=lambda: state.backend.utility_model,
        )
        removal = SecretRemoval(
            window, vault=state.backend.vault, notifications=window.notifications, tasks=state.tasks
        )
        self.providers = ProvidersController(
            window,
            offer,
            removal,
            current=state.current,
            setup=state.setup,
            new_conversation=state.new_conversation,
            tasks=state.tasks,
            panel=window.settings,
            show_settings=window.show_settings,
            vault=state.backend.vault,
            catalog=state.backend.catalog,
        )
        self.look = LookController(self._theme, window.transcript, state.values, state.tasks)
        self.settings = SettingsController(
            window,
            current=state.current,
            setup=state.setup,
            new_conversation=state.new_conversation,
            tasks=state.tasks,
            notifications=window.notifications,
            panel=window.settings,
            gateway=state.backend.gateway,
            utility_model=lambda: state.backend.utility_model,
            examine=self._examine,
        )
        self.shortcut_files = ShortcutFiles(
            window,
            panel=window.settings,
            notifications=window.notifications,
            values=state.values,
            tasks=state.tasks,
        )

    def _make_data(self, run_on_closed_store: Callable[[ClosedWork], None]) -> None:
        """Create the controllers of whole libraries, of spending, reports and batch jobs."""
        window, theme, state = self._window, self._theme, self.state
        self.data_page = DataPageController(
            window,
            run_on_closed_store,
            current=state.current,
            panel=window.settings,
            show_settings=window.show_settings,
            user_folders=state.backend.folders,
        )
        self.transfer = TransferController(
            window,
            theme,
            self.foreign_changes.show,
            current=state.current,
            tasks=state.tasks,
            pane=window.pane,
            listed=window.conversations.model,
        )
        self.backups = BackupController(
            window,
            self.transfer.back_up,
            values=state.values,
            tasks=state.tasks,
            notifications=window.notifications,
            panel=window.settings,
            settings_store=state.backend.settings,
        )
        self.spending = SpendingController(
            window,
            theme,
            self.name_of_model,
            providers=state.providers,
            spending=state.spending,
            tasks=state.tasks,
            notifications=window.notifications,
            panel=window.settings,
            ledger=state.backend.ledger,
            budget=state.backend.budget,
            review_store=lambda: state.backend.review_store,
        )
        self.evaluations = EvaluationController(
            window,
            theme,
            tasks=state.tasks,
            notifications=window.notifications,
            evaluation_store=lambda: state.backend.evaluation_store,
        )
        self.export = ExportController(
            window,
            self.running,
            current=state.current,
            providers=state.providers,
            tasks=state.tasks,
            notifications=window.notifications,
            temporary_folder=state.backend.folders.temporary,
            catalog=state.backend.catalog,
        )
        batch_files = BatchFiles(
            self.library,
            self.list_presenter,
            prompt=window.prompt,
            draft=state.current.draft,
            conversations=state.backend.conversations,
            batch_store=lambda: state.backend.batch_store,
        )
        self.batches = BatchController(
            window,
            theme,
            batch_files,
            state.prompts,
            setup=state.setup,
            tasks=state.tasks,
            notifications=window.notifications,
            chat_service=state.backend.chat,
            catalog=state.backend.catalog,
            batch_store=lambda: state.backend.batch_store,
            make_service=self._make_batch_service,
        )
        bar = self.batch_bar = BatchBarController(
            window,
            theme,
            window.prompt,
            add_above_prompt=window.pane.add_above_prompt,
            current=state.current,
            providers=state.providers,
            origins=state.origins,
            tasks=state.tasks,
        )
        bar.new_job_requested.connect(self.batches.begin)
        bar.jobs_requested.connect(self.batches.show)
        self.batches.running_changed.connect(bar.show_running)
        self.batches.job_ended.connect(bar.show_end)
        self.batches.jobs_shown.connect(bar.forget_end)

    def _make_batch_service(self, on_change: Callable[[str], None]) -> BatchService:
        from desktop_app.backend.batch_wiring import batch_service  # not needed at the start

        return batch_service(self._backend, on_change)

    async def _examine(self) -> str:
        from desktop_app.cli.doctor.doctor import examine, findings_text  # not at the start

        return findings_text(await examine(self._backend))

    def _make_help(self) -> None:
        """Create the help, and the shortcuts of windows that bind none themselves."""
        window, state = self._window, self.state
        self.help = HelpController(
            window,
            self._theme,
            values=state.values,
            tasks=state.tasks,
            settings_store=state.backend.settings,
        )
        shortcuts = DialogShortcuts(
            window,
            state.values,
            {"help.open": lambda _: self.help.open(), "menu.open": open_context_menu},
        )
        shortcuts.window_focused.connect(self.help.connect_buttons)

    def _make_brief_transcript(self, messages: MessageSource) -> TranscriptView:
        """Return a view for a single answer, which shows the images of `messages`."""
        transcript = TranscriptView(self._theme.current, is_brief=True)
        transcript.set_model_names(self.name_of_model)
        transcript.set_typesetter(self.typesetter)
        transcript.set_lexer(self.lexer)
        self.images.show_images_in(transcript, messages)
        return transcript

    # -------------------------------------------------------------- connections

    def _connect(self) -> None:
        window = self._window
        self.places = PlaceOpener(
            window.settings,
            show_settings=window.show_settings,
            open_network=self.providers.open_at_network,
            open_help=self.help.open_at,
            open_models=self.models.show,
        )
        window.empty_state.add_key_requested.connect(self.providers.open_at_key)
        window.settings.import_requested.connect(self.transfer.choose_import)
        window.settings.backup_requested.connect(self.backups.back_up_now)
        window.conversations.export_requested.connect(self.transfer.choose_export)
        window.conversations.folder_settings_requested.connect(self.folder_settings.show)
        window.conversations.day_changed.connect(self.spending.refresh)
        self.data_page.export_requested.connect(self.transfer.choose_export)
        self.turns.cap_change_requested.connect(self.providers.open_at_cap)
        self.turns.price_entry_requested.connect(self.models.edit)
        self.turns.begun.connect(self.begun_turns.start)
        self.turns.begun.connect(lambda _: self.shown_answers.dismiss_store_error())
        self.begun_turns.compared.connect(self.comparison.show_answers)
        self.compared_models.compare_requested.connect(
            lambda choices: self.tasks.start(self.chat.compare(choices))
        )
        window.prompt.row.comparison_requested.connect(self.compared_models.offer)
        self.models.model_chosen.connect(self.choice.choose_model)
        window.prompt.row.model_table_requested.connect(self.models.show)
        window.settings.models_requested.connect(self.models.show)
        window.settings.help_requested.connect(self.help.open_part)
        window.place_requested.connect(self.places.open)
        self.help.place_requested.connect(self.places.open)
        self.viewer.place_requested.connect(self.places.open)
        self.viewer.place_requested.connect(lambda _place: window.activateWindow())
        window.transcript.action_requested.connect(self.places.open_action)
        self.providers.key_changed.connect(self.running.retry_with_key)
        window.empty_state.example_chosen.connect(self.prompts.begin_example)
        self.prompts.dialog_created.connect(self.presets.connect_page)
        self.prompts.dialog_created.connect(self.tools.connect_pages)
        self.collections.document_open_requested.connect(
            lambda sha256, name: self.viewer.open(Target(sha256, name))
        )
        self.chunked_reading.submit_requested.connect(self.chat.submit)
        self.prompts.imported.connect(lambda: self.tasks.start(self.presets.load()))
        window.transcript.set_model_names(self.name_of_model)
        window.transcript.set_typesetter(self.typesetter)
        window.transcript.set_lexer(self.lexer)
        window.transcript.action_requested.connect(
            lambda _id, action: (
                self.providers.open_at_key() if action in ("add-key", "change-key") else None
            )
        )

    def _connect_attachments(self) -> None:
        window = self._window
        window.files_dropped.connect(self.attachments.attach)
        window.files_dropped.connect(self.batch_bar.offer)
        window.image_dropped.connect(self.attachments.attach_content)
        self.prompts.text_attach_requested.connect(self.attachments.attach_text)
        self.servers.content_attach_requested.connect(self.attachments.attach_content)
        self.drops.files_attach_requested.connect(self.attachments.attach)
        self.drops.content_attach_requested.connect(self.attachments.attach_content)
        self.drops.text_attach_requested.connect(self.attachments.attach_text)
        self.temporary.content_dropped.connect(self.drops.take_drop)
        opened = self.state.current
        self.batch_bar.reading_stop_requested.connect(self.readings.cancel_paths)
        self.batch_bar.reading_stop_requested.connect(lambda _: self.chat.dequeue(opened.id))
        self.turns.begun.connect(lambda turn: self.batch_bar.forget_offer_in(turn.asked.id))
        self.readings.failed.connect(self.chat.dequeue)
        self.readings.ended.connect(self.chat.send_queued)

    def _connect_store(self) -> None:
        """Show changes that other processes write to the store."""
        self.store_watcher.store_changed.connect(lambda: self.tasks.start(self.presets.refresh()))
        self.store_watcher.store_changed.connect(
            lambda: self.tasks.start(self.foreign_changes.show())
        )
        self.running.finished.connect(
            lambda conversation_id, _: self.tasks.start(
                self.foreign_changes.show_end(conversation_id)
            )
        )
        self.store_watcher.store_changed.connect(self.spending.refresh)
        self.store_watcher.store_changed.connect(self.batches.check_store)
        self.store_watcher.store_changed.connect(self.collections.check_store)
        self.store_watcher.store_changed.connect(
            lambda: self.tasks.start(self.evaluations.check_store())
        )
        # Questions and other processes start servers, which may then offer other prompts.
        for changed in (self.running.finished, self.store_watcher.store_changed):
            changed.connect(lambda *_: self.tasks.start(self.servers.load_prompts()))

    def name_of_model(self, model_id: str) -> str:
        """Return a model's name in the catalog, or that of the user's own GGUF file."""
        if model_id.endswith(".gguf"):
            return Path(model_id).stem
        return self._backend.catalog.info(model_id).name
