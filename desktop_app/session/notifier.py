"""Notifications by the portal, or by the desktop's own service where there is no portal.

https://flatpak.github.io/xdg-desktop-portal/docs/doc-org.freedesktop.portal.Notification.html
https://specifications.freedesktop.org/notification-spec/latest/
"""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from desktop_app.session.application_object import APP_ID
from desktop_app.session.portal import Portal, portal_object
from desktop_app.session.session_bus import BusObject

if TYPE_CHECKING:
    from desktop_app.session.session_bus import Body, SessionBus

PORTAL_INTERFACE: Final = "org.freedesktop.portal.Notification"
SERVICE: Final = BusObject(
    "org.freedesktop.Notifications",
    "/org/freedesktop/Notifications",
    "org.freedesktop.Notifications",
)
# The desktop calls actions of this prefix on our ApplicationObject, even after the program's end.
_ACTION: Final = "app.open"
_BY_SERVER: Final = -1  # the desktop decides how long it is visible


class Notifier:
    """Shows notifications; a click on one opens its link.

    Args:
        on_open: called with the link of the notification that was clicked.
    """

    def __init__(self, bus: SessionBus, on_open: Callable[[str], None]) -> None:
        self._bus, self._on_open = bus, on_open
        self._has_portal: bool | None = None
        self._links: dict[int, str] = {}

    async def notify(self, title: str, body: str, link: str) -> None:
        """Show a notification; a later one with the same link replaces it.

        Raises:
            BusError: the desktop shows none.
        """
        if self._has_portal is None:
            self._has_portal = await Portal(self._bus).version(PORTAL_INTERFACE) > 0
            await self._listen()
        if self._has_portal:
            await self._notify_by_portal(title, body, link)
        else:
            await self._notify_by_service(title, body, link)

    async def withdraw(self, link: str) -> None:
        """Remove the notification with this link, because the user has been there.

        Raises:
            BusError: the desktop shows none.
        """
        if self._has_portal:
            target = portal_object(PORTAL_INTERFACE)
            await self._bus.call(target, "RemoveNotification", "s", link)
        for number in [number for number, known in self._links.items() if known == link]:
            del self._links[number]
            await self._bus.call(SERVICE, "CloseNotification", "u", number)

    async def _listen(self) -> None:
        if self._has_portal:
            target = portal_object(PORTAL_INTERFACE)
            await self._bus.listen(target, "ActionInvoked", self._portal_clicked)
        else:
            await self._bus.listen(SERVICE, "ActionInvoked", self._service_clicked)

    async def _notify_by_portal(self, title: str, body: str, link: str) -> None:
        shown = {
            "title": ("s", title),
            "body": ("s", body),
            "default-action": ("s", _ACTION),
            "default-action-target": ("s", link),
        }
        target = portal_object(PORTAL_INTERFACE)
        await self._bus.call(target, "AddNotification", "sa{sv}", link, shown)

    async def _notify_by_service(self, title: str, body: str, link: str) -> None:
        before = next((number for number, known in self._links.items() if known == link), 0)
        (number,) = await self._bus.call(
            SERVICE,
            "Notify",
            "susssasa{sv}i",
            "Repartee",
            before,
            APP_ID,
            title,
            html.escape(body, quote=False),  # most services read the body as markup
            ["default", ""],
            {"desktop-entry": ("s", APP_ID)},
            _BY_SERVER,
        )
        self._links[number] = link

    def _portal_clicked(self, body: Body) -> None:
        match body:
            case (str(link), _, list()):
                self._on_open(link)

    def _service_clicked(self, body: Body) -> None:
        match body:
            case (int(number), "default") if number in self._links:
                self._on_open(self._links.pop(number))
