"""Notifications through the portal, or through the desktop's own service if it has no portal.

https://flatpak.github.io/xdg-desktop-portal/docs/doc-org.freedesktop.portal.Notification.html
https://specifications.freedesktop.org/notification-spec/latest/
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from desktop_app.desktop_session.application_object import APP_ID
from desktop_app.desktop_session.portal.portal_requests import Portal, portal_object
from desktop_app.desktop_session.session_bus import Body, BusObject, SessionBus
from desktop_app.i18n.translation import tr

PORTAL_INTERFACE: Final = "org.freedesktop.portal.Notification"
_PORTAL: Final = portal_object(PORTAL_INTERFACE)
SERVICE: Final = BusObject(
    "org.freedesktop.Notifications",
    "/org/freedesktop/Notifications",
    "org.freedesktop.Notifications",
)
_OPEN_ACTION: Final = "open"
# The portal calls actions with this prefix on our ApplicationObject, even after the program's end.
# It finds the object by the program's name on the bus; without that name a click would do nothing.
_APP_OPEN_ACTION: Final = f"app.{_OPEN_ACTION}"
_TIMEOUT_BY_SERVER: Final = -1  # a timeout that the desktop chooses


class Notifier:
    """Notifications of the program. A click on a notification opens its link.

    Args:
        on_open: called with the link of the notification that was clicked.
    """

    def __init__(self, bus: SessionBus, on_open: Callable[[str], None]) -> None:
        self._bus = bus
        self._on_open = on_open
        self._has_portal: bool | None = None  # None until the first notification
        self._lock = asyncio.Lock()
        # Keys and links by the number that the service assigned; the portal needs no numbers.
        self._shown: dict[int, tuple[str, str]] = {}

    async def notify(self, heading: str, title: str, *, key: str, link: str) -> None:
        """Show a notification, in place of an earlier one with the same key.

        Args:
            heading: what has happened.
            title: what it happened to, in a line of the user's own text; "" for none.

        Raises:
            BusError: the desktop cannot show notifications.
        """
        async with self._lock:  # listen once, even if two answers end at the same time
            if self._has_portal is None:
                has_portal = await Portal(self._bus).version(PORTAL_INTERFACE) > 0
                if has_portal:
                    await self._bus.listen(_PORTAL, "ActionInvoked", self._on_portal_click)
                else:
                    await self._bus.listen(SERVICE, "ActionInvoked", self._on_service_click)
                    await self._bus.listen(SERVICE, "NotificationClosed", self._on_closed)
                self._has_portal = has_portal
        # Services read the body as markup, and the portal passes it on; the summary is plain text.
        summary, body = (title, heading) if title else (heading, "")
        if self._has_portal:
            action = ("s", _APP_OPEN_ACTION if self._bus.is_activatable else _OPEN_ACTION)
            # Xfce 4.18, for one, ignores a click on the notification itself.
            button = {"label": ("s", tr("Open")), "action": action, "target": ("s", link)}
            fields = {
                "title": ("s", summary),
                "body": ("s", body),
                "icon": ("(sv)", ("themed", ("as", [APP_ID]))),
                "default-action": action,
                "default-action-target": ("s", link),
                "buttons": ("aa{sv}", [button]),
            }
            await self._bus.call(_PORTAL, "AddNotification", "sa{sv}", key, fields)
            return
        numbers = (number for number, shown in self._shown.items() if shown[0] == key)
        replaced_number = next(numbers, 0)  # 0 is the service's number for "none"
        (new_number,) = await self._bus.call(
            SERVICE,
            "Notify",
            "susssasa{sv}i",
            "Repartee",
            replaced_number,
            APP_ID,
            summary,
            body,
            ["default", tr("Open")],  # Xfce shows a button; on others, a click anywhere counts
            {"desktop-entry": ("s", APP_ID)},
            _TIMEOUT_BY_SERVER,
        )
        self._shown.pop(replaced_number, None)
        self._shown[new_number] = (key, link)

    async def withdraw(self, key: str) -> None:
        """Remove the notification with this key, because the user has opened its link.

        Raises:
            BusError: the bus or the portal cannot be used.
        """
        if self._has_portal:
            await self._bus.call(_PORTAL, "RemoveNotification", "s", key)
        for number in [number for number, shown in self._shown.items() if shown[0] == key]:
            self._shown.pop(number, None)
            await self._bus.call(SERVICE, "CloseNotification", "u", number)

    def _on_portal_click(self, body: Body) -> None:
        match body:  # the notification's key, the action, and the action's target in a list
            case (_, _, [(_, str(link)), *_]):
                self._on_open(link)

    def _on_service_click(self, body: Body) -> None:
        match body:
            # The signal is sent to all programs, for the notifications of all programs.
            case (int(number), "default") if number in self._shown:
                self._on_open(self._shown.pop(number)[1])

    def _on_closed(self, body: Body) -> None:
        match body:
            case (int(number), _):
                self._shown.pop(number, None)
