"""The desktop portal, which answers requests later, by a signal.

https://flatpak.github.io/xdg-desktop-portal/docs/requests.html
"""

from __future__ import annotations

import asyncio
import secrets
from contextlib import suppress
from typing import Any, Final

from desktop_app.desktop_session.application_object import APP_ID
from desktop_app.desktop_session.session_bus import Body, BusError, BusObject, SessionBus

SERVICE: Final = "org.freedesktop.portal.Desktop"
PATH: Final = "/org/freedesktop/portal/desktop"
Results = dict[str, tuple[str, Any]]
"""The results of a request by name; each is a variant (signature, value)."""
_REFUSED_BY_USER: Final = 1
DIALOG_TIMEOUT_S: Final = 300.0
"""The time that a person has for the portal's dialog."""


class PortalRefusedError(BusError):
    """Raised if a request to the portal was refused.

    Attributes:
        is_by_user: True if the user refused, and not the desktop.
    """

    def __init__(self, interface: str, code: int) -> None:
        super().__init__(f"{interface}: refused ({code})")
        self.is_by_user = code == _REFUSED_BY_USER


def portal_object(interface: str) -> BusObject:
    return BusObject(SERVICE, PATH, interface)


def _new_token() -> str:
    return f"repartee_{secrets.token_hex(8)}"


async def identify_to_portal(bus: SessionBus) -> bool:
    """Call the portal, so that it identifies this process before the process denies inspection.

    At a connection's first call, the portal reads the caller's /proc, and remembers the result.
    With newer portals, a program outside of sandboxes registers its name before every other call.

    Returns:
        True if the name was registered.
    """
    is_registered = False
    with suppress(BusError):
        registry = portal_object("org.freedesktop.host.portal.Registry")
        await bus.call(registry, "Register", "sa{sv}", APP_ID, {})
        is_registered = True
    with suppress(BusError):
        target = portal_object("org.freedesktop.portal.Settings")
        await bus.call(target, "Read", "ss", "org.freedesktop.appearance", "color-scheme")
    return is_registered


class Portal:
    """Requests to the portal."""

    def __init__(self, bus: SessionBus) -> None:
        self._bus = bus

    async def version(self, interface: str) -> int:
        """Return the version of an interface, 0 if there is none."""
        try:
            return int(await self._bus.read_property(portal_object(interface), "version"))
        except (BusError, TypeError, ValueError):
            return 0

    async def request(
        self,
        interface: str,
        method: str,
        signature: str,
        *body: Any,
        timeout_s: float | None = DIALOG_TIMEOUT_S,
    ) -> Results:
        """Call a method whose last argument is its options, and wait for the results.

        The portal's dialog closes after `timeout_s` (None: never), or if the task is canceled.

        Raises:
            PortalRefusedError: the user or the portal refused.
            BusError: there is no such portal, or it did not answer in time.
        """
        *arguments, options = body
        token = _new_token()
        request = self._own_object("request", token)
        response: asyncio.Future[Body] = asyncio.get_running_loop().create_future()

        def on_response(answer: Body) -> None:
            if not response.done():
                response.set_result(answer)

        # The answer may come before the reply of the call.
        await self._bus.listen(request, "Response", on_response)
        try:
            options = {**options, "handle_token": ("s", token)}
            target = portal_object(interface)
            await self._bus.call(target, method, signature, *arguments, options)
            async with asyncio.timeout(timeout_s):
                code, results = await response
        except TimeoutError as error:
            await self.close(request)
            raise BusError(f"{interface}: no answer") from error
        except asyncio.CancelledError:
            await self.close(request)
            raise
        finally:
            await self._bus.ignore(request, "Response", on_response)
        if code != 0:
            raise PortalRefusedError(interface, code)
        return dict(results)

    async def begin_session(self, interface: str) -> BusObject:
        """Begin a session of an interface, and return its object.

        Raises:
            BusError: there is no such portal, or it begins no session.
        """
        token = _new_token()
        options = {"session_handle_token": ("s", token)}
        try:
            results = await self.request(interface, "CreateSession", "a{sv}", options)
        except asyncio.CancelledError:
            await self.close(self._own_object("session", token))  # it may have begun
            raise
        if "session_handle" not in results:
            raise BusError(f"{interface}: no session")
        path = str(results["session_handle"][1])
        return BusObject(SERVICE, path, "org.freedesktop.portal.Session")

    def _own_object(self, kind: str, token: str) -> BusObject:
        """Return the object of a "request" or "session" of this connection, by its token."""
        sender = self._bus.unique_name.removeprefix(":").replace(".", "_")
        interface = f"org.freedesktop.portal.{kind.capitalize()}"
        return BusObject(SERVICE, f"{PATH}/{kind}/{sender}/{token}", interface)

    async def close(self, target: BusObject) -> None:
        """Close a session, or the dialog of a request, if it is open."""
        with suppress(BusError):
            await self._bus.call(target, "Close")
