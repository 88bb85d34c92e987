"""Notifications by the portal, and by the service of a desktop that has no portal."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest
from jeepney import DBusAddress, HeaderFields, Message, new_method_return, new_signal

from desktop_app.session.notifier import PORTAL_INTERFACE, SERVICE, Notification, Notifier
from desktop_app.session.portal import portal_requests
from desktop_app.session.session_bus import BusError, BusObject, BusSignals
from tests.helpers.bus_service import BusService, Method, properties, session_bus
from tests.helpers.waiting import until


async def test_without_a_portal_the_service_is_asked(address: str) -> None:
    methods: dict[tuple[str, str], Method] = {(SERVICE.interface, "Notify"): lambda *_: ("u", (7,))}
    opened: list[str] = []

    async def is_opened() -> bool:
        return bool(opened)

    async with session_bus() as bus:
        with BusService(address, SERVICE.service, methods) as desktop:
            notifier = Notifier(bus, opened.append)
            await notifier.notify(Notification("Ready", "a < b", "1", "repartee:1"))
            desktop.emit(SERVICE.path, SERVICE.interface, "ActionInvoked", "us", 7, "default")
            await until(is_opened)
            assert [call[0] for call in desktop.calls] == ["Notify"]
    assert opened == ["repartee:1"]


async def test_a_closed_notification_is_not_replaced(address: str) -> None:
    numbers = itertools.count(1)
    methods: dict[tuple[str, str], Method] = {
        (SERVICE.interface, "Notify"): lambda *_: ("u", (next(numbers),))
    }
    opened: list[str] = []

    async def is_opened() -> bool:
        return bool(opened)

    async with session_bus() as bus:
        with BusService(address, SERVICE.service, methods) as desktop:
            notifier = Notifier(bus, opened.append)
            for key in "12":
                await notifier.notify(Notification("Ready", "a", key, f"repartee:{key}"))
            desktop.emit(SERVICE.path, SERVICE.interface, "NotificationClosed", "uu", 1, 2)
            desktop.emit(SERVICE.path, SERVICE.interface, "ActionInvoked", "us", 2, "default")
            await until(is_opened)
            await notifier.notify(Notification("Ready", "a", "1", "repartee:1"))
            replaced = [body[1] for method, _, body in desktop.calls if method == "Notify"]
    assert replaced == [0, 0, 0]


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
                *(
                    notifier.notify(Notification("Ready", "a", key, f"repartee:{key}"))
                    for key in "12"
                )
            )
            clicked = ("1", "open", [("s", "repartee:1")])
            desktop.emit(portal_requests.PATH, PORTAL_INTERFACE, "ActionInvoked", "ssav", *clicked)
            await until(is_opened)
    assert opened == ["repartee:1"]


async def test_a_click_that_comes_with_the_reply_opens_its_link(address: str) -> None:
    opened: list[str] = []
    calls: asyncio.Queue[Message] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def receive(call: Message) -> None:
        loop.call_soon_threadsafe(calls.put_nowait, call)

    async with session_bus() as bus:
        with BusService(address, SERVICE.service, {}) as desktop:
            desktop._answer = receive  # type: ignore[method-assign, assignment]
            notifier = Notifier(bus, opened.append)
            shown = asyncio.create_task(
                notifier.notify(Notification("Ready", "a", "1", "repartee:1"))
            )
            reply = new_method_return(await calls.get(), "u", (7,))
            clicked = new_signal(
                DBusAddress(SERVICE.path, interface=SERVICE.interface),
                *("ActionInvoked", "us", (7, "default")),
            )
            clicked.header.fields[HeaderFields.sender] = desktop._connection.unique_name
            assert bus._connection is not None
            bus._connection.reader.feed_data(reply.serialise(1) + clicked.serialise(2))
            await shown
    assert opened == ["repartee:1"]


@pytest.mark.parametrize("failing", ["AddMatch", "GetNameOwner"])
async def test_a_bus_that_fails_at_first_is_asked_again(
    address: str, failing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = False
    methods: dict[tuple[str, str], Method] = {(SERVICE.interface, "Notify"): lambda *_: ("u", (7,))}
    opened: list[str] = []

    async def is_opened() -> bool:
        return bool(opened)

    async with session_bus() as bus:
        call = bus.call

        async def fail_once(target: BusObject, method: str, *arguments: Any, **options: Any) -> Any:
            nonlocal failed
            if method == failing and not failed:
                failed = True
                raise BusError("no reply in time")
            return await call(target, method, *arguments, **options)

        monkeypatch.setattr(bus, "signals", BusSignals(fail_once))
        with BusService(address, SERVICE.service, methods) as desktop:
            notifier = Notifier(bus, opened.append)
            with pytest.raises(BusError):
                await notifier.notify(Notification("Ready", "a", "1", "repartee:1"))
            await notifier.notify(Notification("Ready", "a", "1", "repartee:1"))
            desktop.emit(SERVICE.path, SERVICE.interface, "ActionInvoked", "us", 7, "default")
            await until(is_opened)
    assert opened == ["repartee:1"]
