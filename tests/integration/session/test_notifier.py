"""Notifications of a desktop that has the old service and no portal."""

from __future__ import annotations

from desktop_app.session.notifier import SERVICE, Notifier
from desktop_app.session.session_bus import SessionBus
from tests.helpers.bus_service import BusService, Method
from tests.helpers.waiting import until


async def test_without_a_portal_the_service_is_asked(address: str) -> None:
    methods: dict[tuple[str, str], Method] = {(SERVICE.interface, "Notify"): lambda *_: ("u", (7,))}
    opened: list[str] = []

    async def is_opened() -> bool:
        return bool(opened)

    bus = SessionBus()
    await bus.connect()
    with BusService(address, SERVICE.service, methods) as desktop:
        notifier = Notifier(bus, opened.append)
        await notifier.notify("Ready", "a < b", "1", "repartee:1")
        desktop.emit(SERVICE.path, SERVICE.interface, "ActionInvoked", "us", 7, "default")
        await until(is_opened)
        assert [call[0] for call in desktop.calls] == ["Notify"]
        await bus.aclose()
    assert opened == ["repartee:1"]
