"""Reports that the computer sleeps or wakes, by systemd-logind or elogind on the system's bus.

https://www.freedesktop.org/software/systemd/man/latest/org.freedesktop.login1.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from desktop_app.session.session_bus import BusError, BusObject, SessionBus

if TYPE_CHECKING:
    from desktop_app.session.session_bus import Body

MANAGER: Final = BusObject(
    "org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager"
)


class SleepWatch:
    """Watcher of sleep and waking, until `aclose`. Without a system bus, it reports nothing.

    Args:
        on_sleep: called when the computer is about to sleep.
        on_wake: called when it has woken.
    """

    def __init__(self, on_sleep: Callable[[], None], on_wake: Callable[[], None]) -> None:
        self._bus = SessionBus("SYSTEM")
        self._on_sleep = on_sleep
        self._on_wake = on_wake

    async def watch(self) -> None:
        """Connect to the bus, and listen."""
        try:
            await self._bus.connect()
            await self._bus.listen(MANAGER, "PrepareForSleep", self._on_signal)
        except BusError:
            return

    async def aclose(self) -> None:
        """Leave the bus."""
        await self._bus.aclose()

    def _on_signal(self, body: Body) -> None:
        match body:
            case (True,):
                self._on_sleep()
            case (False,):
                self._on_wake()
