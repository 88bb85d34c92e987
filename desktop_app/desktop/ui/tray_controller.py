"""The icon in the tray and its menu."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QAbstractItemModel, QObject, QTimer, Signal

from desktop_app.desktop.desktop_watch import TrayHost
from desktop_app.desktop.session_bus import BusError, SessionBus
from desktop_app.i18n.translation import tr
from desktop_app.widgets.look.icons import program_icon
from desktop_app.widgets.program_menu import mark_menu
from desktop_app.widgets.text.foreign_text import menu_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QAction
    from PySide6.QtWidgets import QMenu, QSystemTrayIcon, QWidget

    from desktop_app.app.tasks import Tasks
    from desktop_app.chat.conversation_store import ConversationStore
    from desktop_app.quick.hotkey.hotkey_status import HotkeyReport

RECENT_COUNT: Final = 5
_REFRESH_MS: Final = 500
"""The delay after a change of the list: the change is stored by then, a burst is read once."""


class TrayController(QObject):
    """Icon in the tray, shown while the desktop has a tray.

    Qt looks for a tray once, with the first icon. At login the program may start before the tray,
    so the icon is created once there is a tray.

    Args:
        is_always_there: the system always has a tray, so none is watched over the bus.

    Signals:
        shown_changed(bool): the tray shows the icon, or no longer does.
        window_requested(), quick_requested(), new_requested(), quit_requested(): from the menu.
        conversation_requested(str): the id of a recent conversation.
        pause_requested(bool): whether the global shortcut is to pause.
    """

    shown_changed = Signal(bool)
    window_requested = Signal()
    quick_requested = Signal()
    new_requested = Signal()
    quit_requested = Signal()
    conversation_requested = Signal(str)
    pause_requested = Signal(bool)

    def __init__(
        self,
        window: QWidget,
        conversations: ConversationStore,
        *,
        bus: SessionBus,
        tasks: Tasks,
        is_always_there: bool = sys.platform == "win32",
    ) -> None:
        super().__init__(window)
        self._window = window
        self._conversations = conversations
        self._tasks = tasks
        self._is_always_there = is_always_there
        self._host = TrayHost(bus, self._on_host_changed, tasks.start)
        self._icon: QSystemTrayIcon | None = None
        self._recent_actions: list[QAction] = []
        self._listed_recent: list[tuple[str, str]] = []
        self._refresh_timer = QTimer(self, singleShot=True, interval=_REFRESH_MS)
        self._refresh_timer.timeout.connect(tasks.slot(self.refresh))
        self._menu: QMenu
        self._recent_end: QAction
        self._pause_action: QAction
        self._hotkey: HotkeyReport | None = None

    def follow(self, list_model: QAbstractItemModel) -> None:
        """List recent conversations again after each change of the conversation list.

        The menu must be complete before it opens: Xfce's panel measures it first, and learns of
        entries added in `aboutToShow` too late.
        """
        for signal in (
            list_model.modelReset,
            list_model.rowsInserted,
            list_model.rowsRemoved,
            list_model.dataChanged,
        ):
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
            await self._host.watch()
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
        from desktop_app.quick.hotkey.hotkey_status import HotkeyStatus  # not needed at the start

        status = HotkeyStatus.OFF if self._hotkey is None else self._hotkey.status
        self._pause_action.setVisible(status in (HotkeyStatus.WORKS, HotkeyStatus.PAUSED))
        self._pause_action.setChecked(status is HotkeyStatus.PAUSED)

    def _on_host_changed(self, has_tray: bool) -> None:
        if has_tray and self._icon is None:
            self._build()
        elif self._icon is not None:
            self._icon.setVisible(has_tray)
        self.shown_changed.emit(has_tray)

    def make_menu(self) -> QMenu:
        """Return the menu, without recent conversations until `refresh`."""
        from desktop_app.widgets.program_menu import ProgramMenu  # not needed at the start

        menu = self._menu = ProgramMenu(self._window)
        menu.setObjectName("tray-menu")
        self._recent_actions = []
        self._listed_recent = []
        menu.addAction(tr("Open Repartee")).triggered.connect(self.window_requested)
        menu.addAction(tr("Quick prompt")).triggered.connect(self.quick_requested)
        menu.addAction(tr("New conversation")).triggered.connect(self.new_requested)
        menu.addSeparator()
        self._recent_end = menu.addSeparator()
        self._pause_action = menu.addAction(tr("Pause global shortcut"))
        self._pause_action.setCheckable(True)
        self._pause_action.triggered.connect(self.pause_requested)
        menu.addAction(tr("Quit")).triggered.connect(self.quit_requested)
        menu.aboutToShow.connect(lambda: self._tasks.start(self.refresh()))
        return menu

    def _build(self) -> None:
        from PySide6.QtWidgets import QSystemTrayIcon  # not needed at the start

        icon = self._icon = QSystemTrayIcon(program_icon(), self)
        icon.setToolTip("Repartee")
        icon.setContextMenu(self.make_menu())
        self._show_hotkey()
        icon.activated.connect(self._on_activated)
        icon.show()
        self._tasks.start(self.refresh())

    def _on_activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason is not reason.Context:
            self.window_requested.emit()

    async def refresh(self) -> None:
        """List the newest conversations."""
        conversations = await self._conversations.recent(RECENT_COUNT)
        recent = [(each.id, each.title) for each in conversations]
        if recent != self._listed_recent:  # keep equal rows: a click may be on its way to one
            self._listed_recent = recent
            self._show_recent(recent)

    def _show_recent(self, recent: Sequence[tuple[str, str]]) -> None:
        for old_action in self._recent_actions:
            self._menu.removeAction(old_action)
            old_action.deleteLater()
        self._recent_actions = []
        for conversation_id, title in recent:
            action = self._make_action(conversation_id, title)
            self._menu.insertAction(self._recent_end, action)
            self._recent_actions.append(action)
        mark_menu(self._menu)  # a panel may show these entries without a new `aboutToShow`

    def _make_action(self, conversation_id: str, title: str) -> QAction:
        from PySide6.QtGui import QAction

        action = QAction(menu_text(title or tr("New conversation")), self._menu)
        action.triggered.connect(partial(self.conversation_requested.emit, conversation_id))
        return action
