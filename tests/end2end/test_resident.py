"""The program without a window: in the tray, by the session bus, and started at login."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from jeepney import DBusAddress, new_method_call
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import DBusConnection, open_dbus_connection
from jeepney.wrappers import DBusErrorResponse, unwrap_msg
from Xlib import X
from Xlib import display as xlib
from Xlib.protocol.event import ClientMessage

from desktop_app.desktop_session.application_object import INTERFACE, bus_name, object_path
from desktop_app.desktop_session.desktop_watch import WATCHER
from desktop_app.desktop_session.hotkey.x11_keys import is_held
from tests.end2end.program import LONGEST_S, AssistiveClient, Program, wait_for
from tests.end2end.test_hotkey import press
from tests.helpers.bus_service import BusService, Method, properties

TRAY: dict[tuple[str, str], Method] = {
    **properties(
        IsStatusNotifierHostRegistered=("b", True), RegisteredStatusNotifierItems=("as", [])
    ),
    (WATCHER.interface, "RegisterStatusNotifierItem"): lambda _name: ("", ()),
    ("org.freedesktop.DBus.Introspectable", "Introspect"): lambda: (
        "s",
        (
            '<node><interface name="org.kde.StatusNotifierWatcher">'
            '<property name="IsStatusNotifierHostRegistered" type="b" access="read"/>'
            '<method name="RegisterStatusNotifierItem"><arg type="s" direction="in"/></method>'
            "</interface></node>",
        ),
    ),
}


class Panel:
    """A tray as a desktop has it: it reads the menu of the item that registered."""

    def __init__(self, connection: DBusConnection, item: str) -> None:
        self._connection, self._item = connection, item

    def call(self, path: str, interface: str, method: str, signature: str, *body: Any) -> Any:
        address = DBusAddress(path, self._item, interface)
        message = new_method_call(address, method, signature or None, body)
        return unwrap_msg(self._connection.send_and_get_reply(message, timeout=LONGEST_S))

    def rows(self) -> dict[str, int]:
        """Return the ids of the menu's rows, by their texts without mnemonics."""
        _, (_, _, children) = self.call(
            "/MenuBar", "com.canonical.dbusmenu", "GetLayout", "iias", 0, -1, []
        )
        rows = [child[1] for child in children]
        return {row[1]["label"][1].replace("_", ""): row[0] for row in rows if "label" in row[1]}

    def choose(self, text: str) -> None:
        row = wait_for(lambda: self.rows().get(text, 0), f"{text} in the menu")
        event = ("clicked", ("s", ""), 0)
        self.call("/MenuBar", "com.canonical.dbusmenu", "Event", "isvu", row, *event)


@pytest.fixture
def connection() -> Any:
    with open_dbus_connection() as made:
        yield made


def shows(program: Program, identifier: str) -> bool:
    """Return True if a widget is visible now."""
    try:
        return "showing" in program.states(identifier)
    except LookupError:
        return False


def close_window(program: Program) -> None:
    """Ask the window to close, as its frame's button does, once it is on the screen."""
    wait_for(lambda: shows(program, "send"), "the window")
    wait_for(lambda: asked_to_close(program), "the window on the screen")


def asked_to_close(program: Program) -> bool:
    asked = False
    display = xlib.Display()
    protocols, delete = (display.intern_atom(n) for n in ("WM_PROTOCOLS", "WM_DELETE_WINDOW"))
    pid = display.intern_atom("_NET_WM_PID")
    for window in display.screen().root.query_tree().children:
        found = window.get_full_property(pid, X.AnyPropertyType)
        is_ours = found is not None and found.value[0] == program.process.pid
        if is_ours and window.get_attributes().map_state == X.IsViewable:
            data = (32, [delete, X.CurrentTime, 0, 0, 0])
            message = ClientMessage(window=window, client_type=protocols, data=data)
            window.send_event(message)
            asked = True
    display.close()
    return asked


def owner(connection: DBusConnection, name: str) -> bool:
    return bool(unwrap_msg(connection.send_and_get_reply(message_bus.NameHasOwner(name)))[0])


def the_name(connection: DBusConnection, program: Program) -> str:
    """Return the name that the program has on the bus, once it has it."""

    def is_of_the_program(name: str) -> bool:
        message = message_bus.GetConnectionUnixProcessID(name)
        try:
            (pid,) = unwrap_msg(connection.send_and_get_reply(message))
        except DBusErrorResponse:  # the owner has left the bus meanwhile
            return False
        return bool(pid == program.process.pid)

    def look() -> str:
        (names,) = unwrap_msg(connection.send_and_get_reply(message_bus.ListNames()))
        ours = (name for name in names if name.startswith(bus_name("")))
        return next(filter(is_of_the_program, ours), "")

    return wait_for(look, "the name on the bus")


@pytest.mark.slow
def test_a_resident_program_answers_the_keys_and_the_bus(
    client: AssistiveClient, repartee_home: Path, connection: DBusConnection
) -> None:
    with Program(repartee_home, client, "--resident") as program:
        wait_for(is_held, "the shortcut")
        assert not shows(program, "send")
        press()
        wait_for(lambda: shows(program, "quick-prompt"), "the quick prompt")
        press("Escape")
        wait_for(lambda: not shows(program, "quick-prompt"), "the quick prompt to close")
        assert program.process.poll() is None
        name = the_name(connection, program)
        address = DBusAddress(object_path(name), name, INTERFACE)
        message = new_method_call(address, "Activate", "a{sv}", ({},))
        unwrap_msg(connection.send_and_get_reply(message, timeout=LONGEST_S))
        wait_for(lambda: shows(program, "send"), "the window")
        assert program.quit() == 0
        wait_for(lambda: not owner(connection, name), "the name to be free")


def test_the_tray_brings_a_closed_window_back(
    client: AssistiveClient, repartee_home: Path, connection: DBusConnection
) -> None:
    address = os.environ["DBUS_SESSION_BUS_ADDRESS"]
    with (
        BusService(address, WATCHER.service, TRAY) as watcher,
        Program(repartee_home, client) as program,
    ):
        (item,) = watcher.wait_for("RegisterStatusNotifierItem")
        panel = Panel(connection, item)
        assert list(panel.rows())[:3] == ["Open Repartee", "Quick prompt", "New conversation"]
        close_window(program)
        program.do("press", "keep-running")
        wait_for(lambda: not shows(program, "send"), "the window to close")
        panel.choose("Quick prompt")
        wait_for(lambda: shows(program, "quick-prompt"), "the quick prompt")
        press("Escape")
        panel.choose("Open Repartee")
        wait_for(lambda: shows(program, "send"), "the window")
        panel.choose("Pause global shortcut")
        wait_for(lambda: not is_held(), "the keys to be free")
        panel.choose("Pause global shortcut")
        wait_for(is_held, "the keys")
        close_window(program)  # it was asked once
        wait_for(lambda: not shows(program, "send"), "the window to close")
        panel.choose("Quit")
        assert program.end() == 0
