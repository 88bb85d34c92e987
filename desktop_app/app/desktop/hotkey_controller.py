"""Holds the global shortcut while the program runs."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication

from desktop_app.hotkey.hotkey_check import is_x11
from desktop_app.hotkey.hotkey_status import HotkeyError, HotkeyReport, HotkeyStatus

if TYPE_CHECKING:
    from desktop_app.app.tasks import Tasks
    from desktop_app.hotkey.x11_hotkey import X11Hotkey


class HotkeyController(QObject):
    """Grabs the keys of the global shortcut and reports when they are pressed.

    Signals:
        pressed(): the user pressed the global shortcut.
        reported(HotkeyReport): whether the keys work, after each change.
    """

    pressed = Signal()
    reported = Signal(object)

    def __init__(self, parent: QObject, *, tasks: Tasks) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._keys: str | None = None
        self._held: X11Hotkey | None = None
        self._changing = asyncio.Lock()

    def hold(self, keys: str) -> None:
        """Grab other keys, in Qt's portable text; "" for none."""
        if keys != self._keys:
            self._keys = keys
            self._tasks.start(self._change())

    async def close(self) -> None:
        """Give the keys back."""
        self._keys = ""
        async with self._changing:
            await self._release()

    async def _change(self) -> None:
        async with self._changing:
            keys = self._keys or ""
            await self._release()
            status = HotkeyStatus.OFF if not keys else await self._grab(keys)
            if keys == self._keys:
                self.reported.emit(HotkeyReport(keys, status))

    async def _grab(self, keys: str) -> HotkeyStatus:
        if QGuiApplication.platformName() != "xcb" or not is_x11(os.environ):
            return HotkeyStatus.UNAVAILABLE
        try:
            self._held = await asyncio.to_thread(_grabbed, keys)
        except HotkeyError as error:
            return error.status
        asyncio.get_running_loop().add_reader(self._held.fileno(), self._read)
        return HotkeyStatus.WORKS

    async def _release(self) -> None:
        if self._held is not None:
            held, self._held = self._held, None
            asyncio.get_running_loop().remove_reader(held.fileno())
            await asyncio.to_thread(held.close)

    def _read(self) -> None:
        if self._held is None:
            return
        try:
            count = self._held.presses()
        except HotkeyError as error:
            self._tasks.start(self._lose(error.status))
            return
        if count:
            self.pressed.emit()

    async def _lose(self, status: HotkeyStatus) -> None:
        async with self._changing:
            await self._release()
        self.reported.emit(HotkeyReport(self._keys or "", status))


def _grabbed(keys: str) -> X11Hotkey:
    from desktop_app.hotkey.x11_hotkey import X11Hotkey  # 40 ms, in the thread

    return X11Hotkey(keys)
