"""The global shortcut by a portal on a bus of the test's own, and by the desktop's tools."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from desktop_app.desktop_session.hotkey.hotkey_status import (
    HOTKEY_COMMAND,
    HotkeyError,
    HotkeyStatus,
)
from desktop_app.desktop_session.portal.portal_requests import PATH, SERVICE
from desktop_app.desktop_session.portal.portal_shortcut import (
    INTERFACE,
    PortalShortcut,
    check_portal,
)
from desktop_app.desktop_session.session_bus import SessionBus
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
        self._tell("Activated", session, shortcut)

    def release(self, session: str = SESSION) -> None:
        self._tell("Deactivated", session, HOTKEY_COMMAND)

    def _tell(self, signal: str, session: str, shortcut: str) -> None:
        body: tuple[Any, ...] = (session, shortcut, 0, {})
        self.service.emit(PATH, INTERFACE, signal, "osta{sv}", *body)


def shortcut(
    bus: SessionBus, on_press: Callable[[], None], on_loss: Any = None, on_release: Any = None
) -> PortalShortcut:
    nothing = lambda: None  # noqa: E731
    return PortalShortcut(bus, "", on_press, on_release or nothing, on_loss or nothing)


async def test_the_portal_reports_presses_until_the_shortcut_is_closed(address: str) -> None:
    pressed: asyncio.Queue[None] = asyncio.Queue()
    lost: asyncio.Queue[None] = asyncio.Queue()
    portal = ShortcutsPortal(address)
    with portal.service:
        async with session_bus() as bus:
            assert (await check_portal(KEYS, "")).status is HotkeyStatus.ASKS
            released: asyncio.Queue[None] = asyncio.Queue()
            held = shortcut(
                bus,
                lambda: pressed.put_nowait(None),
                lambda: lost.put_nowait(None),
                lambda: released.put_nowait(None),
            )
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
            portal.release(session=f"{SESSION}z")
            portal.release()
            await released.get()
            assert released.empty()
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


@pytest.mark.parametrize(("code", "bound"), [(1, True), (2, True), (0, False)])
async def test_a_refused_shortcut_is_unavailable(address: str, code: int, bound: bool) -> None:
    portal = ShortcutsPortal(address, code=code, bound=bound)
    with portal.service:
        async with session_bus() as bus:
            with pytest.raises(HotkeyError) as refused:
                await shortcut(bus, lambda: None).bind(KEYS, "Open it")
            assert refused.value.status is HotkeyStatus.UNAVAILABLE


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


async def test_the_shortcut_is_unavailable_without_a_portal(address: str) -> None:
    async with session_bus() as bus:
        with pytest.raises(HotkeyError):
            await shortcut(bus, lambda: None).bind(KEYS, "Open it")
        assert (await check_portal(KEYS, "")).status is HotkeyStatus.UNAVAILABLE
