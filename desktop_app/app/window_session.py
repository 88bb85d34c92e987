"""The session of a window: its start, shortcuts, requests of later starts, and its end."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

from desktop_app.app.actions import DialogActions, make_actions, set_shortcuts
from desktop_app.app.call_server import CallServer
from desktop_app.app.closing_controller import ClosingController
from desktop_app.app.composition import compose
from desktop_app.app.features import ACTIONS, FEATURES
from desktop_app.app.foreign_changes import ForeignChanges
from desktop_app.app.housekeeping import Housekeeping
from desktop_app.app.navigator import LinkController, Navigator
from desktop_app.app.session import DIALOG_OBSTACLE, EndStep, Session, Shutdown
from desktop_app.app.startup.early_window import IDLE_MS, FirstUse
from desktop_app.app.startup.gc_policy import collect_and_trim
from desktop_app.app.startup.memory_release import release_file_pages
from desktop_app.app.tasks import RUNNING_COMMAND, Tasks
from desktop_app.app.window.main_window import MainWindow
from desktop_app.app.window_request import HiddenRequest, LinkRequest, QuickRequest, WindowRequest
from desktop_app.backend.backend import Backend
from desktop_app.backend.log_file import start_log
from desktop_app.chat.run_resumption import runs_to_resume
from desktop_app.chat.ui.shown_answers import STORE_TOPIC
from desktop_app.composer.dropped_content import DroppedContent
from desktop_app.domain import hints
from desktop_app.domain.activity_log import described
from desktop_app.domain.errors import StorageError, UserFacingError
from desktop_app.i18n.translation import N_, tr
from desktop_app.library.ui.conversation_list import ConversationList
from desktop_app.library.ui.list_presenter import PinnedOrder, UnreadMarks
from desktop_app.markdown.parsing.parser import load_parser
from desktop_app.settings.schema import KEYS_PREFIX, SPELLING_LANGUAGES
from desktop_app.settings.ui.settings_controller import SettingsController
from desktop_app.shortcuts.keymap import Keymap
from desktop_app.system import END_SIGNALS
from desktop_app.widgets.announcements import use_notifications
from desktop_app.widgets.cards.notifications import Notifications
from desktop_app.widgets.forms.form_dialog import leave_field
from desktop_app.widgets.forms.tab_order import FocusGuard, FocusScroller
from desktop_app.widgets.look.theme_watcher import ThemeWatcher
from desktop_app.widgets.sheet import open_dialogs

if TYPE_CHECKING:
    from desktop_app.app.startup.closed_work import ClosedWork
    from desktop_app.desktop_session.session_bus import SessionBus


LANGUAGE_RETRY_MS = 300


class LanguageChange(QObject):
    """The wait until the window can be built again without loss of work or text.

    Args:
        rebuild: ends the window, to be built again.
    """

    def __init__(self, session: Session, rebuild: Callable[[], None]) -> None:
        super().__init__(session.window)
        self._session = session
        self._rebuild = rebuild
        # Checked repeatedly, because no signal tells that the last dialog has closed.
        self._retry_timer = QTimer(self, interval=LANGUAGE_RETRY_MS)
        self._retry_timer.timeout.connect(self._try_rebuild)

    def begin(self) -> None:
        """Rebuild the window as soon as possible; notify of an obstacle."""
        self._retry_timer.start()
        obstacle = self._try_rebuild()
        if obstacle:
            self._session.window.notifications.notify(obstacle)

    def _try_rebuild(self) -> str:
        """Rebuild the window and return "", or return the obstacle as a sentence."""
        if obstacle := next(filter(None, (find() for find in self._session.rebuild_obstacles)), ""):
            return obstacle
        if is_dialog_open():
            return tr(DIALOG_OBSTACLE)
        if self._session.is_busy:
            return tr(
                "The language changes once responses and transfers end, all files are read, and "
                "temporary conversations are closed."
            )
        self._retry_timer.stop()
        self._rebuild()
        return ""


def commands_to_reopen(page: QWidget | None) -> tuple[str, ...]:
    """Return the ids of the commands that show the open page again."""
    name = page.objectName() if page is not None else ""
    return tuple(action.id for action in ACTIONS if name and action.page == name)


def is_dialog_open() -> bool:
    """Return True if a dialog is open that may contain typed text or ask a question."""
    return any(open_dialogs())


log = logging.getLogger(__name__)


class ErrorNotifier:
    """Notifies the user of errors and defects.

    Args:
        repair: repairs the store.
        report: shows a report of the problem to save.
    """

    def __init__(
        self, notifications: Notifications, repair: Callable[[], None], report: Callable[[], object]
    ) -> None:
        self._notifications = notifications
        self._repair = repair
        self._report = report

    def show(self, error: UserFacingError) -> None:
        """Notify of an error, with an action if the store can be repaired."""
        if isinstance(error, StorageError):
            log.error("%s", described(error))
        if error.hint == hints.REPAIR_LIBRARY:
            self._notifications.notify(error, [(tr("Repair"), self._repair)])
            return
        topic = STORE_TOPIC if isinstance(error, StorageError) else ""
        self._notifications.notify(error, topic=topic)

    def on_defect(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Log a defect with its traceback, and notify the user."""
        error = context.get("exception")
        log.error("%s", context.get("message", "a defect"), exc_info=error)
        title = N_("Something went wrong, but your conversations are saved.")
        if command := RUNNING_COMMAND.get():
            RUNNING_COMMAND.set("")
            title = N_("“{command}” failed, but your conversations are saved.")
        self._notifications.notify(
            UserFacingError(
                title,
                hint=N_("If it happens again, save a report and send it to the developers."),
                details=str(error or context.get("message", "")),
                command=command,
            ),
            [(tr("Save a report…"), self._report)],
            is_here_only=True,
        )


WINDOW_STATE_KEY = "window.state"
# Delays after the first pause.
SPELLING_DELAY_MS = 300
PARSER_DELAY_MS = 1_000
FREE_MS = 10_000
"""The time without an answer and a visible window, or after the start, until memory is freed."""


class WindowSession(Session):
    """The session of a window from its start to its end.

    Attributes:
        shutdown: stops tasks, stores partial answers and closes the store.
        closed_work: work on the closed store before the program restarts; None for none.
        should_rebuild: True if the window is built again once the session has ended.
        commands_to_reopen: ids of the commands that show the open dialogs again in the new window.
        help_to_reopen: the place that the help then shows; "" if it was closed.
        reopens_settings: True if the language was chosen there.
    """

    def __init__(
        self,
        window: MainWindow,
        theme: ThemeWatcher,
        backend: Backend,
        loop: asyncio.AbstractEventLoop,
        *,
        is_resident: bool,
    ) -> None:
        super().__init__()
        start_log(backend.folders.logs)
        self.window = window
        self.shutdown = Shutdown(self._shutdown_steps)
        self._errors = ErrorNotifier(
            window.notifications, self._repair, lambda: self.run("report.save")
        )
        self.tasks = Tasks(self._errors.show)
        self.backend = backend
        self.put(window, MainWindow)
        self.put(window.conversations, ConversationList)
        self.put(theme, ThemeWatcher)
        compose(self)
        self.current.opened.connect(lambda: window.notifications.show_place(self.current.id))
        FocusScroller(window)
        FocusGuard(window)
        loop.set_exception_handler(self._errors.on_defect)
        self.closed_work: ClosedWork | None = None
        self.should_rebuild = False
        self.commands_to_reopen: tuple[str, ...] = ()
        self.help_to_reopen = ""
        self.reopens_settings = False
        self._housekeeping = self.of(Housekeeping)
        self._connect_settings()
        self._watch_windows(is_resident=is_resident)
        self._calls = CallServer(backend.folders.socket, self.serve)
        self.actions = make_actions(self)
        DialogActions(self)
        window.escape_pressed = self._run_escape
        window.transcript.notice_raised.connect(window.notifications.notify)
        if sys.platform != "win32":  # where programs with a window get none
            for number in (signal.SIGINT, *END_SIGNALS):
                if signal.getsignal(number) is not signal.SIG_IGN:  # nohup ignores SIGHUP
                    loop.add_signal_handler(number, self.shutdown.begin)

    def _repair(self) -> None:
        from desktop_app.app.startup.closed_store import repair_work

        self.run_on_closed_store(repair_work(self.backend.folders))

    # -------------------------------------------------------------- other windows, desktop

    def _watch_windows(self, *, is_resident: bool) -> None:
        """Create the objects that react when windows are closed, hidden or focused."""
        closing = self.of(ClosingController)
        closing.was_started_to_stay = is_resident
        closing.ended.connect(self.shutdown.begin)
        self._has_released_memory = False
        self._idle_timer = QTimer(self.window, singleShot=True, interval=FREE_MS)
        self._idle_timer.timeout.connect(self._release_memory)
        closing.hidden.connect(self._idle_timer.start)
        self.running.finished.connect(lambda *_: self._idle_timer.start())
        self.events.quick_hidden.connect(self._idle_timer.start)
        self.events.quick_hidden.connect(closing.end_if_nothing_shows)
        self._unread_marks = self.of(UnreadMarks)

    def _release_memory(self) -> None:
        """Free memory: once after the start, which needed much of it, and while nothing shows."""
        is_visible = self.of(ClosingController).is_anything_visible
        if self.running.conversations or (self._has_released_memory and is_visible):
            return
        self._has_released_memory = True
        collect_and_trim()
        self.tasks.start(asyncio.to_thread(release_file_pages))

    def connect_desktop(self, bus: SessionBus) -> None:
        """Create the parts that talk to the desktop; nothing in the window waits for them."""
        if self.shutdown.has_begun:
            return
        from desktop_app.desktop_session.screen_readers import lack_announcements
        from desktop_app.desktop_session.session_bus import SessionBus

        self.put(bus, SessionBus)
        use_notifications(self.tasks.start, partial(lack_announcements, bus))
        self.events.desktop_joined.emit(bus)

    # -------------------------------------------------------------- start

    async def _find_local_models(self) -> None:
        """List the models on this computer in the menu, also those of other apps."""
        await self.backend.local_models.refresh()
        if self.backend.local_models.files:
            self.providers.listings_changed.emit()

    async def start(self, request: WindowRequest) -> None:
        """Load the window's content, and handle the request of this start."""
        self.stored_settings = await self.backend.settings.all()
        self.backend.local_models.use(self.stored_settings)
        self.drafts.load(self.stored_settings)
        await self.load()
        for feature in FEATURES:
            if feature.load is not None:
                await feature.load(self)
        # Before an answer streams: the prompt of the early window knows no key that stops it.
        self._bind_keys()
        await self.backend.conversations.release_answers()
        conversations, chat = self.backend.conversations, self.backend.chat
        for run in await runs_to_resume(conversations, chat, self.providers.all):
            self.running.start(run)
        await self.of(PinnedOrder).load()
        await self._housekeeping.recover()
        await self.of(Navigator).load()
        await self._unread_marks.load()
        await self.of(ForeignChanges).watch()
        settings = self.of(SettingsController)
        settings.apply_look("look.code_wrap")
        settings.show_values()
        self.window.prompt.focus_text()
        self.serve(request)
        if problems := self.backend.catalog.problems:
            first, *others = problems
            first.details = "\n".join(problem.what_happened for problem in others)
            self._errors.show(first)
        try:
            await self._calls.start()
        except StorageError as error:
            self._errors.show(error)
        # At the very first start, nothing is known of the desktop's colors yet.
        idle_ms = IDLE_MS if WINDOW_STATE_KEY in self.stored_settings else 0
        first_use = FirstUse(self.window, self.window.windowHandle(), idle_ms)
        first_use.used.connect(self.events.used)
        first_use.paused.connect(self._load_rest)
        self.events.raised.connect(self.events.used)

    def _load_rest(self) -> None:
        """Load what no first question needs."""
        if self.shutdown.has_begun:
            return
        tasks = self.tasks
        tasks.start(self._find_local_models())
        self._run_later(SPELLING_DELAY_MS, lambda: tasks.start(self.check_spelling()))
        for delay_ms, work in (feature.later for feature in FEATURES if feature.later is not None):
            self._run_later(delay_ms, partial(work, self))
        # Its libraries load in 40 ms or more, for which the first answer would stop the window.
        self._run_later(PARSER_DELAY_MS, lambda: tasks.start(asyncio.to_thread(load_parser)))
        self.events.loaded.emit()
        self._housekeeping.start()
        self._idle_timer.start()

    def _run_later(self, delay_ms: int, action: Callable[[], object]) -> None:
        """Run an action after a delay, unless the session is ending."""

        def run() -> None:
            if not self.shutdown.has_begun:
                action()

        QTimer.singleShot(delay_ms, self.window, run)

    async def check_spelling(self) -> None:
        """Begin to check the spelling in both prompts. The start does not wait for it."""
        from desktop_app.composer.spelling import Spelling

        if self.made(Spelling) is not None:
            return
        page = self.window.settings.pages.by_name["answer"]
        spelling = Spelling(self.window, self.tasks, self.values, page)
        self.put(spelling)
        self.value_editors[SPELLING_LANGUAGES] = spelling.choose_languages
        self.final_steps.append(spelling.aclose)
        self.window.prompt.field.check_spelling_with(spelling)
        self.events.spelling_started.emit(spelling)
        await spelling.start()

    def serve(self, request: WindowRequest) -> None:
        """Handle the request of this or a later start."""
        if isinstance(request, QuickRequest):
            self.events.quick_requested.emit(request.text)
            return
        if isinstance(request, HiddenRequest):
            return
        self.raise_window()
        if isinstance(request, LinkRequest):
            if any(action.id == request.text and action.page for action in ACTIONS):
                self.run(request.text)
            else:
                self.of(LinkController).open(request.text)
            return
        if request.files or request.text:
            self.of(Navigator).open_here()
            files = tuple(map(Path, request.files))
            self.window.prompt.insert_dropped(DroppedContent(files, text=request.text))

    # -------------------------------------------------------------- keys

    def _run_escape(self) -> None:
        if self.escape_action is not None:
            self.escape_action.trigger()

    def _bind_keys(self) -> None:
        keymap = Keymap.from_settings(self.values.all)
        self.escape_action = set_shortcuts(self.actions, keymap)
        self.window.prompt.set_keymap(keymap)
        self.events.keys_changed.emit(keymap)
        conversations = self.of(ConversationList)
        conversations.search_button.set_keys(keymap.shortcut_of("palette.open"))
        conversations.new_button.set_keys(keymap.shortcut_of("conversation.new"))

    # -------------------------------------------------------------- changed settings

    def _connect_settings(self) -> None:
        language_change = LanguageChange(self, self._rebuild)
        settings = self.of(SettingsController)

        def on_stored(key: str) -> None:
            settings.apply_look(key)
            self.backend.local_models.use(self.values.all)
            if key.startswith(KEYS_PREFIX):
                self._bind_keys()
            if key == "look.language":
                language_change.begin()

        settings.setting_stored.connect(on_stored)

    def _rebuild(self) -> None:
        """End, to be built again in another language."""
        if not self.shutdown.has_begun:
            self.should_rebuild = True
            self.commands_to_reopen = commands_to_reopen(self.window.pane.page)
            from desktop_app.app.help.help_window import HelpWindow

            if (shown_help := self.made(HelpWindow)) is not None and shown_help.isVisible():
                self.help_to_reopen = shown_help.place
            self.reopens_settings = self.window.settings.isVisible()
            self.window.pane.close_page()  # saves what was typed there
            self.window.setEnabled(False)  # text typed from now on would be lost
            self.shutdown.begin()

    # -------------------------------------------------------------- end

    def run_on_closed_store(self, work: ClosedWork) -> None:
        """Close the window, do this work on the closed store, and start again."""
        self.closed_work = work
        self.window.hide()
        self.shutdown.begin()

    def _shutdown_steps(self) -> tuple[EndStep, ...]:
        """Return the steps of the end, in their order.

        Steps that start writes precede `Tasks.shut_down`, which waits for them. The store is closed
        last.
        """
        tasks = self.tasks

        def save_window_state() -> None:
            state = self.of(MainWindow).saved_state()
            tasks.start(self.backend.settings.set(WINDOW_STATE_KEY, state))

        return (
            leave_field,
            self._calls.aclose,
            self.typesetter.close,
            self.drawer.close,
            self.lexer.close,
            *self.end_steps,
            self.copies.close,
            self.running.stop_all,
            save_window_state,
            self.of(Navigator).close,
            self.drafts.save_prompts,
            tasks.shut_down,
            *self.final_steps,
            self._idle_timer.stop,
            self._housekeeping.clean_up_at_end,
            self.backend.aclose,
        )
