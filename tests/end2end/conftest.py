"""The AT-SPI client that all end-to-end tests share, and a window manager."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest
from Xlib import X
from Xlib import display as xlib

from tests.end2end.program import AssistiveClient, wait_for
from tests.helpers.processors import on_one_processor


@pytest.fixture(autouse=True)
def on_the_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show the programs that a test starts on the X server, and to assistive technology.

    Other tests of the same process use Qt's offscreen platform.
    """
    monkeypatch.setenv("QT_QPA_PLATFORM", "xcb")
    monkeypatch.setenv("QT_ACCESSIBILITY", "1")
    monkeypatch.setenv("QT_LINUX_ACCESSIBILITY_ALWAYS_ON", "1")


@pytest.fixture
def one_processor() -> Iterator[None]:
    """Start the programs of a test on one processor, for the on-device model."""
    with on_one_processor():
        yield


@pytest.fixture(scope="session")
def client() -> Iterator[AssistiveClient]:
    """Yield the client, which runs outside the program under test."""
    client = AssistiveClient()
    yield client
    client.close()


@pytest.fixture
def window_manager() -> Iterator[None]:
    """Run a window manager, which gives the focus to new windows as a desktop does."""
    with subprocess.Popen(["openbox"], stderr=subprocess.DEVNULL) as manager:
        try:
            wait_for(_is_managed, "the window manager")
            yield
        finally:
            manager.terminate()


def _is_managed() -> bool:
    display = xlib.Display()
    name = display.intern_atom("_NET_SUPPORTING_WM_CHECK")
    found = display.screen().root.get_full_property(name, X.AnyPropertyType)
    display.close()
    return found is not None
