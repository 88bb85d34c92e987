"""The check for a display, using the environment and the display server's reply."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from desktop_app.backend.display_check import display_problem
from tests.helpers.linux_only import linux_only

NOBODY = ":4711"


@pytest.mark.parametrize("platform", ["offscreen", "eglfs", "xcb;offscreen"])
def test_a_window_opens_without_a_display_on_platforms_that_need_none(platform: str) -> None:
    assert display_problem({"QT_QPA_PLATFORM": platform}) is None


@linux_only("X11 and Wayland")
@pytest.mark.parametrize("platform", ["", "xcb", "xcb:option"])
def test_an_x_server_that_has_ended_is_reported(platform: str) -> None:
    why = display_problem({"DISPLAY": NOBODY, "QT_QPA_PLATFORM": platform})
    assert why == f"The X11 server at DISPLAY={NOBODY} doesn’t respond."


@pytest.mark.parametrize("display", ["localhost:10.0", "far.example:0", "strange"])
def test_a_display_elsewhere_is_left_to_qt(display: str) -> None:
    assert display_problem({"DISPLAY": display}) is None


@linux_only("X11 and Wayland")
def test_an_x_server_on_this_computer_is_found() -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("\0/tmp/.X11-unix/X4712")
        server.listen()
        for name in (":4712", "unix:4712", ":4712.0"):
            assert display_problem({"DISPLAY": name}) is None
        assert display_problem({"DISPLAY": ":4712", "QT_QPA_PLATFORM": "wayland"}) is not None
        assert display_problem({"DISPLAY": ":4712", "QT_QPA_PLATFORM": "wayland;xcb"}) is None


@linux_only("X11 and Wayland")
def test_wayland_is_found_by_name_by_path_and_by_default(tmp_path: Path) -> None:
    runtime = {"XDG_RUNTIME_DIR": str(tmp_path)}
    gone = display_problem({**runtime, "WAYLAND_DISPLAY": "wayland-1"})
    assert gone == "The Wayland compositor at WAYLAND_DISPLAY=wayland-1 doesn’t respond."
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "wayland-0"))
        server.listen()
        assert display_problem(runtime) is None
        assert display_problem({**runtime, "WAYLAND_DISPLAY": "wayland-0"}) is None
        assert display_problem({"WAYLAND_DISPLAY": str(tmp_path / "wayland-0")}) is None
        assert display_problem({**runtime, "QT_QPA_PLATFORM": "xcb"}) is not None
        assert display_problem({**runtime, "QT_QPA_PLATFORM": "wayland;xcb"}) is None
