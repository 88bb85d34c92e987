"""The program under a Wayland compositor: Weston, in a window of the X server."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from jeepney import DBusAddress, new_method_call
from jeepney.io.blocking import open_dbus_connection
from jeepney.wrappers import unwrap_msg

from desktop_app.desktop_session.application_object import INTERFACE, object_path
from desktop_app.desktop_session.desktop_watch import WATCHER
from tests.end2end.prepared_server import Prepared, PreparedServer
from tests.end2end.program import LONGEST_S, AssistiveClient, Program, wait_for
from tests.end2end.test_hotkey import press, reported
from tests.end2end.test_paste_back import ForeignWindow
from tests.end2end.test_resident import TRAY, shows, the_name
from tests.helpers.bus_service import BusService
from tests.helpers.keyboard_portal import CTRL_V, KeyboardPortal
from tests.integration.cli.command import gateway
from tests.integration.session.test_portal_shortcut import ShortcutsPortal

# Another program, which gets the focus as a new window, and then says what is on the clipboard.
READER = """
import os
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QWidget
application = QApplication([])
window = QWidget()
def read():
    if application.focusWindow() and (text := QGuiApplication.clipboard().text()):
        print(text, flush=True)
        os._exit(0)  # Qt's destructors sometimes wait forever for the compositor
application.focusWindowChanged.connect(lambda *_: read())
QGuiApplication.clipboard().dataChanged.connect(read)
window.show()
application.exec()
"""
# An editor, whose new window gets the focus. It says so, and then its text after each change.
EDITOR = """
from PySide6.QtWidgets import QApplication, QPlainTextEdit
application = QApplication([])
field = QPlainTextEdit("old words")
field.selectAll()
field.textChanged.connect(lambda: print(repr(field.toPlainText()), flush=True))
field.show()
while not application.focusWindow():
    application.processEvents()
print(int(field.winId()), flush=True)
application.exec()
"""
SOCKET = "repartee-test"


@pytest.fixture
def compositor(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run the compositor, and make it the place of new windows."""
    command = ["weston", "--backend=x11-backend.so", "--use-pixman", "--no-config"]
    command += ["--width=1400", "--height=1000", f"--socket={SOCKET}", "--idle-time=0"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as weston:
        socket = Path(os.environ["XDG_RUNTIME_DIR"]) / SOCKET
        try:
            wait_for(socket.exists, "the compositor")
            monkeypatch.setenv("WAYLAND_DISPLAY", SOCKET)
            monkeypatch.setenv("QT_QPA_PLATFORM", "wayland")
            yield
        finally:
            weston.terminate()


def copied() -> str:
    """Return what another program finds on the clipboard."""
    command = [sys.executable, "-c", READER]
    return subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=LONGEST_S
    ).stdout


def use(program: Program, portal: ShortcutsPortal, home: Path) -> None:
    wait_for(lambda: "GPT" in program.do("name", "model"), "the window to answer")
    portal.service.wait_for("BindShortcuts")
    wait_for(lambda: reported(home)["status"] == "works", "the shortcut")
    portal.press()
    wait_for(lambda: shows(program, "quick-prompt"), "the quick prompt")
    program.wait_to_hear("Message, text")
    subprocess.run(["xdotool", "type", "--delay", "25", "new question"], check=True)
    press("Return")
    program.wait_to_hear("Response complete.")
    press("ctrl+shift+Return")  # no program may type into another
    program.wait_to_hear("Copied. This desktop doesn’t let programs paste for you.")
    assert copied().strip() == "The **new** words."
    program.do_named("press", "Continue in Repartee", "push button")
    wait_for(lambda: not shows(program, "quick-prompt"), "the window")
    program.wait_for_text("transcript", lambda text: "new" in text)


async def test_it_works_without_x(
    client: AssistiveClient, repartee_home: Path, compositor: None
) -> None:
    portal = ShortcutsPortal(os.environ["DBUS_SESSION_BUS_ADDRESS"])
    address = os.environ["DBUS_SESSION_BUS_ADDRESS"]
    with portal.service, BusService(address, WATCHER.service, TRAY) as tray:
        async with PreparedServer({"new": Prepared("The **new** words.")}) as server:
            named = gateway(server.base_url) | {"QT_QPA_PLATFORM": "wayland"}
            with Program(repartee_home, client, **named) as program:
                await asyncio.to_thread(use, program, portal, repartee_home)
                assert await asyncio.to_thread(program.quit) == 0
        tray.wait_for("RegisterStatusNotifierItem")


@contextmanager
def editor_with_focus() -> Iterator[ForeignWindow]:
    """Open the window of another program, which gets the focus because it is new."""
    command = [sys.executable, "-c", EDITOR]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield ForeignWindow(process)  # once the window says that it has the focus
        finally:
            process.kill()


def type_on_x(keys: list[tuple[int, int]]) -> None:
    """Type on the X server, in whose window the compositor runs, as the portal would there."""
    for key, state in keys:
        name = {0xFFE3: "Control_L", 0x76: "v"}[key]
        subprocess.run(["xdotool", "keydown" if state else "keyup", name], check=True)


def open_quick(program: Program) -> None:
    """Open the quick prompt as the desktop does, once the program is on the bus."""
    with open_dbus_connection() as connection:
        name = the_name(connection, program)
        address = DBusAddress(object_path(name), name, INTERFACE)
        message = new_method_call(address, "ActivateAction", "sava{sv}", ("quick", [], {}))
        unwrap_msg(connection.send_and_get_reply(message, timeout=LONGEST_S))


def ask_and_paste(program: Program, portal: KeyboardPortal, question: str) -> None:
    """Ask in the quick prompt and paste the answer, until the portal has the keys."""
    portal.typed.clear()
    wait_for(lambda: shows(program, "quick-prompt"), "the quick prompt")
    program.wait_to_hear("Message, text")
    subprocess.run(["xdotool", "type", "--delay", "25", question], check=True)
    press("Return")
    program.wait_to_hear("Response complete.")
    press("ctrl+shift+Return")
    wait_for(lambda: portal.typed == CTRL_V, "the keys")
    assert not shows(program, "quick-prompt")


@pytest.mark.slow
async def test_the_portal_pastes_into_another_program(
    client: AssistiveClient, repartee_home: Path, compositor: None
) -> None:
    portal = KeyboardPortal(os.environ["DBUS_SESSION_BUS_ADDRESS"])

    def act(program: Program) -> None:
        for question in ("new question", "new question again"):
            open_quick(program)
            ask_and_paste(program, portal, question)
            with editor_with_focus() as editor:
                type_on_x(portal.typed)
                assert editor.text() == repr("The **new** words.")
        assert portal.asked == 1

    with portal.service:
        async with PreparedServer({"new": Prepared("The **new** words.")}) as server:
            named = gateway(server.base_url) | {"QT_QPA_PLATFORM": "wayland"}
            with Program(repartee_home, client, "--resident", **named) as program:
                await asyncio.to_thread(act, program)
                assert await asyncio.to_thread(program.quit) == 0
