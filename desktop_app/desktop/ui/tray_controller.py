"""The icon in the tray and its menu."""

from __future__ import annotations

import sys
from functools import partial
from typing import Final

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from desktop_app.app.closing_controller import ClosingController
from desktop_app.app.navigator import Navigator
from desktop_app.app.session import Session
from desktop_app.desktop_session.desktop_watch import watch_tray
from desktop_app.desktop_session.hotkey.hotkey_status import HotkeyReport, HotkeyStatus
from desktop_app.desktop_session.session_bus import BusError, SessionBus
from desktop_app.i18n.translation import tr
from desktop_app.library.ui.conversation_list import ConversationList
from desktop_app.widgets.look.icons import program_icon
from desktop_app.widgets.text.foreign_text import menu_text

RECENT_COUNT: Final = 5
_REFRESH_MS: Final = 500
"""The delay after a change of the list: the change is stored by then, a burst is read once."""


class TrayController(QObject):
    """Icon in the tray, shown while the desktop has a tray.

    Qt looks for a tray once, with the first icon. At login the program may start before the tray,
    so the icon is created once there is a tray. The menu must be complete before it opens: Xfce's
    panel measures it first, and learns of entries added in `aboutToShow` too late.

    Args:
        is_always_there: the system always has a tray, so none is watched over the bus.
    """

    def __init__(
        self, session: Session, bus: SessionBus, *, is_always_there: bool = sys.platform == "win32"
    ) -> None:
        super().__init__(session.window)
        self._session = session
        self._tasks = session.tasks
        self._is_always_there = is_always_there
        self._bus = bus
        self._icon: QSystemTrayIcon | None = None
        self._recent_actions: list[QAction] = []
        self._listed_recent: list[tuple[str, str]] = []
        self._refresh_timer = QTimer(self, singleShot=True, interval=_REFRESH_MS)
        self._refresh_timer.timeout.connect(self._tasks.slot(self.refresh))
        self._menu: QMenu
        self._recent_end: QAction
        self._pause_action: QAction
        self._hotkey: HotkeyReport | None = None
        rows = session.of(ConversationList).model
        for signal in (rows.modelReset, rows.rowsInserted, rows.rowsRemoved, rows.dataChanged):
            signal.connect(self._schedule_refresh)

    def _schedule_refresh(self) -> None:
        if self._icon is not None:
            self._refresh_timer.start()

    async def watch(self) -> None:
        """Show the icon while there is a tray, from now on."""
        if self._is_always_there:
            self._on_host_changed(True)
            return
        try:
            await watch_tray(self._bus, self._on_host_changed, self._tasks.start)
        except BusError:  # no bus, no tray
            return

    def close(self) -> None:
        """Remove the icon."""
        if self._icon is not None:
            self._icon.hide()

    def set_hotkey(self, report: HotkeyReport) -> None:
        """Offer to pause the global shortcut if it works, or show that it is paused."""
        self._hotkey = report
        if self._icon is not None:
            self._show_hotkey()

    def _show_hotkey(self) -> None:
        status = HotkeyStatus.OFF if self._hotkey is None else self._hotkey.status
        self._pause_action.setVisible(status in (HotkeyStatus.WORKS, HotkeyStatus.PAUSED))
        self._pause_action.setChecked(status is HotkeyStatus.PAUSED)

    def _on_host_changed(self, has_tray: bool) -> None:
        if has_tray and self._icon is None:
            icon = self._icon = QSystemTrayIcon(program_icon(), self)
            icon.setToolTip("Repartee")
            icon.setContextMenu(self.make_menu())
            self._show_hotkey()
            icon.activated.connect(
                lambda reason: None if reason is reason.Context else self._session.raise_window()
            )
            icon.show()
            self._tasks.start(self.refresh())
        elif self._icon is not None:
            self._icon.setVisible(has_tray)
        self._session.of(ClosingController).set_tray(has_tray)

    def make_menu(self) -> QMenu:
        """Return the menu, without recent conversations until `refresh`."""
        session, navigator = self._session, self._session.of(Navigator)
        menu = self._menu = QMenu(session.window)
        menu.setObjectName("tray-menu")
        self._recent_actions = []
        self._listed_recent = []
        for label, run in (
            (tr("Open Repartee"), session.raise_window),
            (tr("Quick prompt"), lambda: session.run("quick.open")),
            (tr("New conversation"), navigator.open_new_in_front),
        ):
            menu.addAction(menu_text(label)).triggered.connect(run)
        menu.addSeparator()
        self._recent_end = menu.addSeparator()
        self._pause_action = menu.addAction(tr("Pause global shortcut"))
        self._pause_action.setCheckable(True)
        self._pause_action.triggered.connect(session.events.hotkey_pause_requested)
        menu.addAction(tr("Quit")).triggered.connect(session.of(ClosingController).quit)
        menu.aboutToShow.connect(lambda: self._tasks.start(self.refresh()))
        return menu

    async def refresh(self) -> None:
        """List the newest conversations."""
        conversations = await self._session.backend.conversations.recent(RECENT_COUNT)
        recent = [(each.id, each.title) for each in conversations]
        if recent == self._listed_recent:  # keep equal rows: a click may be on its way to one
            return
        self._listed_recent = recent
        for old_action in self._recent_actions:
            self._menu.removeAction(old_action)
            old_action.deleteLater()
        self._recent_actions = []
        for conversation_id, title in recent:
            action = QAction(_tray_text(title or tr("New conversation")), self._menu)
            open_it = partial(self._session.of(Navigator).open_in_front, conversation_id)
            action.triggered.connect(lambda *_, open_it=open_it: open_it())
            self._menu.insertAction(self._recent_end, action)
            self._recent_actions.append(action)


def _tray_text(title: str) -> str:
    """Return a label that says the title in a tray's menu.

    Over the bus, an underscore marks a mnemonic. What two of them stand for differs between trays
    (Plasma: one; Xfce: a mnemonic; GNOME: one at the first place only), so a letter that looks like
    it stands for it. Qt writes an underscore for the first ampersand and passes all else on
    (`convertMnemonic` in qdbusplatformmenu.cpp).
    """
    label = menu_text(title)
    if sys.platform == "win32":
        return label
    return label.replace("_", "\u02cd").replace("&&", "&").replace("&", "&&", 1)
