"""The composition of the conversation's pane: questions, answers, and actions on messages."""

from __future__ import annotations

from pathlib import Path

from desktop_app.app.composition.composer_controllers import ComposerControllers
from desktop_app.app.composition.sidebar_controllers import SidebarControllers
from desktop_app.app.state.window_state import WindowState
from desktop_app.app.window.main_window import MainWindow
from desktop_app.chat.ui.answer_actions import AnswerActions, Branching
from desktop_app.chat.ui.chat_controller import ChatController, EditedQuestion, QuestionQueue
from desktop_app.chat.ui.chunked_reading_controller import ChunkedReadingController
from desktop_app.chat.ui.compaction_controller import CompactionController, CompactionNotes
from desktop_app.chat.ui.comparison.comparison_controller import (
    ComparedAnswers,
    ComparedModels,
    ComparisonController,
)
from desktop_app.chat.ui.running_answers import RunningAnswers
from desktop_app.chat.ui.server_watch import ServerWatch
from desktop_app.chat.ui.shown_answers import ShownAnswers, StructuredAnswers
from desktop_app.chat.ui.temporary_controller import TemporaryController
from desktop_app.chat.ui.turn_starter import TitleController, TurnPresenter, TurnStarter
from desktop_app.child_processes import child_command
from desktop_app.composer.attachments.document_passwords import DocumentUnlocker
from desktop_app.composer.attachments.drop_controller import AttachmentDrags
from desktop_app.composer.attachments.images_controller import ImagesController, MessageSource
from desktop_app.documents.ui.viewer_controller import ViewerController, ViewerTarget
from desktop_app.domain.errors import UserFacingError
from desktop_app.exchange.ui.export_controller import ExportController
from desktop_app.storage.temporary_files import TemporaryCopies
from desktop_app.tools.ui.consent_controller import ConsentController
from desktop_app.transcript.media.json_process import JsonProcess
from desktop_app.transcript.media.typesetter import Typesetter
from desktop_app.transcript.view import TranscriptView
from desktop_app.widgets.cards.notifications import Actions
from desktop_app.widgets.look.theme import current_theme


class ConversationControllers:
    """The controllers that ask questions, and that show answers and act on them.

    Attributes:
        copies: the files that other programs opened or got by a drag.
        typesetter, lexer: the processes of formulas and code in all transcripts.
    """

    def __init__(
        self,
        window: MainWindow,
        state: WindowState,
        running: RunningAnswers,
        sidebar: SidebarControllers,
        composer: ComposerControllers,
    ) -> None:
        self._window = window
        self._state = state
        self._running = running
        self._sidebar = sidebar
        self._composer = composer
        self.typesetter = Typesetter(child_command("math"), window)
        self.lexer = JsonProcess(child_command("lexing"), window)
        self._make_conversations()
        self._make_documents()
        self._make_compaction()
        self._make_answers()
        self._make_turns()
        self._make_turn_presenter()
        self._make_questions()
        self._make_comparison()
        self._prepare_transcript(window.transcript)

    # -------------------------------------------------------------- conversations, documents

    def _make_conversations(self) -> None:
        """Create the controllers of temporary conversations, branches and exports."""
        window = self._window
        state = self._state
        running = self._running
        current = state.current
        tasks = state.tasks
        backend = state.backend
        temporary = self.temporary = TemporaryController(
            window, state, running, self._sidebar.navigator
        )
        window.conversations.temporary_requested.connect(temporary.open)
        temporary.content_dropped.connect(self._composer.drops.insert_drop)
        self.branching = Branching(
            window, state, running, self._sidebar.navigator, self._sidebar.list_presenter
        )
        self.export = ExportController(
            window,
            running,
            current=current,
            messages=state.messages,
            tasks=tasks,
            notifications=window.notifications,
            backend=backend,
        )

    def _make_documents(self) -> None:
        """Create the controllers of images and documents in the transcript."""
        window = self._window
        backend = self._state.backend
        copies = self.copies = TemporaryCopies(backend.folders.temporary)
        self.images = ImagesController(window, self._state, self._composer.image_chips, copies)
        AttachmentDrags(window, self._state, copies)
        self.viewer = ViewerController(window, self._state, copies)
        self._composer.collections.document_open_requested.connect(
            lambda sha256, name: self.viewer.open(ViewerTarget(sha256, name))
        )

    # -------------------------------------------------------------- answers

    def _make_compaction(self) -> None:
        window = self._window
        state = self._state
        compaction = self.compaction = CompactionController(
            window,
            state,
            self._running,
            compaction_service=lambda: state.backend.compaction,  # made when it is first needed
        )
        notes = self.compaction_notes = CompactionNotes(window, state)
        compaction.ended.connect(notes.load)
        notes.undone.connect(
            lambda undone: compaction.postpone(undone.conversation_id, undone.tokens_before)
        )

        def on_action(_id: str, action: str) -> None:
            if action == "compact":
                compaction.offer()

        window.transcript.action_requested.connect(on_action)

    def _make_answers(self) -> None:
        """Create the controllers of tool calls, JSON answers, titles and lost servers."""
        window = self._window
        state = self._state
        current = state.current
        backend = state.backend
        self.consent = ConsentController(consent=backend.consent, current=current, pane=window.pane)
        StructuredAnswers(window, state)
        TitleController(
            state,
            self._running,
            self._sidebar.list_presenter,
            utility_model=lambda: backend.utility_model,
        )
        self.server_watch = ServerWatch(window, state)
        self.shown_answers = ShownAnswers(window, state, self._running)

    # -------------------------------------------------------------- questions

    def _make_turns(self) -> None:
        """Create the starter of turns, with the remedies for refused questions."""
        window, state = self._window, self._state
        self.chunked_reading = ChunkedReadingController(window, state)
        unlocker = DocumentUnlocker(window, state, self._composer.passwords)

        def remedies_for(error: UserFacingError) -> Actions:
            return [
                *unlocker.remedies_for(error),
                *self.chunked_reading.remedies_for(error),
                *self._composer.collections.remedies_for(error),
                *self.compaction.remedies_for(error),
            ]

        self.turns = TurnStarter(
            window,
            state,
            self._running,
            self._sidebar.list_presenter,
            before_turn=self.compaction.compact_before_turn,
            remedies_for=remedies_for,
        )

    def _make_turn_presenter(self) -> None:
        """Create the presenter of stored turns."""
        state = self._state
        self.turn_presenter = TurnPresenter(
            self._window,
            state,
            self._running,
            self._sidebar.navigator,
            self._sidebar.list_presenter,
            self._sidebar.draft_saver,
        )
        self.turns.begun.connect(self.turn_presenter.start)
        self.turns.begun.connect(lambda _: self.shown_answers.dismiss_store_error())

    def _make_questions(self) -> None:
        """Create the controllers of new, queued, edited and repeated questions."""
        window = self._window
        state = self._state
        running = self._running
        navigator = self._sidebar.navigator
        presenter = self._sidebar.list_presenter
        edited = EditedQuestion(window, state)
        readings = self._composer.readings
        queue = self.queue = QuestionQueue(
            window, state, running, self.turns, presenter, is_reading=readings.is_reading
        )
        chat = self.chat = ChatController(
            window,
            state,
            running,
            self.turns,
            queue,
            edited,
            cancel_other_work=self.compaction.cancel,
            is_reading=readings.is_reading,
        )
        self.chunked_reading.submit_requested.connect(chat.submit)
        readings.failed.connect(queue.remove)
        readings.ended.connect(queue.send)
        self.answer_actions = AnswerActions(
            window, state, self.turns, navigator, self._composer.choices, edited
        )

    # -------------------------------------------------------------- comparison

    def _make_comparison(self) -> None:
        """Create the controllers of answers side by side."""
        window = self._window
        state = self._state
        running = self._running
        self.compared_models = ComparedModels(window, state, running, self._composer.choices)
        compared_answers = ComparedAnswers(state, running, self._sidebar.navigator)
        self.comparison = ComparisonController(
            window,
            state,
            running,
            compared_answers,
            make_transcript=self._make_brief_transcript,
            name_of_model=self.name_of_model,
        )
        window.prompt.row.comparison_requested.connect(self.compared_models.choose_models)
        self.compared_models.compare_requested.connect(state.tasks.slot(self.chat.compare))
        self.turn_presenter.compared.connect(self.comparison.show_answers)

    def _make_brief_transcript(self, messages: MessageSource) -> TranscriptView:
        """Return a view for a single answer, which shows the images of `messages`."""
        transcript = TranscriptView(current_theme(), is_brief=True)
        self._prepare_transcript(transcript)
        self.images.show_images_in(transcript, messages)
        return transcript

    def _prepare_transcript(self, transcript: TranscriptView) -> None:
        transcript.set_model_names(self.name_of_model)
        transcript.formula_display.set_typesetter(self.typesetter)
        transcript.highlighter.set_lexer(self.lexer)

    def name_of_model(self, model_id: str) -> str:
        """Return a model's name in the catalog, or that of the user's own GGUF file."""
        if model_id.endswith(".gguf"):
            return Path(model_id).stem
        return self._state.backend.catalog.info(model_id).name
