"""The quick prompt opens on the pointer's screen, above a full-screen window."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from Xlib import X
from Xlib import display as xlib

from desktop_app.hotkey.x11_hotkey import is_held
from tests.end2end.other_program import pointer
from tests.end2end.program import AssistiveClient, Program, wait_for
from tests.end2end.test_hotkey import press
from tests.end2end.test_resident import shows

WIDTH, HEIGHT = 1600, 1200
HALF = WIDTH // 2
# Another program over the whole screen, which prints the id of its window.
FULL_SCREEN = """
from PySide6.QtWidgets import QApplication, QPlainTextEdit
application = QApplication([])
field = QPlainTextEdit()
field.showFullScreen()
print(int(field.winId()), flush=True)
application.exec()
"""


@pytest.fixture
def two_screens(window_manager: None) -> Iterator[None]:
    """Divide the X server's screen into two, side by side."""
    size = f"{HALF}/200x{HEIGHT}/300"
    subprocess.run(["xrandr", "--setmonitor", "left", f"{size}+0+0", "screen"], check=True)
    subprocess.run(["xrandr", "--setmonitor", "right", f"{size}+{HALF}+0", "none"], check=True)
    yield
    for name in ("left", "right"):
        subprocess.run(["xrandr", "--delmonitor", name], check=True)


def windows(name: str) -> list[int]:
    """Return a window manager's list of windows."""
    display = xlib.Display()
    root = display.screen().root
    found = root.get_full_property(display.intern_atom(name), X.AnyPropertyType)
    display.close()
    return [int(window) for window in found.value] if found is not None else []


def active() -> int:
    """Return the window that has the focus, 0 for none."""
    return next(iter(windows("_NET_ACTIVE_WINDOW")), 0)


def is_in_no_list(window: int) -> bool:
    """Return True if task lists and pagers leave a window out."""
    display = xlib.Display()
    name = display.intern_atom("_NET_WM_STATE")
    found = display.create_resource_object("window", window).get_full_property(
        name, X.AnyPropertyType
    )
    wanted = {display.intern_atom(f"_NET_WM_STATE_SKIP_{kind}") for kind in ("TASKBAR", "PAGER")}
    display.close()
    return found is not None and wanted <= set(found.value)


@contextmanager
def full_screen() -> Iterator[int]:
    """Run another program over the whole screen; yield the id of its window."""
    command = [sys.executable, "-c", FULL_SCREEN]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        try:
            yield int(other.stdout.readline())
        finally:
            other.kill()


def test_the_prompt_opens_on_the_screen_of_the_pointer_above_a_full_screen_window(
    client: AssistiveClient, repartee_home: Path, two_screens: None
) -> None:
    with full_screen() as full, Program(repartee_home, client, "--resident") as program:
        wait_for(is_held, "the shortcut")
        wait_for(lambda: active() == full, "the other program")
        for x in (HALF + 300, 300, HALF + 500):
            pointer("mousemove", "--sync", x, 900)
            press()
            wait_for(lambda: shows(program, "quick-prompt"), "the quick prompt")
            wait_for(lambda: active() not in (0, full), "the focus")
            assert is_in_no_list(active())
            if x < HALF:  # on the left screen, which the other program covers
                wait_for(lambda: windows("_NET_CLIENT_LIST_STACKING")[-1] == active(), "the top")
            left, _, width, _ = program.do("place", "quick-prompt", child="")
            assert left // HALF == (left + width - 1) // HALF == x // HALF
            press("Escape")
            wait_for(lambda: active() == full, "the other program again")
