"""The composition of the parts that talk to the desktop; it is imported after the start.

They are the global shortcut, the tray, notifications, sleep, start at login, the appearance, and
dialogs for files.
"""

from __future__ import annotations

import asyncio
import os
from functools import partial

from PySide6.QtGui import QGuiApplication

from desktop_app.app.closing_controller import ClosingController
from desktop_app.app.navigator import Navigator
from desktop_app.app.provider_list import SettingValues
from desktop_app.app.session import Session
from desktop_app.desktop.core import START_AT_LOGIN
from desktop_app.desktop.ui.answer_notifier import AnswerNotifier
from desktop_app.desktop.ui.portal_file_dialogs import PortalFileDialogs
from desktop_app.desktop.ui.tray_controller import TrayController
from desktop_app.desktop_session.desktop_watch import watch_appearance, watch_sleep
from desktop_app.desktop_session.login_start import (
    ask_portal,
    is_sandboxed,
    login_start_error,
    set_start_at_login,
    starts_at_login,
)
from desktop_app.desktop_session.session_bus import BusError, SessionBus
from desktop_app.domain.errors import StorageError
from desktop_app.i18n.translation import tr
from desktop_app.library.ui.conversation_list import ConversationList
from desktop_app.settings.ui.settings_controller import SettingsController
from desktop_app.tools.ui.consent_card import ConsentController
from desktop_app.widgets.look.icons import program_icon
from desktop_app.widgets.look.theme_watcher import ThemeWatcher


class LoginStartSetting:
    """Synchronization of the setting with the desktop's entry, in both directions."""

    def __init__(self, *, bus: SessionBus, values: SettingValues, scope: str) -> None:
        self._bus = bus
        self._values = values
        self._scope = scope
        self._lock = asyncio.Lock()  # the last change must be the last that is written

    async def reconcile(self) -> None:
        """Set the setting to the state of the desktop's entry, which the user may have changed."""
        if is_sandboxed():  # the portal can change the entry, but not report it
            return
        async with self._lock:
            is_enabled = await asyncio.to_thread(starts_at_login, self._scope, os.environ)
            if is_enabled != self._values[START_AT_LOGIN]:
                await self._values.set(START_AT_LOGIN, is_enabled)

    async def apply(self) -> None:
        """Write the desktop's entry as the setting says.

        Raises:
            StorageError: the entry cannot be written; the setting is as before.
        """
        async with self._lock:
            should_start = bool(self._values[START_AT_LOGIN])
            try:
                if is_sandboxed():
                    reason = tr("Keep the quick prompt at hand")
                    if await ask_portal(self._bus, reason, wanted=should_start) != should_start:
                        raise login_start_error("refused")
                else:
                    write = partial(set_start_at_login, self._scope, os.environ)
                    await asyncio.to_thread(write, wanted=should_start)
            except (BusError, StorageError) as error:
                await self._values.set(START_AT_LOGIN, not should_start)
                if isinstance(error, BusError):
                    raise login_start_error(str(error)) from error
                raise


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
