"""Watches whether the desktop has a tray: a host of StatusNotifierItems.

https://www.freedesktop.org/wiki/Specifications/StatusNotifierItem/
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from desktop_app.session.session_bus import DAEMON, BusError, BusObject

if TYPE_CHECKING:
    from desktop_app.session.session_bus import Body, SessionBus

WATCHER: Final = BusObject(
    "org.kde.StatusNotifierWatcher", "/StatusNotifierWatcher", "org.kde.StatusNotifierWatcher"
)


class TrayHost:
    """Watcher for a tray, which may start after the program and end before it.

    Args:
        on_change: called with True once there is a tray, and with False when it has gone.
        start: starts a coroutine as a task.
    """

    def __init__(
        self,
        bus: SessionBus,
        on_change: Callable[[bool], None],
        start: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self._bus = bus
        self._on_change = on_change
        self._start = start
        self._is_present = False

    async def watch(self) -> None:
        """Report a tray that is present, and every change.

        Raises:
            BusError: the bus cannot be used.
        """
        await self._bus.listen(DAEMON, "NameOwnerChanged", self._on_owner_change)
        await self._bus.listen(WATCHER, "StatusNotifierHostRegistered", self._on_registered)
        await self._check_host()

    async def _check_host(self) -> None:
        with suppress(BusError):  # there is no StatusNotifierWatcher yet
            if await self._bus.read_property(WATCHER, "IsStatusNotifierHostRegistered"):
                self._set_presence(True)

    def _on_owner_change(self, body: Body) -> None:
        match body:
            case (WATCHER.service, _, owner):
                self._set_presence(False)
                if owner:  # Xfce's panel has its tray from the start, and sends no signal
                    self._start(self._check_host())

    def _on_registered(self, _body: Body) -> None:
        self._set_presence(True)

    def _set_presence(self, is_present: bool) -> None:
        if is_present != self._is_present:
            self._is_present = is_present
            self._on_change(is_present)
