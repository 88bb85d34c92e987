"""The composition of the parts that talk to the desktop; it is imported after the start.

They are the global shortcut, the tray, notifications, sleep, start at login, the appearance, and
dialogs for files.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from PySide6.QtGui import QGuiApplication

from desktop_app.app.session import Session
from desktop_app.desktop.desktop_watch import watch_appearance, watch_sleep
from desktop_app.desktop.session_bus import SessionBus
from desktop_app.desktop.ui.answer_notifier import AnswerNotifier
from desktop_app.desktop.ui.login_start_setting import LoginStartSetting
from desktop_app.desktop.ui.portal_file_dialogs import PortalFileDialogs
from desktop_app.desktop.ui.tray_controller import TrayController
from desktop_app.quick.ui.hotkey_controller import HotkeyController
from desktop_app.settings.schema import START_AT_LOGIN
from desktop_app.shortcuts.keymap import Keymap
from desktop_app.widgets.look.icons import program_icon
from desktop_app.widgets.look.theme_watcher import ThemeWatcher


class DesktopControllers:
    """The parts of a window that talk to the desktop."""

    def __init__(self, session: Session, theme: ThemeWatcher, bus: SessionBus) -> None:
        self._window = session.window
        self._session = session
        self._bus = bus
        self._closing = session.closing
        QGuiApplication.setWindowIcon(program_icon())  # task lists on X11 read no desktop entry
        hotkey = self.hotkey = HotkeyController(session, bus)
        shortcuts = session.window.settings.pages.shortcuts
        hotkey.reported.connect(
            lambda report: shortcuts.set_content("hotkey", lambda page: page.set_hotkey(report))
        )
        hotkey.reported.connect(self._closing.set_hotkey)
        self.tray = TrayController(session, bus)
        hotkey.reported.connect(self.tray.set_hotkey)
        self._make_notifier()
        hotkey.bind(Keymap.from_settings(session.values.all))
        start = session.tasks.start
        start(self.tray.watch())
        self._file_dialogs = PortalFileDialogs(bus, session.tasks)
        start(self._file_dialogs.start())
        self.system_bus = SessionBus("SYSTEM")
        start(watch_sleep(self.system_bus, session.drafts.save_prompts, self._on_wake))
        start(watch_appearance(bus, theme.set_portal_appearance, theme.set_reduced_motion))
        self._make_login_start()

    @property
    def shutdown_steps(self) -> tuple[Callable[[], Awaitable[object] | None], ...]:
        """Return the functions to call at the program's end."""
        return (
            self.hotkey.close,
            self.tray.close,
            self._file_dialogs.close,
            self.system_bus.aclose,
        )

    # -------------------------------------------------------------- notifications

    def _make_notifier(self) -> None:
        session, current = self._session, self._session.current
        notifier = session.notifier = self.notifier = AnswerNotifier(session, self._bus)
        session.consent.question_opened.connect(self._on_consent_question)
        current.opened.connect(lambda: notifier.forget(current.id))

    def _on_consent_question(self, conversation_id: str) -> None:
        """Show the conversation if the window was hidden to finish; notify otherwise."""
        if self._closing.is_finishing:
            self.open_conversation(conversation_id)
        else:
            self.notifier.notify_waiting_tool(conversation_id)

    def open_new(self) -> None:
        """Open a new conversation in front."""
        self._session.raise_window()
        self._session.navigator.open_here()

    def open_conversation(self, conversation_id: str, message_id: str = "") -> None:
        """Open a conversation in front, at a message if it has an id."""
        self._session.raise_window()
        navigator = self._session.navigator
        self._session.tasks.start(navigator.open(conversation_id, message_id))

    # -------------------------------------------------------------- sleep, login

    def _on_wake(self) -> None:
        """Run at once the work of timers, which stood still during sleep."""
        session = self._session
        session.tasks.start(session.resume_batches())
        session.backups.check_soon()
        session.server_watch.check_soon()
        self._window.conversations.day_change.report()

    def _make_login_start(self) -> None:
        session, tasks = self._session, self._session.tasks
        scope = session.backend.folders.scope
        login_start = LoginStartSetting(bus=self._bus, values=session.values, scope=scope)

        def on_stored(key: str) -> None:
            if key == START_AT_LOGIN:
                tasks.start(login_start.apply())

        self._session.settings.setting_stored.connect(on_stored)
        tasks.start(login_start.reconcile())
