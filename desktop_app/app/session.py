"""The session of a window: what its features share. It knows none of them.

`session.of(Trash)` is the one object of a class in the session, made when it is first asked for;
`session.run("spending.show")` runs a command of a feature that the caller does not know.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar, cast

from PySide6.QtCore import QObject, Signal

from desktop_app.app.answer_setup import AnswerSetup
from desktop_app.app.open_conversation import MessagePresenter, NewConversation, OpenConversation
from desktop_app.composer.drafts import PromptDraft
from desktop_app.domain.activity_log import described
from desktop_app.domain.errors import UserFacingError
from desktop_app.i18n.translation import N_
from desktop_app.widgets.windows import bring_to_front

if TYPE_CHECKING:
    from PySide6.QtGui import QAction
    from PySide6.QtWidgets import QMenu, QWidget

    from desktop_app.app.folder_list import FolderList
    from desktop_app.app.provider_list import Providers, SettingValues
    from desktop_app.app.running_answers import RunningAnswers
    from desktop_app.app.startup.closed_work import ClosedWork
    from desktop_app.app.tasks import Tasks
    from desktop_app.app.window.window_frame import WindowFrame
    from desktop_app.backend.backend import Backend
    from desktop_app.composer.drafts import Drafts
    from desktop_app.composer.prompt_editor import PromptEditor
    from desktop_app.domain.remembered_note import RememberedNote
    from desktop_app.storage.temporary_database import TemporaryConversations
    from desktop_app.storage.temporary_files import TemporaryCopies
    from desktop_app.transcript.media.drawings import DiagramDrawer, Typesetter
    from desktop_app.transcript.media.json_process import JsonProcess
    from desktop_app.transcript.view import TranscriptView
    from desktop_app.widgets.cards.notifications import Actions, Notifications
    from desktop_app.widgets.forms.schema_form import EditRequest


log = logging.getLogger(__name__)

EndStep = Callable[[], Awaitable[object] | None]


class Shutdown:
    """The shutdown of a session.

    Args:
        steps: returns the steps in their order.
    """

    def __init__(self, steps: Callable[[], Iterable[EndStep]]) -> None:
        self._steps = steps
        self._has_ended = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def has_begun(self) -> bool:
        return self._task is not None

    def begin(self) -> None:
        """Run the steps, unless they run already."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def wait(self) -> None:
        """Wait until all steps have run."""
        await self._has_ended.wait()

    async def _run(self) -> None:
        """Run all steps; a step that raises must not prevent the next."""
        for step in self._steps():
            task = asyncio.create_task(_run_step(step))
            await asyncio.wait([task])
            match task.exception():
                case None:
                    pass
                case UserFacingError() as error:  # there is no window left to show it
                    log.error("%s", described(error))
                case error:
                    log.error("a step of the end failed", exc_info=error)
        self._has_ended.set()


async def _run_step(step: EndStep) -> None:
    work = step()
    if work is not None:
        await work


_T = TypeVar("_T")
DIALOG_OBSTACLE: Final = N_("The language changes once the other windows are closed.")


class SessionEvents(QObject):
    """What happens to a window, for the features that it concerns.

    Signals:
        files_added_to_project(str id, list of Path): read these files into a project, "" for a new.
        store_changed(): another process has written to the store.
        woke(): the computer has slept, and with it all timers.
        keys_changed(Keymap): the user's shortcuts were loaded or changed.
        raised(): the window was brought to the front.
        read(str): the user has seen the newest answer of the conversation with this id.
        removed(str): the conversation with this id was moved to the trash, or deleted.
        trash_changed(): what a feature has in the trash has changed.
        quick_hidden(): a window beside the main one was hidden, or a paste has ended.
        quick_requested(str): show the quick prompt with this text.
        used(): the window was used for the first time, or raised after the start.
        loaded(): the window has paused after its first use, so that more can load.
        model_chosen(ModelEntry): answer with this model in the open conversation.
        download_requested(CatalogModel): download a model for this computer.
        document_requested(str SHA-256, str name, str key of a text, "" for none): show a document.
        text_requested(str SHA-256, str name, str key of a text, "" for none): open a document as a
            text beside the conversation.
        code_requested(str action, str code): "open" this page, or edit it "as-text".
        stored_text_requested(str conversation id, str id, str words): show a text beside its
            conversation, at these words.
        desktop_joined(SessionBus): the program has joined the session bus.
        hotkey_reported(HotkeyReport): whether the global shortcut works.
        hotkey_held(bool): the global shortcut is held to dictate; False: it was let go.
        hotkey_toggled(): pause or resume the global shortcut, and say so.
        hotkey_pause_requested(bool): pause the global shortcut, or resume it.
        conversation_made(ConversationSession): a window beside the main one has this conversation.
        completer_made(ConversationSession, Callable): its prompt completes `/` prompts, and this
            fills the marks of a prompt.
        editor_made(QPlainTextEdit | QTextEdit, QBoxLayout, Notifications, QWidget): users can
            write here; this row takes buttons that help them, behind a widget in the tab order,
            and these tell what goes wrong.
        spelling_started(Spelling): the spelling of prompts can be checked from now on.
        progressed(float): how much of all background work is done; 1 if none runs.
        activity_changed(str): rows of the page Activity have changed; the id of the row that has
            ended or failed, "" if none has.
        notified(str command id, str heading, str title): show this in the desktop if no window of
            the program is in front; a click on it runs the command.
    """

    files_added_to_project = Signal(str, list)
    store_changed = Signal()
    woke = Signal()
    keys_changed = Signal(object)
    raised = Signal()
    used = Signal()
    read = Signal(str)
    removed = Signal(str)
    trash_changed = Signal()
    quick_hidden = Signal()
    quick_requested = Signal(str)
    loaded = Signal()
    model_chosen = Signal(object)
    download_requested = Signal(object)
    document_requested = Signal(str, str, str)
    text_requested = Signal(str, str, str)
    code_requested = Signal(str, str)
    stored_text_requested = Signal(str, str, str)
    desktop_joined = Signal(object)
    hotkey_reported = Signal(object)
    hotkey_held = Signal(bool)
    hotkey_toggled = Signal()
    hotkey_pause_requested = Signal(bool)
    conversation_made = Signal(object)
    completer_made = Signal(object, object)
    editor_made = Signal(object, object, object, object)
    spelling_started = Signal(object)
    progressed = Signal(float)
    activity_changed = Signal(str)
    notified = Signal(str, str, str)


class Session:
    """What the features of a window share.

    Attributes:
        copies: the files that other programs opened or got by a drag.
        typesetter, drawer, lexer: the processes of formulas, diagrams and code in all transcripts.
        current, messages, setup: those of `main`.
        stored_settings: as they were at the start.
        remedies: return what to offer for a question that was refused; the offers of all are shown.
        finders: find in what has the focus: open the bar (0) or step; return True if done.
        escape_steps: stop what Esc stops before answers; return True if there was something.
        unfinished: return True while the window cannot be built again without a loss.
        rebuild_obstacles: return why the window cannot be built again yet; "" if it can.
        other_windows: return True while a window beside the main one is in use.
        other_views: return True if such a window shows the conversation of this id.
        unwritten: what the user typed, of which a write may have failed, as on a full disk.
        end_questions: return what is asked before the program ends, and its details; None for
            nothing.
        export_menus: add entries that export the conversations of these ids.
        notes_in: returns the notes that are sent in a folder's conversations; "" is no folder.
        typed_commands: what a message runs instead of being sent, by the word that it begins with.
        make_sections: makes what features show on a page of another: on that of the settings of
            this name, or below the rows of "activity".
        value_editors: change the values of settings that have a dialog, by their keys.
        end_steps: end what runs, before answers stop and drafts are stored.
        final_steps: free what drafts and tasks needed until then.
    """

    window: WindowFrame
    actions: Mapping[str, QAction]  # by the ids of their commands
    escape_action: QAction | None = None  # of the command of Esc
    tasks: Tasks
    backend: Backend
    # Stores and lists that are also in memory.
    temporary: TemporaryConversations
    drafts: Drafts
    values: SettingValues
    providers: Providers
    folders: FolderList
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
    stored_settings: Mapping[str, Any]

    def __init__(self) -> None:
        self._made: dict[object, object] = {}
        self.events = SessionEvents()
        self.remedies: list[Callable[[UserFacingError], Actions]] = []
        self.escape_steps: list[Callable[[], bool]] = []
        self.finders: list[Callable[[int], bool]] = []
        self.unfinished: list[Callable[[], bool]] = []
        self.rebuild_obstacles: list[Callable[[], str]] = []
        self.other_windows: list[Callable[[], bool]] = []
        self.other_views: list[Callable[[str], bool]] = []
        self.unwritten: list[UnwrittenText] = []
        self.end_questions: list[Callable[[], tuple[str, str] | None]] = []
        self.export_menus: list[Callable[[QMenu, list[str]], object]] = []
        self.notes_in: Callable[[str], Sequence[RememberedNote]] = lambda _folder_id: ()
        self.typed_commands: dict[str, Callable[[str], Coroutine[Any, Any, None]]] = {}
        self.make_sections: Callable[[str], list[Any]] = lambda _page: []
        self.value_editors: dict[str, Callable[[EditRequest], object]] = {}
        self.end_steps: list[EndStep] = []
        self.final_steps: list[EndStep] = []

    def of(self, kind: type[_T]) -> _T:
        """Return the session's only object of a class, and make it if there is none yet."""
        if kind not in self._made:
            self._made[kind] = cast(Any, kind)(self)
        return cast(_T, self._made[kind])

    def made(self, kind: type[_T]) -> _T | None:
        """Return the session's object of a class, None if it was not made yet."""
        return cast("_T | None", self._made.get(kind))

    def put(self, made: object, kind: type | None = None) -> None:
        """Use an object that was made elsewhere as the only one of its class, or of a base."""
        self._made[kind or type(made)] = made

    def run(self, command_id: str) -> None:
        """Run a command, if the window has it."""
        if (action := self.actions.get(command_id)) is not None:
            action.trigger()

    def typed_command(self, text: str) -> Coroutine[Any, Any, None] | None:
        """Return what a message runs instead of being sent; None if it is to be sent."""
        word, *rest = text.split(maxsplit=1) or [""]
        run = self.typed_commands.get(word.lower())
        return None if run is None else run("".join(rest))

    def edit_value(self, request: EditRequest) -> None:
        """Let the user change a setting in a window of its own, if a feature has one for it."""
        if (edit := self.value_editors.get(request.key)) is not None:
            edit(request)

    def run_on_closed_store(self, work: ClosedWork) -> None:
        """Close the window, do this work on the closed store, and start again."""
        raise NotImplementedError

    def raise_window(self) -> None:
        bring_to_front(self.window)
        self.events.raised.emit()

    @property
    def is_busy(self) -> bool:
        """Return True if the window cannot be built again without a loss."""
        return bool(self.running.conversations) or any(check() for check in self.unfinished)

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


class UnwrittenText(Protocol):
    """Text that the user typed: drafts, or prompts."""

    @property
    def has_unwritten(self) -> bool: ...
    async def write_again(self) -> None: ...


class ConversationSession:
    """A conversation in a window with its prompt: in the main window, or in the quick prompt.

    Attributes:
        window: the parent of the dialogs.
        draft: the text and the attachments in the prompt.
        current: the conversation and its messages.
        setup: which model answers, with which settings.
    """

    def __init__(
        self,
        session: Session,
        window: QWidget,
        prompt: PromptEditor,
        transcript: TranscriptView,
        notices: Notifications,
    ) -> None:
        self._session = session
        self._made: dict[object, object] = {}
        self.window = window
        self.prompt = prompt
        self.transcript = transcript
        self.notices = notices
        self.draft = PromptDraft(session.drafts, prompt.field)
        self.current = OpenConversation(session.drafts, session.temporary, self.draft)
        self.messages = MessagePresenter(session.providers, self.current, transcript.stream)
        self.setup = AnswerSetup(session, self.current)

    def of(self, kind: type[_T]) -> _T:
        """Return the conversation's only object of a class, and make it if there is none yet."""
        if kind not in self._made:
            self._made[kind] = cast(Any, kind)(self._session, self)
        return cast(_T, self._made[kind])


class Controller(QObject):
    """A controller of the main window, with what most of them use of the session."""

    def __init__(self, session: Session) -> None:
        super().__init__(session.window)
        self._session = session
        window = self._window = session.window
        self._pane, self._prompt, self._transcript = window.pane, window.prompt, window.transcript
        self._notifications = window.notifications
        self._current, self._draft = session.current, session.current.draft
        self._setup, self._running, self._tasks = session.setup, session.running, session.tasks
        self._values, self._providers = session.values, session.providers
        self._conversations = session.backend.conversations
