"""The composition of the parts that talk to the desktop; it is imported after the start.

They are the global shortcut, the tray, notifications, sleep, start at login, the appearance, and
dialogs for files.
"""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication

from desktop_app.app.session import Session
from desktop_app.desktop.desktop_watch import watch_appearance, watch_sleep
from desktop_app.desktop.session_bus import SessionBus
from desktop_app.desktop.ui.answer_notifier import AnswerNotifier
from desktop_app.desktop.ui.closing_controller import ClosingController
from desktop_app.desktop.ui.login_start_setting import LoginStartSetting
from desktop_app.desktop.ui.portal_file_dialogs import PortalFileDialogs
from desktop_app.desktop.ui.tray_controller import TrayController
from desktop_app.library.ui.conversation_list import ConversationList
from desktop_app.library.ui.navigator import Navigator
from desktop_app.settings.schema import START_AT_LOGIN
from desktop_app.settings.ui.settings_controller import SettingsController
from desktop_app.tools.ui.consent_card import ConsentController
from desktop_app.widgets.look.icons import program_icon
from desktop_app.widgets.look.theme_watcher import ThemeWatcher


class DesktopControllers:
    """The parts of a window that talk to the desktop."""

    def __init__(self, session: Session, bus: SessionBus) -> None:
        theme = session.of(ThemeWatcher)
        self._window = session.window
        self._session = session
        self._bus = bus
        self._closing = session.of(ClosingController)
        QGuiApplication.setWindowIcon(program_icon())  # task lists on X11 read no desktop entry
        self.tray = TrayController(session, bus)
        for show in (self._closing.set_hotkey, self.tray.set_hotkey):
            session.events.hotkey_reported.connect(show)
        self._make_notifier()
        start = session.tasks.start
        start(self.tray.watch())
        self._file_dialogs = PortalFileDialogs(bus, session.tasks)
        start(self._file_dialogs.start())
        self.system_bus = SessionBus("SYSTEM")
        start(watch_sleep(self.system_bus, session.drafts.save_prompts, self._on_wake))
        start(watch_appearance(bus, theme.set_portal_appearance, theme.set_reduced_motion))
        self._make_login_start()
        session.end_steps += [self.tray.close, self._file_dialogs.close, self.system_bus.aclose]

    # -------------------------------------------------------------- notifications

    def _make_notifier(self) -> None:
        session, current = self._session, self._session.current
        notifier = self.notifier = AnswerNotifier(session, self._bus)
        session.of(ConsentController).question_opened.connect(self._on_consent_question)
        current.opened.connect(lambda: notifier.forget(current.id))

    def _on_consent_question(self, conversation_id: str) -> None:
        """Show the conversation if the window was hidden to finish; notify otherwise."""
        if self._closing.is_finishing:
            self._session.of(Navigator).open_in_front(conversation_id)
        else:
            self.notifier.notify_waiting_tool(conversation_id)

    # -------------------------------------------------------------- sleep, login

    def _on_wake(self) -> None:
        """Run at once the work of timers, which stood still during sleep."""
        self._session.events.woke.emit()
        self._session.of(ConversationList).day_change.report()

    def _make_login_start(self) -> None:
        session, tasks = self._session, self._session.tasks
        scope = session.backend.folders.scope
        login_start = LoginStartSetting(bus=self._bus, values=session.values, scope=scope)

        def on_stored(key: str) -> None:
            if key == START_AT_LOGIN:
                tasks.start(login_start.apply())

        self._session.of(SettingsController).setting_stored.connect(on_stored)
        tasks.start(login_start.reconcile())
