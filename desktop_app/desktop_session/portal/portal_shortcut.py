"""The global shortcut through the portal, by which Wayland desktops grant one.

The desktop asks the user, who may choose other keys, and remembers the answer.
https://flatpak.github.io/xdg-desktop-portal/docs/doc-org.freedesktop.portal.GlobalShortcuts.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from desktop_app.desktop_session.application_object import bus_name
from desktop_app.desktop_session.hotkey.hotkey_status import (
    HOTKEY_COMMAND,
    HotkeyError,
    HotkeyReport,
    HotkeyStatus,
)
from desktop_app.desktop_session.hotkey.keysyms import portal_trigger
from desktop_app.desktop_session.portal.portal_requests import Portal, portal_object
from desktop_app.desktop_session.session_bus import DAEMON, Body, BusError, BusObject, SessionBus

INTERFACE: Final = "org.freedesktop.portal.GlobalShortcuts"


def _holder_name(scope: str) -> str:
    """Return the name that the process with the shortcut owns on the bus."""
    return f"{bus_name(scope)}.GlobalShortcut"


class PortalShortcut:
    """A shortcut that the portal reports, until `close`.

    Args:
        on_press, on_release: called when the user presses it, and lets it go.
        on_loss: called when the desktop has ended the shortcut; `close` is still needed.
    """

    def __init__(
        self,
        bus: SessionBus,
        scope: str,
        on_press: Callable[[], None],
        on_release: Callable[[], None],
        on_loss: Callable[[], None],
    ) -> None:
        self._bus = bus
        self._scope = scope
        self._on_press = on_press
        self._on_release = on_release
        self._on_loss = on_loss
        self._portal = Portal(bus)
        self._session: BusObject | None = None
        self._is_listening = False

    async def bind(self, keys: str, description: str) -> str:
        """Ask for the shortcut; return the keys that the desktop chose, in its own words.

        Args:
            keys: the keys to suggest, in Qt's portable text.
            description: a sentence that the desktop shows.

        Raises:
            HotkeyError: there is no portal, or the user refused.
        """
        try:
            if not self._is_listening:
                portal = portal_object(INTERFACE)
                await self._bus.listen(portal, "Activated", self._on_activated)
                await self._bus.listen(portal, "Deactivated", self._on_deactivated)
                self._is_listening = True
            session = await self._portal.begin_session(INTERFACE)
            try:
                await self._bus.listen(session, "Closed", self._on_closed)
            except (BusError, asyncio.CancelledError):
                await self._portal.close(session)
                raise
            self._session = session
            shortcut = {
                "description": ("s", description),
                "preferred_trigger": ("s", portal_trigger(keys)),
            }
            shortcuts = [(HOTKEY_COMMAND, shortcut)]
            results = await self._portal.request(
                INTERFACE, "BindShortcuts", "oa(sa{sv})sa{sv}", session.path, shortcuts, "", {}
            )
            bound = dict(results.get("shortcuts", ("", ()))[1]).get(HOTKEY_COMMAND)
            if bound is None:
                raise BusError("the shortcut was not bound")
            await self._bus.request_name(_holder_name(self._scope))
        except BusError as error:
            await self.close()
            raise HotkeyError(HotkeyStatus.UNAVAILABLE) from error
        return str(bound.get("trigger_description", ("s", ""))[1])

    async def close(self) -> None:
        """Release the shortcut."""
        session = self._session
        self._session = None
        if session is None:
            return
        await self._bus.ignore(session, "Closed", self._on_closed)
        await self._portal.close(session)
        with suppress(BusError):
            await self._bus.call(DAEMON, "ReleaseName", "s", _holder_name(self._scope))

    def _on_activated(self, body: Body) -> None:
        if self._is_own(body):
            self._on_press()

    def _on_deactivated(self, body: Body) -> None:
        if self._is_own(body):
            self._on_release()

    def _is_own(self, body: Body) -> bool:
        path = "" if self._session is None else self._session.path
        return bool(path) and body[:2] == (path, HOTKEY_COMMAND)

    def _on_closed(self, _body: Body) -> None:
        if self._session:
            self._on_loss()


async def check_portal(keys: str, scope: str) -> HotkeyReport:
    """Return the state of the global shortcut on a desktop without X11."""
    bus = SessionBus()
    status = HotkeyStatus.UNAVAILABLE
    try:
        await bus.connect()
        if await bus.has_owner(_holder_name(scope)):
            status = HotkeyStatus.WORKS
        elif await Portal(bus).version(INTERFACE) > 0:
            status = HotkeyStatus.ASKS
    except BusError:
        pass
    finally:
        await bus.aclose()
    return HotkeyReport(keys, status if keys else HotkeyStatus.OFF)
