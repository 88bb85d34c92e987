"""Creates a shortcut in the desktop's settings after confirmation, and removes it on Undo."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from desktop_app.hotkey.hotkey_status import OPEN_COMMAND
from desktop_app.i18n.translation import tr
from desktop_app.session.desktop_binding import (
    BindingDesktop,
    binding_desktop,
    create_binding,
    remove_binding,
)
from desktop_app.ui.look.shortcut_text import shortcut_text
from desktop_app.ui.widgets.forms.question import ask

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from desktop_app.app.tasks import Tasks
    from desktop_app.ui.window.cards.notifications import Notifications


class BindingController(QObject):
    """Offer of a shortcut in the desktop's settings if no global shortcut is available."""

    def __init__(self, window: QWidget, *, notifications: Notifications, tasks: Tasks) -> None:
        super().__init__(window)
        self._window = window
        self._notifications = notifications
        self._tasks = tasks

    def offer(self, keys: str) -> None:
        """Ask, then create a shortcut with `keys`, which are in Qt's portable text.

        Do nothing if `keys` is "", or if shortcuts of the desktop cannot be set.
        """
        desktop = binding_desktop(os.environ)
        if desktop is not None and keys:
            self._ask(desktop, keys)

    def _ask(self, desktop: BindingDesktop, keys: str) -> None:
        ask(
            self._window,
            "confirm-binding",
            tr("Create a shortcut in the settings of {desktop}?", desktop=desktop.value),
            tr("{keys} will run “{command}”.", keys=shortcut_text(keys), command=OPEN_COMMAND),
            label=tr("Create"),
            on_accepted=lambda: self._tasks.start(self._bind(desktop, keys)),
            is_destructive=False,
        )

    async def _bind(self, desktop: BindingDesktop, keys: str) -> None:
        await asyncio.to_thread(create_binding, desktop, keys)
        undo = (tr("Undo"), lambda: self._tasks.start(self._unbind(desktop, keys)))
        self._notifications.notify(tr("The shortcut was created."), [undo], stays=True)

    async def _unbind(self, desktop: BindingDesktop, keys: str) -> None:
        await asyncio.to_thread(remove_binding, desktop, keys)
        self._notifications.notify(tr("The shortcut was removed."))
