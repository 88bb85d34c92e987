"""The program on a real message bus."""

from __future__ import annotations

import asyncio
import ctypes
import os
from pathlib import Path

import pytest

from desktop_app.desktop_session.application_object import (
    INTERFACE,
    ApplicationObject,
    bus_name,
    object_path,
)
from desktop_app.desktop_session.desktop_watch import WATCHER, watch_tray
from desktop_app.desktop_session.login_start import (
    ask_portal,
    autostart_file,
    set_start_at_login,
    starts_at_login,
)
from desktop_app.desktop_session.session_bus import Body, BusError, BusObject, SessionBus
from desktop_app.domain.errors import StorageError
from tests.helpers.bus_service import BusService, properties, session_bus
from tests.helpers.full_disk import full_disk
from tests.helpers.waiting import until

NAME = bus_name("")


async def test_the_desktop_opens_files_and_runs_actions(address: str) -> None:
    opened: list[tuple[str, ...]] = []
    acted: list[tuple[str, str]] = []

    async with session_bus() as desktop:
        async with session_bus() as bus:
            own = ApplicationObject(opened.append, lambda name, text: acted.append((name, text)))
            assert await own.publish(bus, NAME)
            program = BusObject(NAME, object_path(NAME), INTERFACE)
            await desktop.call(program, "Activate", "a{sv}", {"activation-token": ("s", "abc")})
            # Qt raises a window by it, and reads it by this function.
            library = ctypes.CDLL(None)
            library.getenv.restype = ctypes.c_char_p
            assert library.getenv(b"XDG_ACTIVATION_TOKEN") == b"abc"
            os.unsetenv("XDG_ACTIVATION_TOKEN")
            await desktop.call(program, "Open", "asa{sv}", ["file:///a.pdf"], {})
            await desktop.call(program, "ActivateAction", "sava{sv}", "quick", [("s", "x")], {})
            await desktop.call(program, "ActivateAction", "sava{sv}", "quick", [], {})
            for method, signature, body in (("Open", "s", ("x",)), ("Quit", "", ())):
                with pytest.raises(BusError, match="UnknownMethod"):
                    await desktop.call(program, method, signature, *body)
            assert not await ApplicationObject(opened.append, print).publish(desktop, NAME)

        async def is_gone() -> bool:
            return not await desktop.has_owner(NAME)

        await until(is_gone)  # the bus may read the end of a connection after a later call
    assert opened == [(), ("file:///a.pdf",)]
    assert acted == [("quick", "x"), ("quick", "")]


async def test_without_a_bus_every_call_fails_softly(monkeypatch: pytest.MonkeyPatch) -> None:
    for bus_address in ("", "unix:path=/nonexistent", "tcp:host=x"):
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus_address)
        with pytest.raises(BusError):
            await SessionBus().connect()
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS")
    with pytest.raises(BusError):
        await SessionBus().connect()
    bus = SessionBus()
    with pytest.raises(BusError, match="not connected"):
        await bus.request_name(NAME)
    bus.send_signal("/x", "x.y", "Z", "")
    await bus.aclose()


async def test_a_call_fails_if_the_bus_ends_meanwhile(address: str) -> None:
    with BusService(address, "a.b", {}) as service:
        service._answer = lambda message: None  # type: ignore[method-assign]
        async with session_bus() as bus:
            call = asyncio.create_task(bus.call(BusObject("a.b", "/", "a.b"), "Never"))
            await asyncio.sleep(0)
            with pytest.raises(BusError, match=r"a\.b"):
                await bus.call(BusObject("a.b", "/", "a.b"), "X", timeout_s=0)
            assert bus._connection is not None
            bus._connection.reader.feed_eof()
            with pytest.raises(BusError, match="ended"):
                await call
            assert not bus.is_connected


async def test_signals_are_heard_from_a_service_that_starts_later_or_again(address: str) -> None:
    clock = BusObject("a.b", "/clock", "a.b.Clock")
    heard: list[Body] = []

    async def has_heard(count: int) -> bool:
        return len(heard) >= count

    async with session_bus() as bus:
        await bus.listen(clock, "Tick", heard.append)  # the service starts later
        with BusService(address, "a.b", {}) as own:
            own.emit("/clock", "a.b.Clock", "Tick", "s", "own")
            await until(lambda: has_heard(1))
        with BusService(address, "a.b", {}) as restarted:
            restarted.emit("/clock", "a.b.Clock", "Tick", "s", "restarted")
            await until(lambda: has_heard(2))
    assert heard == [("own",), ("restarted",)]


async def test_a_tray_is_reported_when_it_starts_and_ends(address: str) -> None:
    seen: asyncio.Queue[bool] = asyncio.Queue()
    async with session_bus() as bus:
        loop = asyncio.get_running_loop()
        await watch_tray(bus, seen.put_nowait, loop.create_task)
        assert seen.empty()
        with BusService(address, WATCHER.service, {}) as watcher:
            watcher.emit(WATCHER.path, WATCHER.interface, "StatusNotifierHostRegistered", "")
            assert await seen.get()
        assert not await seen.get()
        known = properties(IsStatusNotifierHostRegistered=("b", True))
        with BusService(address, WATCHER.service, known):
            assert await seen.get()  # as Xfce's panel, which sends no signal
            again: asyncio.Queue[bool] = asyncio.Queue()
            await watch_tray(bus, again.put_nowait, loop.create_task)
            assert await again.get()


def test_the_start_at_login_is_an_entry_that_the_user_may_switch_off(tmp_path: Path) -> None:
    environment = {"XDG_CONFIG_HOME": str(tmp_path), "REPARTEE_HOME": "/a b/$c%"}
    for scope in ("", "ab"):
        assert not starts_at_login(scope, environment)
        set_start_at_login(scope, environment, wanted=True)
        assert starts_at_login(scope, environment)
    path = autostart_file("ab", environment)
    text = path.read_text("utf-8")
    assert '"REPARTEE_HOME=/a b/\\\\$c%%"' in text
    assert "--resident" in text
    path.write_text(text + "Hidden=true\n", "utf-8")
    assert not starts_at_login("ab", environment)
    set_start_at_login("ab", environment, wanted=False)
    set_start_at_login("ab", environment, wanted=False)
    assert not path.exists()
    assert starts_at_login("", environment)


def test_no_entry_is_left_if_the_disk_is_full(tmp_path: Path) -> None:
    environment = {"XDG_CONFIG_HOME": str(tmp_path)}
    path = autostart_file("", environment)
    with full_disk(), pytest.raises(StorageError):
        set_start_at_login("", environment, wanted=True)
    assert not starts_at_login("", environment)
    set_start_at_login("", environment, wanted=True)
    text = path.read_text("utf-8")
    with full_disk(), pytest.raises(StorageError):
        set_start_at_login("", environment, wanted=True)
    assert path.read_text("utf-8") == text
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(("code", "allowed"), [(0, True), (0, False), (1, None)])
async def test_a_sandboxed_program_asks_the_portal(
    address: str, code: int, allowed: bool | None
) -> None:
    interface = "org.freedesktop.portal.Background"

    asked = {}

    def request(_parent: str, options: dict[str, tuple[str, object]]) -> tuple[str, tuple[str]]:
        asked.update(options)
        token = str(options["handle_token"][1])
        sender = portal.sender.removeprefix(":").replace(".", "_")
        path = f"/org/freedesktop/portal/desktop/request/{sender}/{token}"
        results = {"autostart": ("b", bool(allowed))}
        portal.emit(path, "org.freedesktop.portal.Request", "Response", "ua{sv}", code, results)
        return "o", (path,)

    methods = {(interface, "RequestBackground"): request}
    with BusService(address, "org.freedesktop.portal.Desktop", methods) as portal:
        async with session_bus() as bus:
            if allowed is None:
                with pytest.raises(BusError, match="refused"):
                    await ask_portal(bus, "because", wanted=True)
            else:
                assert await ask_portal(bus, "because", wanted=True) is allowed
            assert asked["autostart"] == ("b", True)
            assert asked["commandline"] == ("as", ["repartee", "--resident"])
