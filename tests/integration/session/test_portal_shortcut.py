"""The global shortcut by a portal on a bus of the test's own, and by the desktop's tools."""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from desktop_app.domain.errors import StorageError
from desktop_app.hotkey.hotkey_status import HOTKEY_COMMAND, HotkeyError, HotkeyStatus
from desktop_app.hotkey.keysyms import accelerator, portal_trigger
from desktop_app.session.desktop_binding import (
    BindingDesktop,
    binding_desktop,
    bound_command,
    create_binding,
    remove_binding,
)
from desktop_app.session.portal.portal_requests import PATH, SERVICE
from desktop_app.session.portal.portal_shortcut import (
    INTERFACE,
    PortalShortcut,
    announce_pause,
    check_portal,
    is_paused,
)
from desktop_app.session.session_bus import BusObject, BusSignals, OnSignal, SessionBus
from tests.helpers.bus_service import BusService, Method, properties, session_bus

KEYS = "Meta+Alt+Space"
SESSION = f"{PATH}/session/x/y"


class ShortcutsPortal:
    """A simulated portal, which answers each request with a code and results."""

    def __init__(
        self,
        address: str,
        *,
        code: int = 0,
        bound: bool = True,
        answers: bool = True,
        session: str = SESSION,
    ) -> None:
        self._code, self._bound, self._answers = code, bound, answers
        self.asked: list[Any] = []
        self._methods: dict[tuple[str, str], Method] = {
            **properties(version=("u", 1)),
            (INTERFACE, "CreateSession"): lambda options: self._respond(
                options, {"session_handle": ("s", session)}
            ),
            (INTERFACE, "BindShortcuts"): self._bind,
            ("org.freedesktop.portal.Session", "Close"): lambda: ("", ()),
            ("org.freedesktop.portal.Request", "Close"): lambda: ("", ()),
        }
        self.service = BusService(address, SERVICE, self._methods)

    def _bind(self, _session: str, shortcuts: Any, _parent: str, options: Any) -> Any:
        self.asked = shortcuts
        facts = {"trigger_description": ("s", "Super+Q")}
        found = [(HOTKEY_COMMAND, facts)] if self._bound else []
        return self._respond(options, {"shortcuts": ("a(sa{sv})", found)})

    def request_path(self, options: Any) -> str:
        sender = self.service.sender.removeprefix(":").replace(".", "_")
        return f"{PATH}/request/{sender}/{options['handle_token'][1]}"

    def session_path(self) -> str:
        """Return the path that a real portal gives the requested session."""
        (options,) = self.service.wait_for("CreateSession")
        sender = self.service.sender.removeprefix(":").replace(".", "_")
        return f"{PATH}/session/{sender}/{options['session_handle_token'][1]}"

    def _respond(self, options: Any, results: Any) -> Any:
        path, interface = self.request_path(options), "org.freedesktop.portal.Request"
        if self._answers:
            self.service.emit(path, interface, "Response", "ua{sv}", self._code, results)
        return "o", (path,)

    def forget_session(self) -> None:
        """Fail later calls to the session, as if it had ended."""
        del self._methods["org.freedesktop.portal.Session", "Close"]

    def press(self, session: str = SESSION, shortcut: str = HOTKEY_COMMAND) -> None:
        body: tuple[Any, ...] = (session, shortcut, 0, {})
        self.service.emit(PATH, INTERFACE, "Activated", "osta{sv}", *body)


def shortcut(bus: SessionBus, on_press: Callable[[], None], on_loss: Any = None) -> PortalShortcut:
    return PortalShortcut(bus, "", on_press, on_loss or (lambda: None))


async def test_the_portal_reports_presses_until_the_shortcut_is_closed(address: str) -> None:
    pressed: asyncio.Queue[None] = asyncio.Queue()
    lost: asyncio.Queue[None] = asyncio.Queue()
    portal = ShortcutsPortal(address)
    with portal.service:
        async with session_bus() as bus:
            assert (await check_portal(KEYS, "")).status is HotkeyStatus.ASKS
            held = shortcut(bus, lambda: pressed.put_nowait(None), lambda: lost.put_nowait(None))
            assert await held.bind(KEYS, "Open it") == "Super+Q"
            ((name, facts),) = portal.asked
            assert name == HOTKEY_COMMAND
            assert facts["preferred_trigger"] == ("s", "ALT+LOGO+space")
            assert facts["description"] == ("s", "Open it")
            assert (await check_portal(KEYS, "")).status is HotkeyStatus.WORKS
            assert (await check_portal("", "")).status is HotkeyStatus.OFF
            portal.press(session=f"{SESSION}z")
            portal.press(shortcut="other")
            portal.press()
            await pressed.get()
            assert pressed.empty()
            portal.service.emit(SESSION, "org.freedesktop.portal.Session", "Closed", "a{sv}", {})
            await lost.get()
            await held.close()
            await held.bind(KEYS, "Open it")
            await held.close()
            assert (await check_portal(KEYS, "")).status is HotkeyStatus.ASKS
            portal.service.wait_for("Close")
            # A shortcut that was bound again is lost once.
            await held.bind(KEYS, "Open it")
            portal.service.emit(SESSION, "org.freedesktop.portal.Session", "Closed", "a{sv}", {})
            await lost.get()
            await held.close()
            assert lost.empty()


@pytest.mark.parametrize("is_ended_by_desktop", [True, False])
async def test_closing_after_the_end_of_the_session_frees_the_name(
    address: str, is_ended_by_desktop: bool
) -> None:
    lost: asyncio.Queue[None] = asyncio.Queue()
    portal = ShortcutsPortal(address)
    with portal.service:
        async with session_bus() as bus:
            held = shortcut(bus, lambda: None, lambda: lost.put_nowait(None))
            await held.bind(KEYS, "Open it")
            portal.forget_session()
            if is_ended_by_desktop:
                portal.service.emit(
                    SESSION, "org.freedesktop.portal.Session", "Closed", "a{sv}", {}
                )
                await lost.get()
            await held.close()
            assert (await check_portal(KEYS, "")).status is HotkeyStatus.ASKS


async def test_a_pause_is_known_to_other_processes(address: str) -> None:
    await announce_pause(SessionBus(), "", paused=True)  # without a bus
    async with session_bus() as bus:
        assert not await is_paused("")
        await announce_pause(bus, "", paused=True)
        assert await is_paused("")
        await announce_pause(bus, "", paused=False)
        assert not await is_paused("")


@pytest.mark.parametrize(("code", "bound"), [(1, True), (2, True), (0, False)])
async def test_a_refused_shortcut_is_unavailable(address: str, code: int, bound: bool) -> None:
    portal = ShortcutsPortal(address, code=code, bound=bound)
    with portal.service:
        async with session_bus() as bus:
            with pytest.raises(HotkeyError) as refused:
                await shortcut(bus, lambda: None).bind(KEYS, "Open it")
            assert refused.value.status is HotkeyStatus.UNAVAILABLE


async def test_a_session_that_cannot_be_watched_is_closed(address: str) -> None:
    session = f"{SESSION}/{'z' * 1024}"  # longer than a match rule may be
    portal = ShortcutsPortal(address, session=session)
    with portal.service:
        async with session_bus() as bus:
            with pytest.raises(HotkeyError):
                await shortcut(bus, lambda: None).bind(KEYS, "Open it")
        portal.service.wait_for("Close")
        assert [path for method, path, _ in portal.service.calls if method == "Close"] == [session]


async def test_dialog_and_session_close_if_the_request_is_canceled(address: str) -> None:
    portal = ShortcutsPortal(address, answers=False)
    with portal.service:
        async with session_bus() as bus:
            asking = asyncio.create_task(shortcut(bus, lambda: None).bind(KEYS, "Open it"))
            (options,) = await asyncio.to_thread(portal.service.wait_for, "CreateSession")
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            closed = [path for method, path, _ in portal.service.calls if method == "Close"]
            assert closed == [portal.request_path(options), portal.session_path()]


class SlowSignals(BusSignals):
    """Signals that neither begin to watch a session nor to ignore the response of a request."""

    def __init__(self, bus: SessionBus, slow_signal: str) -> None:
        super().__init__(bus.call)
        self._slow_signal = slow_signal
        self.is_asked = asyncio.Event()

    async def listen(self, target: BusObject, signal: str, on_signal: OnSignal) -> None:
        if signal == self._slow_signal == "Closed":
            self.is_asked.set()
            await asyncio.Event().wait()
        await super().listen(target, signal, on_signal)

    async def ignore(self, target: BusObject, signal: str, on_signal: OnSignal) -> None:
        if signal == self._slow_signal == "Response":
            self.is_asked.set()
            await asyncio.Event().wait()
        await super().ignore(target, signal, on_signal)


@pytest.mark.parametrize("slow_signal", ["Closed", "Response"])
async def test_the_session_is_closed_if_it_is_canceled_before_it_is_watched(
    address: str, slow_signal: str
) -> None:
    portal = ShortcutsPortal(address)
    with portal.service:
        async with aclosing(SessionBus()) as bus:
            bus.signals = signals = SlowSignals(bus, slow_signal)
            await bus.connect()
            binding = asyncio.create_task(shortcut(bus, lambda: None).bind(KEYS, "Open it"))
            await signals.is_asked.wait()
            binding.cancel()
            with pytest.raises(asyncio.CancelledError):
                await binding
        await asyncio.to_thread(portal.service.wait_for, "Close")
        session = SESSION if slow_signal == "Closed" else portal.session_path()
        assert [path for method, path, _ in portal.service.calls if method == "Close"] == [session]


async def test_the_shortcut_is_unavailable_without_a_portal(address: str) -> None:
    async with session_bus() as bus:
        with pytest.raises(HotkeyError):
            await shortcut(bus, lambda: None).bind(KEYS, "Open it")
        assert (await check_portal(KEYS, "")).status is HotkeyStatus.UNAVAILABLE


@pytest.mark.parametrize(
    ("keys", "trigger", "gtk"),
    [
        ("Ctrl+Shift+F12", "CTRL+SHIFT+F12", "<Primary><Shift>F12"),
        ("Meta+Q", "LOGO+q", "<Super>q"),
        ("Alt+PgUp", "ALT+Prior", "<Alt>Prior"),
    ],
)
def test_keys_are_written_as_each_desktop_does(keys: str, trigger: str, gtk: str) -> None:
    assert portal_trigger(keys) == trigger
    assert accelerator(keys) == gtk


# Appends the calls of a tool to a file, and prints the output of the real tool.
TOOL = """#!/bin/sh
echo "$(basename $0) $*" >> {log}
[ "$1" = get ] && cat {paths}
[ "$1" = --channel ] && echo "{said}"
exit {code}
"""


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Return a function that installs the desktops' tools; it returns the file of their calls."""
    folder = tmp_path / "bin"
    folder.mkdir()
    log, paths = tmp_path / "log", tmp_path / "paths"
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    def install(listed: str = "@as []", code: int = 0, said: str = "") -> Path:
        paths.write_text(f"{listed}\n")
        for name in ("gsettings", "kwriteconfig6", "xfconf-query"):
            tool = folder / name
            tool.write_text(TOOL.format(log=log, paths=paths, code=code, said=said))
            tool.chmod(0o700)
        return log

    return install


@pytest.mark.parametrize("name", ["ubuntu:GNOME", "KDE", "XFCE", "sway", ""])
def test_the_desktop_is_recognized_by_its_name(tools: Callable[..., Path], name: str) -> None:
    tools()
    wanted = next((d for d in BindingDesktop if d.value in name), None)
    assert binding_desktop({"XDG_CURRENT_DESKTOP": name}) is wanted


def test_gnome_gets_one_more_custom_shortcut(tools: Callable[..., Path]) -> None:
    log = tools("['/other/']")
    create_binding(BindingDesktop.GNOME, KEYS)
    said = log.read_text()
    assert f"command {bound_command()}" in said
    assert "binding <Alt><Super>space" in said
    assert "['/other/', '/org/gnome/settings-daemon" in said
    log.unlink()
    path = "/org/gnome/settings-daemon/plugins/media-keys/custom-keybindings/repartee/"
    tools(f"['/other/', '{path}']")
    create_binding(BindingDesktop.GNOME, KEYS)
    assert "custom-keybindings [" not in log.read_text()
    remove_binding(BindingDesktop.GNOME, KEYS)
    assert "custom-keybindings ['/other/']" in log.read_text()
    tools(f"['{path}']")
    remove_binding(BindingDesktop.GNOME, KEYS)
    assert "custom-keybindings @as []" in log.read_text()


def test_shortcuts_of_xfce_and_kde_are_set_by_their_tools(tools: Callable[..., Path]) -> None:
    log = tools()
    create_binding(BindingDesktop.XFCE, KEYS)
    tools(said=bound_command())
    remove_binding(BindingDesktop.XFCE, KEYS)
    create_binding(BindingDesktop.KDE, KEYS)
    remove_binding(BindingDesktop.KDE, KEYS)
    _, create, _, reset, kde, undo = log.read_text().splitlines()
    assert "/commands/custom/<Alt><Super>space --create --type string" in create
    assert create.endswith(f"--set {bound_command()}")  # not all desktops find `repartee`
    assert shlex.split(bound_command())[0] == sys.executable
    assert reset.endswith("--reset")
    assert kde.endswith("--key quick Meta+Alt+Space")
    assert undo.endswith("--key quick --delete")


def test_keys_with_another_command_are_not_bound_on_xfce(tools: Callable[..., Path]) -> None:
    log = tools(said="xterm")
    with pytest.raises(StorageError) as refused:
        create_binding(BindingDesktop.XFCE, KEYS)
    assert refused.value.details == "xterm"
    assert "--set" not in log.read_text()
    tools(said=bound_command())
    create_binding(BindingDesktop.XFCE, KEYS)
    assert "--set" in log.read_text()


def test_a_failing_tool_raises_an_error(tools: Callable[..., Path]) -> None:
    for listed, code in (("@as []", 1), ("nonsense", 0)):
        tools(listed, code)
        with pytest.raises(StorageError):
            remove_binding(BindingDesktop.GNOME, KEYS)
