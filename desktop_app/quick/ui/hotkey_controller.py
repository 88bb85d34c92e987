"""The grab of the global shortcut while the program runs.

If none is available, a shortcut is created in the desktop's settings after confirmation.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from desktop_app.app.session import Session
from desktop_app.desktop_session.hotkey.hotkey_status import (
    HOTKEY_COMMAND,
    OPEN_COMMAND,
    STATUS_TEXTS,
    HotkeyError,
    HotkeyReport,
    HotkeyStatus,
    is_x11,
)
from desktop_app.desktop_session.portal.portal_shortcut import PortalShortcut
from desktop_app.i18n.translation import tr
from desktop_app.quick.desktop_binding import binding_desktop, create_binding, remove_binding
from desktop_app.shortcuts.keymap import Keymap
from desktop_app.widgets.boxes import column_of
from desktop_app.widgets.forms.form_dialog import ask
from desktop_app.widgets.look.shortcut_text import shortcut_text
from desktop_app.widgets.text.foreign_text import PlainButton, one_line

if TYPE_CHECKING:
    from desktop_app.desktop_session.hotkey.x11_keys import X11Hotkey
    from desktop_app.desktop_session.session_bus import SessionBus
    from desktop_app.settings.ui.shortcuts_tab import ShortcutsTab


_HOLD_MS: Final = 350
_SETTLED_MS: Final = 100
"""After a release, by when the press of a repetition has arrived."""


class HotkeyController(QObject):
    """Grabber of the global shortcut's keys, which open the quick prompt.

    It reports after each change whether the keys work.
    """

    def __init__(self, session: Session, bus: SessionBus) -> None:
        super().__init__(session.window)
        self._session = session
        self._tasks = session.tasks

        def on_portal_lost() -> None:
            self._tasks.start(self._portal.close())
            self._session.events.hotkey_reported.emit(
                HotkeyReport(self._keys or "", HotkeyStatus.UNAVAILABLE)
            )

        scope = session.backend.folders.scope
        self._portal = PortalShortcut(
            bus, scope, self._on_portal_press, self._on_portal_release, on_portal_lost
        )
        self._is_paused = False
        self._keys: str | None = None  # None before the first `bind`
        self._portal_request: asyncio.Task[str] | None = None
        self._x11: X11Hotkey | None = None
        self._change_lock = asyncio.Lock()
        self._is_down = self._is_held = False
        self._hold = QTimer(self, singleShot=True, interval=_HOLD_MS)
        self._hold.timeout.connect(self._on_hold)
        self._settled = QTimer(self, singleShot=True, interval=_SETTLED_MS)
        self._settled.timeout.connect(self._on_released)
        session.events.keys_changed.connect(self.bind)
        session.events.hotkey_pause_requested.connect(self.pause)
        session.events.hotkey_toggled.connect(self.toggle_pause)
        session.events.hotkey_reported.connect(self._show_report)
        session.end_steps.append(self.close)
        self.bind(Keymap.from_settings(session.values.all))

    def _show_report(self, report: HotkeyReport) -> None:
        """Show on the page of shortcuts whether the keys work."""
        shortcuts = self._session.window.settings.pages.by_name["keys"]
        shortcuts.set_content("hotkey", lambda page: self._show_on(page, report))

    def _show_on(self, page: ShortcutsTab, report: HotkeyReport) -> None:
        keys = one_line(report.trigger) or shortcut_text(report.keys)
        text = tr(STATUS_TEXTS[report.status], keys=keys, command=OPEN_COMMAND)
        fault_statuses = (HotkeyStatus.TAKEN, HotkeyStatus.UNAVAILABLE, HotkeyStatus.UNKNOWN_KEYS)
        page.set_status(
            HOTKEY_COMMAND, text, "warning" if report.status in fault_statuses else "note"
        )
        remedy = page.findChild(HotkeyRemedy)
        if remedy is None:
            remedy = HotkeyRemedy(self._session)
            page.add_below(HOTKEY_COMMAND, remedy)
        remedy.show_report(report)

    def bind(self, keymap: Keymap) -> None:
        """Grab the global shortcut of `keymap`, unless it is paused."""
        keys = keymap.shortcut_of(HOTKEY_COMMAND)
        if keys != self._keys:
            self._keys = keys
            self._grab_again()

    def pause(self, paused: bool) -> None:
        """Pause or resume the global shortcut."""
        if paused != self._is_paused:
            self._is_paused = paused
            self._grab_again()

    def toggle_pause(self) -> None:
        """Pause or resume the global shortcut, and notify of it."""
        self.pause(not self._is_paused)
        is_paused = self._is_paused
        message = tr("Global shortcut paused") if is_paused else tr("Global shortcut resumed")
        self._session.window.notifications.notify(message)

    def _grab_again(self) -> None:
        self._cancel_portal_request()
        self._tasks.start(self._apply_keys())

    def _on_pressed(self) -> None:
        self._session.events.quick_requested.emit("")

    async def close(self) -> None:
        """Release the keys."""
        self._keys = ""
        self._cancel_portal_request()
        async with self._change_lock:
            await self._release()

    def _cancel_portal_request(self) -> None:
        if self._portal_request is not None:
            self._portal_request.cancel()

    async def _apply_keys(self) -> None:
        """Release the former keys, grab the current ones unless paused, and report the result."""
        async with self._change_lock:
            keys = self._keys or ""
            await self._release()
            if self._is_paused and keys:
                self._session.events.hotkey_reported.emit(HotkeyReport(keys, HotkeyStatus.PAUSED))
                return
            try:
                report = await self._grab(keys)
            except HotkeyError as error:
                desktop = await asyncio.to_thread(binding_desktop, os.environ)  # reads the PATH
                name = "" if desktop is None else desktop.value
                report = HotkeyReport(keys, error.status, desktop=name)
            if keys == self._keys:  # otherwise a later change waits for the lock, and reports
                self._session.events.hotkey_reported.emit(report)

    async def _grab(self, keys: str) -> HotkeyReport:
        if not keys:
            return HotkeyReport(keys, HotkeyStatus.OFF)
        if QGuiApplication.platformName() == "xcb" and is_x11(os.environ):
            self._x11 = await asyncio.to_thread(_grab_on_x11, keys)
            asyncio.get_running_loop().add_reader(self._x11.fileno(), self._read_presses)
            # Xlib may have read presses with the grab's replies; no signal follows for them.
            asyncio.get_running_loop().call_soon(self._read_presses)
            return HotkeyReport(keys, HotkeyStatus.WORKS)
        # The user may take minutes to answer the desktop's question.
        binding = self._portal.bind(keys, tr("Open the quick prompt"))
        self._portal_request = asyncio.get_running_loop().create_task(binding)
        try:
            trigger = str(await self._portal_request)
        except asyncio.CancelledError:
            if self._keys == keys:  # this task itself was canceled
                raise
            return HotkeyReport(keys, HotkeyStatus.OFF)
        finally:
            self._portal_request = None
        return HotkeyReport(keys, HotkeyStatus.WORKS, trigger)

    async def _release(self) -> None:
        await self._portal.close()
        if self._x11 is not None:
            await asyncio.to_thread(self._detach_x11(self._x11).close)

    def _detach_x11(self, x11: X11Hotkey) -> X11Hotkey:
        """Stop reading presses, so that the caller can close `x11`."""
        self._x11 = None
        asyncio.get_running_loop().remove_reader(x11.fileno())
        return x11

    def _read_presses(self) -> None:
        if self._x11 is None:
            return
        try:
            press_count = self._x11.count_presses()
        except HotkeyError as error:
            self._tasks.start(asyncio.to_thread(self._detach_x11(self._x11).close))
            self._session.events.hotkey_reported.emit(HotkeyReport(self._keys or "", error.status))
            return
        self._is_down = self._x11.is_down
        if press_count:
            self._press()
        if self._is_down:
            self._settled.stop()
        else:
            self._settled.start()

    def _on_portal_press(self) -> None:
        self._is_down = True
        if self._is_held:  # this portal tells of no release
            self._on_released()
        else:
            self._press()

    def _on_portal_release(self) -> None:
        self._is_down = False
        self._on_released()

    def _press(self) -> None:
        if self._session.values.all.get("voice.anywhere"):
            self._is_held = False
            self._hold.start()
        else:
            self._on_pressed()

    def _on_hold(self) -> None:
        if self._is_down:
            self._is_held = True
            self._session.events.hotkey_held.emit(True)

    def _on_released(self) -> None:
        if self._hold.isActive():  # a short press
            self._hold.stop()
            self._on_pressed()
        elif self._is_held:
            self._is_held = False
            self._session.events.hotkey_held.emit(False)


class HotkeyRemedy(QWidget):
    """Buttons for the desktop's settings, which can bind keys to a shell command."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._keys = ""
        copy_button = PlainButton(tr("Copy command"), name="copy-quick-command", role="link")
        copy_button.clicked.connect(lambda: QGuiApplication.clipboard().setText(OPEN_COMMAND))
        self._bind_button = PlainButton(name="bind-quick-command", role="link")
        self._bind_button.clicked.connect(lambda: offer_binding(session, self._keys))
        leading = Qt.AlignmentFlag.AlignLeading
        rows = ((copy_button, leading), (self._bind_button, leading))
        column_of(*rows, parent=self, margins=0, spacing=0)

    def show_report(self, report: HotkeyReport) -> None:
        """Offer the remedies if the desktop grants no global shortcut."""
        self._keys = report.keys
        self._bind_button.setText(tr("Create in {desktop}…", desktop=report.desktop))
        self._bind_button.setVisible(bool(report.desktop))
        self.setVisible(report.status is HotkeyStatus.UNAVAILABLE)


def _grab_on_x11(keys: str) -> X11Hotkey:
    from desktop_app.desktop_session.hotkey.x11_keys import (
        X11Hotkey,  # takes 40 ms, here in a thread
    )

    return X11Hotkey(keys)


def offer_binding(session: Session, keys: str) -> None:
    """Ask, then create a shortcut of the desktop with `keys`, which are in Qt's portable text.

    Do nothing if `keys` is "", or if shortcuts of the desktop cannot be set.
    """
    desktop = binding_desktop(os.environ)
    if desktop is None or not keys:
        return
    start, notify = session.tasks.start, session.window.notifications.notify

    async def bind() -> None:
        await asyncio.to_thread(create_binding, desktop, keys)
        undo = (tr("Undo"), lambda: start(unbind()))
        notify(tr("The shortcut was created."), [undo], stays=True)

    async def unbind() -> None:
        await asyncio.to_thread(remove_binding, desktop, keys)
        notify(tr("The shortcut was removed."))

    ask(
        session.window,
        "confirm-binding",
        tr("Create a shortcut in the settings of {desktop}?", desktop=desktop.value),
        tr("{keys} will run “{command}”.", keys=shortcut_text(keys), command=OPEN_COMMAND),
        label=tr("Create"),
        on_accepted=lambda: start(bind()),
        is_destructive=False,
    )
