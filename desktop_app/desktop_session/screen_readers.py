"""The programs that read the screen, as the registry of AT-SPI knows them."""

from __future__ import annotations

from typing import Final

from desktop_app.desktop_session.session_bus import BusError, BusObject, SessionBus

_LAUNCHER: Final = BusObject("org.a11y.Bus", "/org/a11y/bus", "org.a11y.Bus")
_REGISTRY: Final = BusObject(
    "org.a11y.atspi.Registry", "/org/a11y/atspi/registry", "org.a11y.atspi.Registry"
)
_SHOWN: Final = "Object:StateChanged:Showing"
_ANNOUNCED: Final = "Object:Announcement:"


async def lack_announcements(session_bus: SessionBus) -> bool:
    """Return True if a reader hears of notifications that are shown, but of no announcements.

    Asked anew each time: a reader may start, end, or be replaced.
    """
    accessibility_bus = SessionBus()
    try:
        (address,) = await session_bus.call(_LAUNCHER, "GetAddress")
        accessibility_bus = SessionBus(address)
        await accessibility_bus.connect()
        (events,) = await accessibility_bus.call(_REGISTRY, "GetRegisteredEvents")
    except BusError:
        return False
    finally:
        await accessibility_bus.aclose()
    hears_notifications = {reader for reader, event in events if event == _SHOWN}
    return bool(hears_notifications - {reader for reader, event in events if event == _ANNOUNCED})
