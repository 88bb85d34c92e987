"""The global shortcut on Windows, with simulated functions of Windows."""

from __future__ import annotations

import queue
import sys
import threading
from typing import Any

import pytest

from desktop_app.hotkey import windows_hotkey
from desktop_app.hotkey.hotkey_check import check_native_hotkey
from desktop_app.hotkey.hotkey_status import HotkeyError, HotkeyStatus
from desktop_app.hotkey.native_hotkey import is_native, register
from desktop_app.hotkey.windows_hotkey import (
    ALREADY_REGISTERED,
    NO_REPEAT,
    WM_HOTKEY,
    WM_QUIT,
    WindowsHotkey,
    WindowsLibrary,
    is_held,
    parse_shortcut,
)

ACCESS_DENIED = 5


class Windows:
    """Both libraries: a queue of messages, the registered keys and the mutexes."""

    def __init__(self, error: int = 0) -> None:
        self.error = error
        self._messages: queue.SimpleQueue[tuple[int, int]] = queue.SimpleQueue()
        self.registered: list[tuple[int, int, int]] = []
        self.mutexes: dict[int, str] = {}
        self.by_thread: set[int] = set()
        self.library = WindowsLibrary(self, self, lambda: self.error)

    def post(self, message: int, number: int = 0) -> None:
        self._messages.put((message, number))

    def PeekMessageW(self, _message: Any, *all_of_them: Any) -> int:
        assert all_of_them == (None, 0, 0, 0)
        return 0

    def GetCurrentThreadId(self) -> int:
        return 7

    def RegisterHotKey(self, window: None, number: int, modifiers: int, key: int) -> int:
        assert window is None
        self.by_thread.add(threading.get_ident())
        if self.error:
            return 0
        self.registered.append((number, modifiers, key))
        return 1

    def UnregisterHotKey(self, window: None, number: int) -> int:
        assert window is None
        self.by_thread.add(threading.get_ident())
        self.registered = [kept for kept in self.registered if kept[0] != number]
        return 1

    def GetMessageW(self, message: Any, *all_of_them: Any) -> int:
        assert all_of_them == (None, 0, 0)
        kind, number = self._messages.get()
        message._obj.message, message._obj.wParam = kind, number
        return int(kind != WM_QUIT)

    def PostThreadMessageW(self, thread: int, message: int, *nothing: int) -> int:
        assert (thread, nothing) == (7, (0, 0))
        self.post(message)
        return 1

    def VkKeyScanW(self, character: str) -> int:
        assert len(character.encode("utf-16-le")) == 2
        return {"ö": 0xC0, "+": 0x1BB, "i": 0x49}.get(character, -1)

    def CreateMutexW(self, attributes: None, owned: bool, name: str) -> int:
        assert (attributes, owned) == (None, False)
        self.mutexes[99] = name
        return 99

    def OpenMutexW(self, access: int, inherit: bool, name: str) -> int:
        assert (access, inherit) == (0x00100000, False)
        return 98 if name in self.mutexes.values() else 0

    def CloseHandle(self, handle: int) -> int:
        self.mutexes.pop(handle, None)
        return 1


@pytest.mark.parametrize(
    ("keys", "modifiers", "key"),
    [
        ("Meta+Alt+Space", 0x8 | 0x1, 0x20),
        ("Ctrl+Shift+A", 0x2 | 0x4, 0x41),
        ("Ctrl+7", 0x2, 0x37),
        ("F1", 0, 0x70),
        ("Alt+PgDown", 0x1, 0x22),
        ("Ctrl+Backtab", 0x2 | 0x4, 0x09),
        ("Ctrl+Ö", 0x2, 0xC0),
        ("Ctrl+İ", 0x2, 0x49),
        ("Ctrl++", 0x2, 0xBB),  # the Shift that typing it takes is not part of the shortcut
    ],
)
def test_keys_are_modifiers_and_a_virtual_key(keys: str, modifiers: int, key: int) -> None:
    assert parse_shortcut(keys, Windows().library) == (modifiers, key)


@pytest.mark.parametrize("keys", ["Ctrl+Ж", "Ctrl+😀"])
def test_a_key_that_the_layout_lacks_is_an_error(keys: str) -> None:
    with pytest.raises(HotkeyError) as refused:
        parse_shortcut(keys, Windows().library)
    assert refused.value.status is HotkeyStatus.UNKNOWN_KEYS


def test_presses_are_reported_until_the_shortcut_is_closed() -> None:
    windows = Windows()
    pressed: queue.SimpleQueue[None] = queue.SimpleQueue()
    assert not is_held(windows.library)
    held = WindowsHotkey("Meta+Alt+Space", lambda: pressed.put(None), windows.library)
    assert windows.registered == [(1, 0x9 | NO_REPEAT, 0x20)]
    assert is_held(windows.library)
    windows.post(WM_HOTKEY, 2)
    windows.post(0x0113, 1)
    windows.post(WM_HOTKEY, 1)
    pressed.get(timeout=30)
    held.close()
    assert pressed.empty()
    assert not windows.registered
    assert not is_held(windows.library)
    held.close()
    # On Windows, only the thread that registered the keys can release them.
    assert len(windows.by_thread) == 1


@pytest.mark.parametrize(
    ("error", "status"),
    [(ALREADY_REGISTERED, HotkeyStatus.TAKEN), (ACCESS_DENIED, HotkeyStatus.UNAVAILABLE)],
)
def test_a_refused_registration_raises_its_reason(error: int, status: HotkeyStatus) -> None:
    windows = Windows(error)
    with pytest.raises(HotkeyError) as refused:
        WindowsHotkey("Meta+Alt+Space", lambda: None, windows.library)
    assert refused.value.status is status
    assert not windows.mutexes


def test_the_doctor_registers_the_keys_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    windows = Windows()
    monkeypatch.setattr(windows_hotkey, "windows_library", lambda: windows.library)
    assert check_native_hotkey("", "win32").status is HotkeyStatus.OFF
    assert check_native_hotkey("Ctrl+Ж", "win32").status is HotkeyStatus.UNKNOWN_KEYS
    assert check_native_hotkey("Ctrl+F1", "win32").status is HotkeyStatus.WORKS
    assert not windows.registered
    held = register("Ctrl+F1", lambda: None, "win32")
    windows.error = ALREADY_REGISTERED
    # A registration fails because another process of the program holds the keys.
    assert check_native_hotkey("Ctrl+F1", "win32").status is HotkeyStatus.WORKS
    held.close()
    assert check_native_hotkey("Ctrl+F1", "win32").status is HotkeyStatus.TAKEN


@pytest.mark.skipif(sys.platform == "darwin", reason="a Mac has them")
def test_a_mac_without_the_frameworks_has_no_shortcut() -> None:
    assert is_native("darwin")
    assert not is_native("linux")
    assert check_native_hotkey("Ctrl+F1", "darwin").status is HotkeyStatus.UNAVAILABLE


# winuser.h, VK_…; winerror.h.
HEADER = """
Backspace 08 Tab 09 Backtab 09 Return 0D Pause 13 Esc 1B Space 20 PgUp 21 PgDown 22 End 23 Home 24
Left 25 Up 26 Right 27 Down 28 Print 2C Ins 2D Del 2E Help 2F Menu 5D F1 70 F12 7B F24 87
"""


def test_the_numbers_are_those_of_the_header() -> None:
    words = HEADER.split()
    codes = {key: int(code, 16) for key, code in zip(words[::2], words[1::2], strict=True)}
    assert {key: parse_shortcut(key, Windows().library)[1] for key in codes} == codes
    assert (WM_QUIT, WM_HOTKEY, NO_REPEAT, ALREADY_REGISTERED) == (0x12, 0x312, 0x4000, 1409)
