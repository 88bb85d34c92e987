"""The global shortcut on X11, with a simulated X server."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from Xlib import XK, X
from Xlib import display as xlib
from Xlib import error as xlib_error

from desktop_app.desktop_session.hotkey.hotkey_status import (
    HotkeyError,
    HotkeyReport,
    HotkeyStatus,
    check_hotkey,
    is_x11,
)
from desktop_app.desktop_session.hotkey.keysyms import accelerator, portal_trigger
from desktop_app.desktop_session.hotkey.x11_keys import X11Hotkey, is_held

# Modifiers: Shift, Lock, Control and Mod1 to Mod5, each with its keys; 0 stands for none.
MODIFIERS = [[50, 62], [66], [37], [64, 0], [77], [0], [133], [0]]
KEYS = {"Alt_L": 64, "Super_L": 133, "Num_Lock": 77, "space": 65, "g": 42, "Prior": 112, "Alt": 64}
ALT, NUM, SUPER = 1 << 3, 1 << 4, 1 << 6
WINDOW = 31
SESSION = {"DISPLAY": ":0"}


XK.load_keysym_group("xkb")
KEYS["ISO_Left_Tab"] = 23


class XServer:
    """A server, its only connection and its root window."""

    def __init__(self, **more: int) -> None:
        self.codes = {XK.string_to_keysym(name): code for name, code in (KEYS | more).items()}
        self.modifiers = MODIFIERS
        self.grabbed: list[tuple[int, int]] = []
        self.events: list[Any] = []
        self.owner: int = X.NONE
        self.is_taken = self.is_lost = False
        self.opened = self.closed = self.synced = 0

    def connect(self) -> XServer:
        if self.is_lost:
            raise xlib_error.DisplayConnectionError(":0", b"no server")
        self.opened += 1
        return self

    def screen(self) -> Any:
        return SimpleNamespace(root=self)

    def fileno(self) -> int:
        return 9

    def close(self) -> None:
        self.closed += 1

    def sync(self) -> None:
        if self.is_lost:
            raise xlib_error.ConnectionClosedError("server")
        self.synced += 1

    def keysym_to_keycode(self, keysym: int) -> int:
        return self.codes.get(keysym, 0)

    def get_modifier_mapping(self) -> list[list[int]]:
        return self.modifiers

    def grab_key(self, code: int, mask: int, *, onerror: Any, **options: int) -> None:
        modes = {"pointer_mode": X.GrabModeAsync, "keyboard_mode": X.GrabModeAsync}
        assert options == {"owner_events": True, **modes}
        if self.is_taken:
            onerror(xlib_error.BadAccess.__new__(xlib_error.BadAccess), None)
        else:
            self.grabbed.append((code, mask))

    def ungrab_key(self, *which: int) -> None:
        assert which == (X.AnyKey, X.AnyModifier)
        self.grabbed = []

    def create_window(self, **geometry: int) -> Any:
        size = {"x": 0, "y": 0, "width": 1, "height": 1}
        assert geometry == {**size, "border_width": 0, "depth": X.CopyFromParent}
        return SimpleNamespace(set_selection_owner=self.own)

    def own(self, selection: str, at: int) -> None:
        assert (selection, at) == ("_REPARTEE_GLOBAL_SHORTCUT", X.CurrentTime)
        self.owner = WINDOW

    def intern_atom(self, name: str) -> str:
        return name

    def get_selection_owner(self, selection: str) -> int:
        assert selection == "_REPARTEE_GLOBAL_SHORTCUT"
        return self.owner

    def pending_events(self) -> int:
        if self.is_lost:
            raise xlib_error.ConnectionClosedError("server")
        return len(self.events)

    def next_event(self) -> Any:
        return self.events.pop(0)

    def refresh_keyboard_mapping(self, event: Any) -> None:
        self.codes = {XK.string_to_keysym(name): code for name, code in event.keys.items()}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> XServer:
    """Return the server that programs of this session connect to."""
    simulated = XServer()
    monkeypatch.setattr(xlib, "Display", simulated.connect)
    return simulated


def event(kind: int, **facts: Any) -> Any:
    return SimpleNamespace(type=kind, **{"time": 0, **facts})


@pytest.mark.parametrize(
    ("keys", "code", "mask"),
    [
        ("Meta+Alt+Space", 65, SUPER | ALT),
        ("Ctrl+Shift+G", 42, X.ControlMask | X.ShiftMask),
        ("Meta+PgUp", 112, SUPER),
        ("Meta+Backtab", 23, SUPER | X.ShiftMask),
    ],
)
def test_keys_are_grabbed_with_all_locks(server: XServer, keys: str, code: int, mask: int) -> None:
    hotkey = X11Hotkey(keys)
    locks = [0, X.LockMask, NUM, X.LockMask | NUM]
    assert sorted(server.grabbed) == [(code, mask | lock) for lock in locks]
    assert server.synced == 2
    assert hotkey.fileno() == 9
    assert is_held()
    hotkey.close()
    assert (server.grabbed, server.synced) == ([], 3)
    assert (server.opened, server.closed) == (2, 2)


def test_presses_are_counted_once(server: XServer) -> None:
    hotkey = X11Hotkey("Meta+G")
    turns = ((X.KeyPress, 1), (X.KeyRelease, 500), (X.KeyPress, 500), (X.KeyRelease, 600))
    server.events = [event(kind, time=time) for kind, time in turns]  # held, it repeats
    assert [hotkey.count_presses(), hotkey.is_down, hotkey.count_presses()] == [1, False, 0]
    server.events = [event(X.KeyPress, time=700)]
    assert [hotkey.count_presses(), hotkey.is_down] == [1, True]
    assert server.grabbed


def test_a_new_layout_moves_the_grab(server: XServer) -> None:
    hotkey = X11Hotkey("Meta+G")
    server.events = [event(X.MappingNotify, keys={"g": 43, "Super_L": 133}), event(X.KeyPress)]
    assert hotkey.count_presses() == 1
    # This layout has no Num Lock.
    assert sorted(server.grabbed) == [(43, SUPER), (43, SUPER | X.LockMask)]
    server.events = [event(X.MappingNotify, keys={})]
    with pytest.raises(HotkeyError) as refused:
        hotkey.count_presses()
    assert refused.value.status is HotkeyStatus.UNKNOWN_KEYS


def test_a_lost_x_server_is_an_error_but_not_when_closing(server: XServer) -> None:
    hotkey = X11Hotkey("Meta+G")
    server.is_lost = True
    with pytest.raises(HotkeyError) as refused:
        hotkey.count_presses()
    assert refused.value.status is HotkeyStatus.UNAVAILABLE
    hotkey.close()
    assert not is_held()
    with pytest.raises(HotkeyError) as refused:
        X11Hotkey("Meta+G")
    assert refused.value.status is HotkeyStatus.UNAVAILABLE


@pytest.mark.parametrize(
    ("keys", "environment", "status"),
    [
        ("", SESSION, HotkeyStatus.OFF),
        ("Meta+G", {}, HotkeyStatus.UNAVAILABLE),
        ("Meta+G", SESSION | {"WAYLAND_DISPLAY": "wayland-0"}, HotkeyStatus.UNAVAILABLE),
        ("Meta+G", SESSION, HotkeyStatus.WORKS),
        ("Meta+Ж", SESSION, HotkeyStatus.UNKNOWN_KEYS),
    ],
)
def test_the_doctor_registers_the_keys_for_a_moment(
    server: XServer, keys: str, environment: dict[str, str], status: HotkeyStatus
) -> None:
    assert check_hotkey(keys, environment) == HotkeyReport(keys, status)
    assert is_x11(environment) is (environment == SESSION)
    assert not server.grabbed
    assert server.opened == server.closed


def test_doctor_recognizes_keys_held_by_the_program(server: XServer) -> None:
    server.is_taken = True
    assert check_hotkey("Meta+G", SESSION).status is HotkeyStatus.TAKEN
    assert not is_held()
    server.owner = WINDOW
    assert check_hotkey("Meta+G", SESSION).status is HotkeyStatus.WORKS
    # The program cannot hold keys that the keyboard lacks.
    assert check_hotkey("Meta+Ж", SESSION).status is HotkeyStatus.UNKNOWN_KEYS


@pytest.mark.parametrize(
    ("keys", "trigger", "gtk"),
    [
        ("Meta+Alt+Space", "ALT+LOGO+space", "<Alt><Super>space"),
        ("Ctrl+Shift+G", "CTRL+SHIFT+g", "<Primary><Shift>g"),
        ("Ctrl+Backtab", "CTRL+SHIFT+ISO_Left_Tab", "<Primary><Shift>ISO_Left_Tab"),
        ("Meta+PgUp", "LOGO+Prior", "<Super>Prior"),
        ("F5", "F5", "F5"),
        ("Meta+.", "LOGO+period", "<Super>period"),
        ("Ctrl++", "CTRL+plus", "<Primary>plus"),
        ("Alt+Ö", "ALT+odiaeresis", "<Alt>odiaeresis"),
        ("Alt+Ж", "ALT+Cyrillic_zhe", "<Alt>Cyrillic_zhe"),
        ("Alt+Š", "ALT+scaron", "<Alt>scaron"),
        ("Alt+Σ", "ALT+Greek_sigma", "<Alt>Greek_sigma"),
        ("Alt+ש", "ALT+hebrew_shin", "<Alt>hebrew_shin"),
        ("Alt+Ա", "ALT+U0561", "<Alt>U0561"),
        ("Alt+İ", "ALT+i", "<Alt>i"),
    ],
)
def test_keys_are_written_in_the_form_of_each_desktop(keys: str, trigger: str, gtk: str) -> None:
    assert (portal_trigger(keys), accelerator(keys)) == (trigger, gtk)
