"""The global shortcut of the system and of X11: presses, changed keys, a lost grab."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication

from desktop_app.app.desktop import hotkey_controller
from desktop_app.app.desktop.hotkey_controller import HotkeyController
from desktop_app.app.tasks import Tasks
from desktop_app.hotkey import native_hotkey
from desktop_app.hotkey.hotkey_status import HotkeyError, HotkeyReport, HotkeyStatus
from desktop_app.session.session_bus import SessionBus
from tests.gui.app.app_harness import until
from tests.helpers.waiting import LONGEST_S

if TYPE_CHECKING:
    import pytest


class System:
    """The keys that are held, and those that another program has."""

    def __init__(self) -> None:
        self.held: dict[str, Callable[[], object]] = {}

    def register(self, keys: str, on_press: Callable[[], object]) -> Held:
        if keys == "Ctrl+F2":
            raise HotkeyError(HotkeyStatus.TAKEN)
        self.held[keys] = on_press
        return Held(self, keys)


class Held:
    """The grab of keys that are held."""

    def __init__(self, system: System, keys: str) -> None:
        self._system, self._keys = system, keys

    def close(self) -> None:
        del self._system.held[self._keys]


def is_reported(keys: str, reports: list[HotkeyReport]) -> bool:
    return bool(reports) and reports[-1].keys == keys


async def test_keys_are_grabbed_until_other_keys_or_none_are_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    system = System()
    monkeypatch.setattr(native_hotkey, "is_native", lambda: True)
    monkeypatch.setattr(native_hotkey, "register", system.register)
    reports: list[HotkeyReport] = []
    pressed: list[threading.Thread] = []
    parent, tasks = QObject(), Tasks(lambda error: None)
    controller = HotkeyController(parent, bus=SessionBus(), scope="", tasks=tasks)
    controller.reported.connect(reports.append)
    controller.pressed.connect(lambda: pressed.append(threading.current_thread()))
    for keys, status in (
        ("Ctrl+F1", HotkeyStatus.WORKS),
        ("Ctrl+F2", HotkeyStatus.TAKEN),
        ("", HotkeyStatus.OFF),
        ("Ctrl+F4", HotkeyStatus.PAUSED),
        ("Ctrl+F3", HotkeyStatus.WORKS),
    ):
        controller.set_keys(keys, paused=status is HotkeyStatus.PAUSED)
        await until(partial(is_reported, keys, reports))
        assert reports[-1].status is status
        assert list(system.held) == [keys] * (status is HotkeyStatus.WORKS)
    thread = threading.Thread(target=system.held["Ctrl+F3"])
    thread.start()
    thread.join()
    await until(lambda: bool(pressed))
    assert pressed == [threading.main_thread()]
    await controller.close()
    assert not system.held


class PressedAtOnce:
    """A grab of X11 whose keys were pressed while it was made: nothing more is to be read."""

    def __init__(self, _keys: str) -> None:
        self._ends, self._presses = os.pipe(), 1

    def fileno(self) -> int:
        return self._ends[0]

    def count_presses(self) -> int:
        count, self._presses = self._presses, 0
        return count

    def close(self) -> None:
        for end in self._ends:
            os.close(end)


async def test_a_press_while_the_keys_are_grabbed_is_not_missed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(QGuiApplication, "platformName", staticmethod(lambda: "xcb"))
    monkeypatch.setattr(hotkey_controller, "is_x11", lambda _environment: True)
    monkeypatch.setattr(hotkey_controller, "_grab_on_x11", PressedAtOnce)
    parent, tasks, pressed = QObject(), Tasks(lambda error: None), list[bool]()
    controller = HotkeyController(parent, bus=SessionBus(), scope="", tasks=tasks)
    controller.pressed.connect(lambda: pressed.append(True))
    controller.set_keys("Ctrl+F1", paused=False)
    await until(lambda: pressed)
    await controller.close()


class LosableGrab(PressedAtOnce):
    """A grab of X11 that is made once `may_begin` is set; the first one is lost at once."""

    grabs: ClassVar[list[LosableGrab]] = []
    may_begin: ClassVar[threading.Event]

    def __init__(self, keys: str) -> None:
        super().__init__(keys)
        self.is_closed = False
        self.grabs.append(self)
        self.may_begin.wait(LONGEST_S)

    def count_presses(self) -> int:
        if self is self.grabs[0]:
            raise HotkeyError(HotkeyStatus.UNAVAILABLE)
        return 0

    def close(self) -> None:
        self.is_closed = True
        super().close()


async def test_keys_that_replace_a_lost_grab_stay_grabbed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QGuiApplication, "platformName", staticmethod(lambda: "xcb"))
    monkeypatch.setattr(hotkey_controller, "is_x11", lambda _environment: True)
    monkeypatch.setattr(hotkey_controller, "_grab_on_x11", LosableGrab)
    monkeypatch.setattr(LosableGrab, "grabs", [])
    monkeypatch.setattr(LosableGrab, "may_begin", threading.Event(), raising=False)
    parent, tasks, reports = QObject(), Tasks(lambda error: None), list[HotkeyReport]()
    controller = HotkeyController(parent, bus=SessionBus(), scope="", tasks=tasks)
    controller.reported.connect(reports.append)
    controller.set_keys("Ctrl+F1", paused=False)
    await until(lambda: LosableGrab.grabs)
    controller.set_keys("Ctrl+F2", paused=False)
    LosableGrab.may_begin.set()
    await tasks.shut_down()
    lost, held = LosableGrab.grabs
    assert reports[-1] == HotkeyReport("Ctrl+F2", HotkeyStatus.WORKS)
    assert (lost.is_closed, held.is_closed) == (True, False)
    await controller.close()
    assert held.is_closed
