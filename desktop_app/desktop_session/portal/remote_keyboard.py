"""Types into the focused window on Wayland, if the portal RemoteDesktop grants a keyboard.

The desktop asks the user once, and issues a token by which it remembers the answer.
https://flatpak.github.io/xdg-desktop-portal/docs/doc-org.freedesktop.portal.RemoteDesktop.html
"""

from __future__ import annotations

from typing import Any, Final

from desktop_app.desktop_session.portal.portal_requests import Portal, portal_object
from desktop_app.desktop_session.session_bus import BusError, BusObject, SessionBus

INTERFACE: Final = "org.freedesktop.portal.RemoteDesktop"
_VERSION_WITH_TOKENS: Final = 2  # earlier versions ask the user each time
# A bit of the portal's device types, and a value of its persist modes.
_KEYBOARD: Final = 1
_PERSIST_UNTIL_REVOKED: Final = 2
_CONTROL_KEY, _V_KEY = 0xFFE3, 0x76  # keysyms


class RemoteKeyboard:
    """A virtual keyboard, granted by the desktop from `open` until `close`."""

    def __init__(self, bus: SessionBus) -> None:
        self._bus = bus
        self._portal = Portal(bus)
        self._session: BusObject | None = None

    async def is_offered(self) -> bool:
        """Return True if the desktop can grant a keyboard and remember the user's permission."""
        if await self._portal.version(INTERFACE) < _VERSION_WITH_TOKENS:
            return False
        try:
            kinds = await self._bus.read_property(portal_object(INTERFACE), "AvailableDeviceTypes")
        except BusError:
            return False
        return isinstance(kinds, int) and bool(kinds & _KEYBOARD)

    async def open(self, token: str) -> str:
        """Ask for the keyboard; return the token for the next time, "" for none.

        Args:
            token: the one that the previous call returned, valid once; "" for none.

        Raises:
            PortalRefusedError: the user or the desktop refused.
            BusError: the portal has gone, or granted no keyboard.
        """
        request = self._portal.request
        options: dict[str, tuple[str, Any]] = {
            "types": ("u", _KEYBOARD),
            "persist_mode": ("u", _PERSIST_UNTIL_REVOKED),
        }
        if token:
            options["restore_token"] = ("s", token)
        try:
            self._session = session = await self._portal.begin_session(INTERFACE)
            await request(INTERFACE, "SelectDevices", "oa{sv}", session.path, options)
            results = await request(INTERFACE, "Start", "osa{sv}", session.path, "", {})
            if not results.get("devices", ("u", 0))[1] & _KEYBOARD:
                raise BusError("the keyboard was not granted")
        except BusError:
            await self.close()
            raise
        return str(results.get("restore_token", ("s", ""))[1])

    async def type_paste(self) -> None:
        """Type Ctrl+V.

        Raises:
            BusError: the portal has gone, or revoked the keyboard.
        """
        if self._session is None:
            raise BusError("the keyboard was released")
        keyboard, path = portal_object(INTERFACE), self._session.path
        for key, is_pressed in ((_CONTROL_KEY, 1), (_V_KEY, 1), (_V_KEY, 0), (_CONTROL_KEY, 0)):
            method, signature = "NotifyKeyboardKeysym", "oa{sv}iu"
            await self._bus.call(keyboard, method, signature, path, {}, key, is_pressed)

    async def close(self) -> None:
        """Release the keyboard and its keys."""
        session = self._session
        self._session = None
        if session is not None:
            await self._portal.close(session)
