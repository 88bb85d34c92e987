"""The global shortcut on macOS, with simulated frameworks."""

from __future__ import annotations

from ctypes import c_void_p
from typing import Any

import pytest

from desktop_app.hotkey.hotkey_status import HotkeyError, HotkeyStatus
from desktop_app.hotkey.macos_hotkey import (
    EXCLUSIVE,
    EXISTS,
    KEY_CODES,
    KEYBOARD,
    PRESSED,
    MacHotkey,
    is_held,
    parse_shortcut,
)
from desktop_app.hotkey.macos_library import MacLibrary

CONTROL, OPTION, COMMAND, SHIFT = 0x1000, 0x0800, 0x0100, 0x0200
TARGET = 77
# A French layout: the key of the American Q types A.
LAYOUT = {0x0C: "a", 0x00: "q", 0x29: "m"}


class Mac:
    """Both frameworks: objects are numbers, except the dictionaries of the system's shortcuts."""

    def __init__(
        self, refusal: int = 0, system: tuple[dict[str, Any], ...] = (), *, handles: bool = True
    ) -> None:
        self._refusal, self._system, self._handles = refusal, system, handles
        self.handler: Any = None
        self.registered: list[tuple[int, int]] = []
        self.ports: dict[int, str] = {}
        self.made: dict[int, str] = {}
        self.released: list[Any] = []
        self.library = MacLibrary(self, self, c_void_p(5))

    def GetApplicationEventTarget(self) -> int:
        return TARGET

    def InstallEventHandler(
        self, target: int, handler: Any, count: int, events: Any, _data: None, made: Any
    ) -> int:
        assert (target, count) == (TARGET, 1)
        assert (events._obj.category, events._obj.kind) == (KEYBOARD, PRESSED)
        if not self._handles:
            return -1
        self.handler, made._obj.value = handler, 11
        return 0

    def RemoveEventHandler(self, handler: c_void_p) -> int:
        assert handler.value == 11
        self.handler = None
        return 0

    def RegisterEventHotKey(
        self, code: int, modifiers: int, _number: Any, target: int, options: int, made: Any
    ) -> int:
        assert (target, options) == (TARGET, EXCLUSIVE)
        if not self._refusal:
            self.registered.append((code, modifiers))
            made._obj.value = 12
        return self._refusal

    def UnregisterEventHotKey(self, hotkey: c_void_p) -> int:
        assert hotkey.value == 12
        self.registered.clear()
        return 0

    def CopySymbolicHotKeys(self, found: Any) -> int:
        found._obj.value = 13
        return 0

    def CFArrayGetCount(self, array: c_void_p) -> int:
        assert array.value == 13
        return len(self._system)

    def CFArrayGetValueAtIndex(self, _array: c_void_p, place: int) -> dict[str, Any]:
        return self._system[place]

    def CFDictionaryGetValue(self, facts: dict[str, Any], key: int) -> Any:
        return facts.get(self.made[key])

    def CFBooleanGetValue(self, value: Any) -> bool:
        return bool(value == "true")

    def CFNumberGetValue(self, number: int, kind: int, value: Any) -> bool:
        assert kind == 4
        value._obj.value = number
        return True

    def CFStringCreateWithCString(self, _allocator: None, text: bytes, encoding: int) -> int:
        assert encoding == 0x08000100
        number = 100 + len(self.made)
        self.made[number] = text.decode()
        return number

    def CFRelease(self, made: Any) -> None:
        self.released.append(made.value if isinstance(made, c_void_p) else made)

    def CFMessagePortCreateLocal(self, _allocator: None, name: int, *_more: None) -> int:
        self.ports[14] = self.made[name]
        return 14

    def CFMessagePortCreateRemote(self, _allocator: None, name: int) -> int | None:
        return 15 if self.made[name] in self.ports.values() else None

    def CFMessagePortInvalidate(self, port: int) -> None:
        del self.ports[port]

    def TISCopyCurrentASCIICapableKeyboardLayoutInputSource(self) -> int:
        return 16

    def TISGetInputSourceProperty(self, source: int, key: c_void_p) -> int:
        assert (source, key.value) == (16, 5)
        return 17

    def CFDataGetBytePtr(self, data: int) -> int:
        assert data == 17
        return 18

    def LMGetKbdType(self) -> int:
        return 40

    def UCKeyTranslate(
        self, layout: int, code: int, action: int, modifiers: int, keyboard: int, *more: Any
    ) -> int:
        _options, _dead, room, length, typed = more
        assert (layout, action, modifiers, keyboard, room) == (18, 3, 0, 40, 4)
        if code not in LAYOUT:
            length._obj.value = 0
            return 0
        length._obj.value, typed._obj[0] = 1, ord(LAYOUT[code])
        return 0


def system_shortcut(code: int, modifiers: int, enabled: str = "true") -> dict[str, Any]:
    return {
        "kHISymbolicHotKeyCode": code,
        "kHISymbolicHotKeyModifiers": modifiers,
        "kHISymbolicHotKeyEnabled": enabled,
    }


@pytest.mark.parametrize(
    ("keys", "code", "modifiers"),
    [
        ("Meta+Alt+Space", 0x31, CONTROL | OPTION),
        ("Ctrl+Shift+F20", 0x5A, COMMAND | SHIFT),
        ("Ctrl+A", 0x0C, COMMAND),
        ("Ctrl+Q", 0x00, COMMAND),
        ("Ctrl+Backtab", 0x30, COMMAND | SHIFT),
        ("Meta+PgUp", 0x74, CONTROL),
    ],
)
def test_keys_are_a_code_and_modifiers(keys: str, code: int, modifiers: int) -> None:
    mac = Mac()
    assert parse_shortcut(keys, mac.library) == (code, modifiers)
    assert mac.released == [16] * (len(keys.rsplit("+", 1)[1]) == 1)


@pytest.mark.parametrize("keys", ["Ctrl+Ж", "Ctrl+Print", "F24"])
def test_a_key_that_the_keyboard_lacks_is_an_error(keys: str) -> None:
    with pytest.raises(HotkeyError) as refused:
        parse_shortcut(keys, Mac().library)
    assert refused.value.status is HotkeyStatus.UNKNOWN_KEYS


def test_presses_are_reported_until_the_shortcut_is_closed() -> None:
    mac = Mac(system=(system_shortcut(0x31, COMMAND), system_shortcut(0x31, 0x1800, "false")))
    pressed = []
    assert not is_held(mac.library)
    held = MacHotkey("Meta+Alt+Space", lambda: pressed.append(1), mac.library)
    assert mac.registered == [(0x31, CONTROL | OPTION)]
    assert is_held(mac.library)
    assert mac.handler(None, None, None) == 0
    assert pressed == [1]
    held.close()
    assert not mac.registered
    assert mac.handler is None
    assert not is_held(mac.library)
    assert {13, 14, 15} <= {*mac.released}
    assert {*mac.made} <= {*mac.released}


@pytest.mark.parametrize(
    ("refusal", "status"), [(EXISTS, HotkeyStatus.TAKEN), (-50, HotkeyStatus.UNAVAILABLE)]
)
def test_a_refused_registration_raises_its_reason(refusal: int, status: HotkeyStatus) -> None:
    mac = Mac(refusal)
    with pytest.raises(HotkeyError) as refused:
        MacHotkey("Meta+Alt+Space", lambda: None, mac.library)
    assert refused.value.status is status
    assert mac.handler is None
    assert not mac.ports


def test_the_shortcut_is_unavailable_without_a_handler() -> None:
    mac = Mac(handles=False)
    with pytest.raises(HotkeyError) as refused:
        MacHotkey("Meta+Alt+Space", lambda: None, mac.library)
    assert refused.value.status is HotkeyStatus.UNAVAILABLE
    assert not mac.registered


def test_shortcuts_of_the_system_are_taken() -> None:
    mac = Mac(system=(system_shortcut(0x31, CONTROL | OPTION),))
    with pytest.raises(HotkeyError) as refused:
        MacHotkey("Meta+Alt+Space", lambda: None, mac.library)
    assert refused.value.status is HotkeyStatus.TAKEN
    assert not mac.registered


# Events.h of Carbon, kVK_….
HEADER = """
Return 24 Tab 30 Backtab 30 Space 31 Backspace 33 Esc 35 Menu 6E Help 72 Ins 72 Home 73 PgUp 74
Del 75 End 77 PgDown 79 Left 7B Right 7C Down 7D Up 7E
F1 7A F2 78 F3 63 F4 76 F5 60 F6 61 F7 62 F8 64 F9 65 F10 6D
F11 67 F12 6F F13 69 F14 6B F15 71 F16 6A F17 40 F18 4F F19 50 F20 5A
"""


def test_the_codes_of_keys_are_those_of_the_header() -> None:
    words = HEADER.split()
    codes = {key: int(code, 16) for key, code in zip(words[::2], words[1::2], strict=True)}
    assert {key: parse_shortcut(key, Mac().library)[0] for key in codes} == codes
    assert codes.keys() == KEY_CODES.keys()
    assert (EXISTS, EXCLUSIVE, KEYBOARD, PRESSED) == (-9878, 1, 0x6B657962, 5)
