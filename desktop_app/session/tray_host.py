"""Watches for a tray of the desktop: a host of StatusNotifierItems.

https://www.freedesktop.org/wiki/Specifications/StatusNotifierItem/
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from desktop_app.session.session_bus import DAEMON, BusError, BusObject

if TYPE_CHECKING:
    from desktop_app.session.session_bus import Body, SessionBus

WATCHER: Final = BusObject(
    "org.kde.StatusNotifierWatcher", "/StatusNotifierWatcher", "org.kde.StatusNotifierWatcher"
)


class TrayHost:
    """Watches for a tray, which may start after the program and end before it.

    Args:
        on_change: called with True once there is a tray, and with False when it has gone.
    """

    def __init__(self, bus: SessionBus, on_change: Callable[[bool], None]) -> None:
        self._bus, self._on_change = bus, on_change
        self._is_there = False

    async def watch(self) -> None:
        """Report the present state, and every change.

        Raises:
            BusError: the bus cannot be used.
        """
        await self._bus.listen(DAEMON, "NameOwnerChanged", self._owner_changed)
        await self._bus.listen(WATCHER, "StatusNotifierHostRegistered", self._registered)
        try:
            there = bool(await self._bus.property_of(WATCHER, "IsStatusNotifierHostRegistered"))
        except BusError:  # nobody watches yet
            there = False
        self._set(there)

    def _owner_changed(self, body: Body) -> None:
        name, _, owner = body
        if name == WATCHER.service and not owner:
            self._set(False)

    def _registered(self, _body: Body) -> None:
        self._set(True)

    def _set(self, there: bool) -> None:
        if there != self._is_there:
            self._is_there = there
            self._on_change(there)
