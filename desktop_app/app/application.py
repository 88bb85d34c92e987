"""The start of the program, ordered for a fast first paint.

Look and language are read straight from the settings table, and the window is painted. Only then
are the event loop, the store and everything that answers questions loaded, between events: at once,
or at the first use if the window looks complete without them. In the first pause after a use, the
program loads the rest, and joins the session bus; a start without a window joins it at once. httpx,
keyring, Pygments and child processes wait until needed.
"""

from __future__ import annotations

import desktop_app.app.startup.qt_import  # noqa: F401 — first, as it shortens each later import

# isort: split
import sys
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QLoggingCategory, QTimer
from PySide6.QtWidgets import QApplication

from desktop_app import __version__
from desktop_app.app.startup.early_window import EarlyText, EarlyWindow
from desktop_app.app.startup.gc_policy import close_in_tasks, resume_collection, suspend_collection
from desktop_app.app.window.main_window import MainWindow
from desktop_app.app.window_request import (
    MAX_FILES,
    HiddenRequest,
    LinkRequest,
    OpenRequest,
    QuickRequest,
    RequestError,
    WindowRequest,
    encode,
    request_for,
    too_many_files,
)
from desktop_app.composer.prompt_editor import PromptEditor
from desktop_app.domain.errors import (
    NoRoomForCopyError,
    StoreDamagedError,
    StoreRefusedError,
    UserFacingError,
)
from desktop_app.i18n.translation import N_, tr
from desktop_app.paths import folders, resource_path
from desktop_app.settings.startup_settings import read_startup_settings
from desktop_app.settings.values import with_defaults
from desktop_app.widgets import input_method
from desktop_app.widgets.look import icons
from desktop_app.widgets.look.theme import APPLICATION_ARGUMENTS, current_theme
from desktop_app.widgets.look.theme_watcher import LookSettings, PortalAppearance, ThemeWatcher
from desktop_app.widgets.look.window_language import WindowLanguage

if TYPE_CHECKING:  # imported after the first paint
    import asyncio
    from pathlib import Path
    from types import TracebackType

    from desktop_app.app.window_session import WindowSession
    from desktop_app.backend.backend import Backend
    from desktop_app.desktop_session.session_bus import SessionBus

DESKTOP_FILE = "io.github.repartee.Repartee"
CALL_TIMEOUT_MS: Final = 30_000
"""The time that a program started by the session bus waits for the call."""
_WORK_THREADS: Final = 4  # an arbitrary number
_SESSION_MODULES: Final = (
    "concurrent.futures",
    "subprocess",
    "ssl",
    "asyncio",
    "qasync",
    "desktop_app.transcript.media.message_images",
    "desktop_app.documents.store.attachment_cleanup",
    "desktop_app.domain.answering.chat_request",
    "desktop_app.app.open_conversation",
    "desktop_app.app.answer_setup",
    "desktop_app.providers.ui.providers_controller",
    "desktop_app.chat.cost_estimate",
    "desktop_app.chat.chat_service",
    "desktop_app.app.navigator",
    "desktop_app.backend.backend",
    "desktop_app.transcript.message_items",
    "desktop_app.app.features",
    "desktop_app.composer.attachments.prompt_chips",
    "desktop_app.app.closing_controller",
    "desktop_app.app.window_session",
    "desktop_app.transcript.code_colors",
    "desktop_app.transcript.view",
)
"""What a session imports, in parts that each take less than a frame."""

STARTING: Final = N_("Repartee is starting. What you type is kept.")


def run(request: WindowRequest) -> int:
    """Open the window and handle `request`; return the exit code."""
    application = Application(request)
    application.show()
    code = application.run()
    if application.should_restart:
        from desktop_app.child_processes import restart_program

        restart_program()  # replaces this process, so nothing below runs
    _prepare_end(code)
    return code


class Application:
    """The program with its window.

    Attributes:
        window: set by `show`.
        session: the last session that was created; None until the store is open.
        should_restart: True if the program restarts after its end.
    """

    window: MainWindow
    _early: EarlyWindow
    _early_text: EarlyText
    _stored_settings: dict[str, Any]
    _bus: SessionBus
    _join_ended: asyncio.Event

    def __init__(self, request: WindowRequest) -> None:
        suspend_collection()
        self._request = request
        input_method.find_fcitx()
        self.qt = QApplication([*sys.argv[:1], *APPLICATION_ARGUMENTS])
        self.qt.setApplicationName("repartee")
        self.qt.setApplicationDisplayName("Repartee")
        self.qt.setApplicationVersion(__version__)
        self.qt.setDesktopFileName(DESKTOP_FILE)
        self.qt.setQuitOnLastWindowClosed(False)
        input_method.follow_cursor()
        # On Wayland, Qt 6.11 warns of a state of its own at each change of the focus.
        QLoggingCategory.setFilterRules("qt.qpa.wayland.textinput.warning=false")
        self.session: WindowSession | None = None
        self.should_restart = False
        self._theme: ThemeWatcher
        self._language = WindowLanguage(self.qt, resource_path("locale"))
        self._exit_code = 0
        self._pending_requests: list[WindowRequest] = []
        self._serving_session: WindowSession | None = None  # the last session that has started
        self._join_task: asyncio.Task[None] | None = None

    def show(self) -> None:
        """Build the window and paint it; return after the first paint."""
        stored_settings = read_startup_settings(folders().database)
        values = with_defaults(stored_settings)
        icons.use_folder(resource_path("icons/lucide"))
        self._language.use(str(values["look.language"]))
        window_state = stored_settings.get("window.state", {})
        self._theme = ThemeWatcher(
            self.qt, LookSettings.from_values(values), _last_appearance(window_state)
        )
        self.window = _build_window(self._theme)
        self.window.restore_state(window_state)
        # A quick request shows only the quick prompt.
        if not isinstance(self._request, QuickRequest | HiddenRequest):
            self.window.show()
        self._early = EarlyWindow(self.window)
        self._early_text = EarlyText(self.window.prompt, _text_file())
        self.qt.processEvents()
        self._stored_settings = stored_settings

    def run(self) -> int:
        """Run the event loop until the program quits; return the exit code."""
        self._load_session()
        import asyncio
        from concurrent.futures import ThreadPoolExecutor

        from desktop_app.app.startup.event_loop import EventLoop

        loop = EventLoop(self.qt)
        close_in_tasks(loop)
        # Before the first use: qasync would start ten QThreads and crash with them at the end.
        loop.set_default_executor(ThreadPoolExecutor(_WORK_THREADS, "work"))
        asyncio.set_event_loop(loop)
        self._join_ended = asyncio.Event()
        with loop:
            # The bus may have started this program, and waits for its name to deliver a call. Any
            # other start joins the bus once the window was used.
            if isinstance(self._request, HiddenRequest):
                self._join_bus(loop)
            sessions = loop.create_task(self._run_sessions(loop))
            try:
                loop.run_until_complete(sessions)
            except RuntimeError:
                if sessions.done():
                    raise
                # The X server has died, at which Qt ends every loop. Answers and drafts are stored
                # as they come, so nothing is left to do that could be done without a loop.
                from desktop_app.app.startup.this_process import end_now

                end_now(1)
            finally:
                sys.excepthook = sys.__excepthook__
                if self._join_task is not None:
                    self._join_task.cancel()
                    loop.run_until_complete(asyncio.gather(self._join_task, return_exceptions=True))
                    loop.run_until_complete(self._bus.aclose())
        from desktop_app.widgets.accessible_roles import release_roles

        release_roles()
        return self._exit_code

    def _load_session(self) -> None:
        """Show the list, and all else that needs no session, then import it."""
        self.window.add_outer_panes()
        self.qt.processEvents()
        waits = False
        if self._request == OpenRequest():
            from desktop_app.app.startup.early_content import show_early_content

            waits = show_early_content(self.window, self._stored_settings)
        self._early.watch_buttons()
        self._early.load(_SESSION_MODULES, folders().socket if waits else None)

    def _join_bus(self, loop: asyncio.AbstractEventLoop) -> None:
        from desktop_app.desktop_session.session_bus import SessionBus

        if self._join_task is None:
            self._bus = SessionBus()
            self._join_task = loop.create_task(self._acquire_bus_name())

    async def _acquire_bus_name(self) -> None:
        """Acquire the program's name on the session bus, then deny inspection."""
        from desktop_app.app.startup.this_process import deny_inspection_after_portal
        from desktop_app.desktop_session.application_object import (
            APP_ID,
            ApplicationObject,
            bus_name,
        )
        from desktop_app.desktop_session.login_start import is_sandboxed
        from desktop_app.desktop_session.session_bus import JOIN_TIMEOUT_S, BusError

        name = bus_name(folders().scope)
        owns_name = False
        try:
            await self._bus.connect(JOIN_TIMEOUT_S)
            application_object = ApplicationObject(self._open_addresses, self._run_bus_action)
            owns_name = await application_object.publish(self._bus, name)
        except BusError:  # later starts reach the window by its socket
            pass
        finally:
            self._join_ended.set()
            is_registered = await deny_inspection_after_portal(self.qt, self._bus)
            is_known_to_desktop = is_registered or is_sandboxed()
            # With other data folders, the program has another name, which no desktop file has.
            has_own_name = owns_name and name == APP_ID
            self._bus.is_activatable = has_own_name and is_known_to_desktop

    def _join_desktop(self, loop: asyncio.AbstractEventLoop, session: WindowSession) -> None:
        async def connect_when_joined() -> None:
            await self._join_ended.wait()
            session.connect_desktop(self._bus)

        self._join_bus(loop)
        session.tasks.start(connect_when_joined())

    def _open_addresses(self, addresses: tuple[str, ...]) -> None:
        from desktop_app.desktop_session.session_bus import BusError

        try:  # requests from the bus have the limits of those from the local socket
            if len(addresses) > MAX_FILES:  # before each is parsed
                raise too_many_files()
            request = request_for(addresses)
            encode(request)
        except RequestError as error:
            raise BusError(str(error)) from error
        self._serve_request(request)

    def _run_bus_action(self, name: str, parameter: str) -> None:
        if name == "quick":
            self._serve_request(QuickRequest(parameter))
        elif name == "open":
            self._serve_request(LinkRequest(parameter))

    def _serve_request(self, request: WindowRequest) -> None:
        """Serve a request from the bus, or keep it until the next session has started."""
        if self._serving_session is not None and not self._serving_session.shutdown.has_begun:
            self._serving_session.serve(request)
            return
        self._pending_requests.append(request)
        # During the start, the user sees at once that the request arrived.
        if self._serving_session is None and not isinstance(request, QuickRequest):
            self.window.show()

    async def _run_sessions(self, loop: asyncio.AbstractEventLoop) -> None:
        from desktop_app.app.window_session import WindowSession
        from desktop_app.transcript.view import TranscriptView

        if not hasattr(self.window, "transcript"):
            self.window.set_transcript(TranscriptView(current_theme()))
        request = self._request
        while True:
            backend = await self._open_backend()
            if backend is None:
                self._exit_code = 1
                return
            is_resident = isinstance(self._request, HiddenRequest) and self._request.stays
            previous_session = self.session
            self.session = WindowSession(
                self.window, self._theme, backend, loop, is_resident=is_resident
            )
            sys.excepthook = partial(_report_defect, loop, set())
            self.session.events.loaded.connect(partial(self._join_desktop, loop, self.session))
            try:
                await self.session.start(request)
            except UserFacingError as error:  # rows may be damaged in a store that can be opened
                has_ended = self.session.shutdown.has_begun  # by a signal
                self.session.shutdown.begin()
                await self._wait_for_end(self.session)
                if has_ended:
                    return
                if await self._offer_remedies(error) == "quit":
                    self._exit_code = 1
                    return
                self._rebuild_window()
                continue
            if previous_session is not None:
                _reopen_windows(previous_session, self.session)
            self._serve_pending(self.session)
            resume_collection()
            self._early.hand_over(self.session.actions.values())
            self.session.tasks.start(self._drop_early_text(self.session))
            self.on_ready()
            await self._wait_for_end(self.session)
            if not self.session.should_rebuild:
                break
            request = OpenRequest()  # the previous session has served the request of the start
            self._rebuild_window()
        if self.session.closed_work is not None:
            from desktop_app.app.startup.closed_store import ClosedStore

            closed_store = ClosedStore(None, backend.folders)
            await closed_store.run_work(self.session.closed_work)
            self.should_restart = True

    async def _drop_early_text(self, session: WindowSession) -> None:
        """Store what was typed early as a draft, and remove it elsewhere."""
        import asyncio

        session.drafts.save_prompts()
        await asyncio.sleep(0)  # so that this write follows those
        await session.backend.database.write(lambda _: None)
        if not session.drafts.has_unwritten:
            self._early_text.drop()

    async def _wait_for_end(self, session: WindowSession) -> None:
        await session.shutdown.wait()
        if session.current.opening_number:  # its end has stored the draft
            self._early_text.drop()
        else:
            self._early_text.flush()

    def _serve_pending(self, session: WindowSession) -> None:
        requests = self._pending_requests
        self._pending_requests = []
        self._serving_session = session
        for request in requests:
            session.serve(request)
        if isinstance(self._request, HiddenRequest):
            from desktop_app.app.closing_controller import ClosingController

            # The bus starts the program and then calls it. If the caller has ended meanwhile, no
            # call arrives, and the program would run on without a window.
            QTimer.singleShot(
                CALL_TIMEOUT_MS, self.window, session.of(ClosingController).end_if_nothing_shows
            )

    def _rebuild_window(self) -> None:
        """Build the window again, in the language of the settings, and delete the old one."""
        from desktop_app.transcript.view import TranscriptView

        stored_settings = read_startup_settings(folders().database)
        self._language.use(str(with_defaults(stored_settings)["look.language"]))
        old_window = self.window
        self.window = _build_window(self._theme)
        self.window.restore_state(old_window.saved_state())
        self.window.show()
        self._early = EarlyWindow(self.window, self._early)
        self._early_text = EarlyText(self.window.prompt, _text_file())
        self.window.set_transcript(TranscriptView(current_theme()))
        self._early.watch_buttons()
        old_window.deleteLater()

    async def _open_backend(self) -> Backend | None:
        """Return a backend with its store open; None if it cannot be opened or repaired."""
        from desktop_app.backend.backend import Backend

        choice = ""
        while choice != "quit":
            backend = Backend()
            try:
                await backend.open(keeps_copy=choice != "upgrade")
            except UserFacingError as error:
                await backend.aclose()
                choice = await self._offer_remedies(error)
            else:
                return backend
        return None

    async def _offer_remedies(self, error: UserFacingError) -> str:
        """Offer remedies for a store that cannot be opened, or report another error.

        Return "retry" or "upgrade" to open the store again, or "quit".
        """
        from desktop_app.app.startup.closed_store import ClosedStore

        if not isinstance(error, StoreDamagedError | StoreRefusedError | NoRoomForCopyError):
            report_failed_start(error)
            return "quit"
        return await ClosedStore(self.window, folders()).offer_remedies(error)

    def on_ready(self) -> None:
        """Do nothing; subclasses that measure the start override this."""


def _reopen_windows(previous_session: WindowSession, session: WindowSession) -> None:
    """Show the windows again that were open before the main window was rebuilt."""
    for command in previous_session.commands_to_reopen:
        session.actions[command].trigger()
    if previous_session.reopens_settings:
        session.window.outer_panes.show_settings(True)
        session.window.settings.show_page("look")
    if previous_session.help_to_reopen:
        from desktop_app.app.help.help_window import help_of

        help_of(session).open_at(previous_session.help_to_reopen)


def report_failed_start(error: UserFacingError) -> int:
    """Say why the program cannot start; return the exit code of a failure.

    The error goes to standard error and, for users who started it from a menu, into a dialog.
    """
    from PySide6.QtWidgets import QMessageBox

    from desktop_app.cli.console import write_diagnostic
    from desktop_app.widgets.text.foreign_text import message_box

    # The user's folders may be the cause, so nothing is read from them here. Before the window
    # exists, there is no application yet; the local name keeps a new one alive for the dialog.
    qt = QApplication.instance() or QApplication([*sys.argv[:1], *APPLICATION_ARGUMENTS])
    write_diagnostic(f"{error.sentences} {error.details}".rstrip())
    box = message_box(error.what_happened, error.what_to_do, details=error.details)
    box.setObjectName("cannot-start")
    box.setIcon(QMessageBox.Icon.Critical)
    box.exec()
    del qt
    _prepare_end(1)
    return 1


def _report_defect(
    loop: asyncio.AbstractEventLoop,
    reported: set[tuple[str, int]],
    kind: type[BaseException],
    error: BaseException,
    traceback: TracebackType | None,
) -> None:
    """Handle what a slot raised, which Qt only prints, like what a task raised.

    It is reported once for each place, because painting and timers repeat it.
    """
    sys.__excepthook__(kind, error, traceback)
    last = traceback
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    if last is None or not isinstance(error, Exception):
        return
    place = (last.tb_frame.f_code.co_filename, last.tb_lineno)
    if place not in reported:
        reported.add(place)
        loop.call_exception_handler({"message": "Exception in a slot", "exception": error})


def _prepare_end(code: int) -> None:
    """On Wayland, have the process end with this code without Qt's destructors."""
    # On X11 they must run: one of them passes copied content to the desktop's clipboard manager.
    if QApplication.platformName().startswith("wayland"):
        from desktop_app.app.startup.this_process import skip_qt_destructors

        skip_qt_destructors(code)


def _last_appearance(state: dict[str, Any]) -> PortalAppearance:
    """Return the appearance that the desktop portal reported in the previous run.

    The portal answers after the first paint, which would otherwise be light on a dark desktop.
    """
    return PortalAppearance(is_dark=state.get("is_dark"), has_high_contrast=state.get("is_strong"))


def _text_file() -> Path:
    """Return the file of what is typed before there is a session."""
    return folders().data / "typed.txt"


def _build_window(theme: ThemeWatcher) -> MainWindow:
    prompt = PromptEditor()
    prompt.set_refusal(tr(STARTING))  # until a conversation is open
    window = MainWindow(theme, prompt)
    window.prompt.focus_text()  # otherwise Qt focuses the first field, which is announced
    return window
