"""Notifications by the portal, and by the service of a desktop that has no portal."""

from __future__ import annotations

import asyncio

from desktop_app.desktop_session.notifier import PORTAL_INTERFACE, SERVICE, Notifier
from desktop_app.desktop_session.portal import portal_requests
from tests.helpers.bus_service import BusService, Method, properties, session_bus
from tests.helpers.waiting import until


async def test_without_a_portal_the_service_is_asked(address: str) -> None:
    shown: list[object] = []

    def show(*fields: object) -> tuple[str, tuple[int]]:
        shown[:] = fields[3:5]
        return "u", (7,)

    methods: dict[tuple[str, str], Method] = {(SERVICE.interface, "Notify"): show}
    opened: list[str] = []

    async def is_opened() -> bool:
        return bool(opened)

    async with session_bus() as bus:
        with BusService(address, SERVICE.service, methods) as desktop:
            notifier = Notifier(bus, opened.append)
            await notifier.notify("Ready", "a < b", key="1", link="repartee:1")
            desktop.emit(SERVICE.path, SERVICE.interface, "ActionInvoked", "us", 7, "default")
            await until(is_opened)
            assert [call[0] for call in desktop.calls] == ["Notify"]
    # Desktops read the body as markup, so the user's words are in the summary.
    assert shown == ["a < b", "Ready"]
    assert opened == ["repartee:1"]


async def test_a_click_opens_its_link_once_if_the_first_notifications_came_together(
    address: str,
) -> None:
    methods: dict[tuple[str, str], Method] = {
        **properties(version=("u", 1)),
        (PORTAL_INTERFACE, "AddNotification"): lambda *_: ("", ()),
    }
    opened: list[str] = []

    async def is_opened() -> bool:
        return bool(opened)

    async with session_bus() as bus:
        with BusService(address, portal_requests.SERVICE, methods) as desktop:
            notifier = Notifier(bus, opened.append)
            await asyncio.gather(
                *(notifier.notify("Ready", "a", key=key, link=f"repartee:{key}") for key in "12")
            )
            clicked = ("1", "open", [("s", "repartee:1")])
            desktop.emit(portal_requests.PATH, PORTAL_INTERFACE, "ActionInvoked", "ssav", *clicked)
            await until(is_opened)
    assert opened == ["repartee:1"]
