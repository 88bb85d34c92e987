"""The quick prompt pastes its answer into the window of another program."""

from __future__ import annotations

import asyncio
import queue
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import IO

import pytest
from Xlib import X
from Xlib import display as xlib

from desktop_app.desktop_session.hotkey.x11_keys import is_held
from tests.end2end.prepared_server import Prepared, PreparedServer
from tests.end2end.program import LONGEST_S, AssistiveClient, Program, wait_for
from tests.end2end.test_hotkey import press
from tests.end2end.test_resident import shows
from tests.integration.cli.command import gateway

# Other programs that text is pasted into. Each prints the id of its window and what it receives.
EDITOR = """
import sys
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QPlainTextEdit
application = QApplication(["editor"])
field = QPlainTextEdit("old words")
field.selectAll()
field.textChanged.connect(lambda: print(repr(field.toPlainText()), flush=True))
field.show()
print(int(field.winId()), flush=True)
application.exec()
"""
TERMINAL = """
import sys
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QWidget
application = QApplication(["xterm"])
class Terminal(QWidget):
    def keyPressEvent(self, event):
        clipboard = QGuiApplication.clipboard()
        held = event.modifiers() == Qt.KeyboardModifier.ShiftModifier
        if held and event.key() == Qt.Key.Key_Insert:
            print(repr(clipboard.text(clipboard.Mode.Selection)), flush=True)
        elif event.text():
            print(repr(event.text()), flush=True)
window = Terminal()
window.show()
print(int(window.winId()), flush=True)
application.exec()
"""
ANSWER = "The **new** words.\n\nWith a second line."


class ForeignWindow:
    """The window of another program."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self._lines: queue.Queue[str] = queue.Queue()
        Thread(target=self._read, args=(process.stdout,), daemon=True).start()
        self.window = int(self.text())

    def text(self) -> str:
        """Return its text, once that has changed."""
        return self._lines.get(timeout=LONGEST_S).strip()

    def _read(self, lines: IO[str]) -> None:
        for line in lines:
            self._lines.put(line)


def active() -> int:
    """Return the window that has the focus, 0 for none."""
    display = xlib.Display()
    root = display.screen().root
    found = root.get_full_property(display.intern_atom("_NET_ACTIVE_WINDOW"), X.AnyPropertyType)
    display.close()
    return int(found.value[0]) if found is not None and len(found.value) else 0


@contextmanager
def other_program(source: str) -> Iterator[ForeignWindow]:
    """Run another program and give it the focus."""
    command = [sys.executable, "-c", source]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            other = ForeignWindow(process)
            wait_for(lambda: active() == other.window, "the other program")
            yield other
        finally:
            process.kill()


@contextmanager
def layouts(names: str) -> Iterator[None]:
    """Change the layouts of the keyboard inside the block."""
    subprocess.run(["setxkbmap", "-layout", names], check=True)
    try:
        yield
    finally:
        subprocess.run(["setxkbmap", "-layout", "us"], check=True)


def ask_and_paste(program: Program) -> None:
    """Ask in the quick prompt, and have the answer pasted into the window that had the focus."""
    before = active()
    press()
    wait_for(lambda: shows(program, "quick-prompt"), "the quick prompt")
    wait_for(lambda: active() not in (0, before), "the focus")
    program.do("set_text", "prompt", text="new question")
    press("Return")
    program.wait_to_hear("Response complete.")
    press("ctrl+shift+Return")


def allow_pasting(program: Program) -> None:
    """Press Paste on the card that asks before the first paste into a program."""
    program.wait_to_hear("Paste, push button")
    press("Return")


async def with_program(
    home: Path,
    client: AssistiveClient,
    act: Callable[[Program], None],
    *arguments: str,
    answer: str = ANSWER,
) -> None:
    """Run the program with a provider, and act on it."""
    async with PreparedServer({"new": Prepared(answer)}) as server:
        with Program(home, client, *arguments, **gateway(server.base_url)) as program:
            await asyncio.to_thread(wait_for, is_held, "the shortcut")
            await asyncio.to_thread(act, program)


@pytest.mark.usefixtures("window_manager")
async def test_the_answer_replaces_the_selection_and_consent_is_asked_for_once(
    client: AssistiveClient, repartee_home: Path
) -> None:
    def act(program: Program) -> None:
        with other_program(EDITOR) as editor:
            ask_and_paste(program)
            allow_pasting(program)
            assert editor.text() == repr(ANSWER)
            assert active() == editor.window
        with other_program(EDITOR) as editor:
            ask_and_paste(program)  # without asking for consent
            assert editor.text() == repr(ANSWER)
        with other_program(TERMINAL) as terminal:
            ask_and_paste(program)
            assert terminal.text() == repr(ANSWER)

    await with_program(repartee_home, client, act, "--resident")


@pytest.mark.slow
@pytest.mark.attack("terminal")
@pytest.mark.usefixtures("window_manager")
async def test_a_terminal_gets_no_control_characters(
    client: AssistiveClient, repartee_home: Path
) -> None:
    # ESC [ 201 ~ would end the paste, and the shell would run the next line.
    def act(program: Program) -> None:
        with other_program(TERMINAL) as terminal:
            ask_and_paste(program)
            allow_pasting(program)
            assert terminal.text() == repr("One[201~\ntwo")

    await with_program(repartee_home, client, act, "--resident", answer="One\x1b[201~\ntwo")


@pytest.mark.slow
@pytest.mark.usefixtures("window_manager")
@pytest.mark.parametrize("names", ["us,ru", "ru", "fr", "dvorak"])
async def test_the_answer_is_pasted_on_any_keyboard_layout(
    client: AssistiveClient, repartee_home: Path, names: str
) -> None:
    def act(program: Program) -> None:
        with other_program(EDITOR) as editor:
            ask_and_paste(program)
            allow_pasting(program)
            assert editor.text() == repr(ANSWER)

    # From the start: a change in the middle would race with the window manager's.
    with layouts(names):
        await with_program(repartee_home, client, act, "--resident")


@pytest.mark.usefixtures("window_manager")
def test_the_quick_prompt_opens_on_the_screen_of_the_window_with_the_focus(
    client: AssistiveClient, repartee_home: Path
) -> None:
    for name, left, output in (("left", 0, "screen"), ("right", 800, "none")):
        place = f"800/200x1200/300+{left}+0"
        subprocess.run(["xrandr", "--setmonitor", name, place, output], check=True)
    try:
        with Program(repartee_home, client, "--resident") as program:
            wait_for(is_held, "the shortcut")
            for left in (800, 0):
                with other_program(EDITOR) as editor:
                    subprocess.run(
                        [
                            "xdotool",
                            "windowmove",
                            "--sync",
                            str(editor.window),
                            str(left + 50),
                            "9",
                        ],
                        check=True,
                    )
                    subprocess.run(["xdotool", "mousemove", str(810 - left), "900"], check=True)
                    press()
                    wait_for(lambda: shows(program, "quick-prompt"), "the quick prompt")
                    wait_for(lambda: active() not in (0, editor.window), "the focus")
                    assert left <= _left_edge(active()) < left + 800
                    press("Escape")
                    wait_for(lambda: not shows(program, "quick-prompt"), "its end")
    finally:
        for name in ("left", "right"):
            subprocess.run(["xrandr", "--delmonitor", name], check=True)


def _left_edge(window: int) -> int:
    display = xlib.Display()
    try:
        root = display.screen().root
        return int(root.translate_coords(display.create_resource_object("window", window), 0, 0).x)
    finally:
        display.close()
