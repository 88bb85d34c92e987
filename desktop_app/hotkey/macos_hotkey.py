"""The global shortcut on macOS: RegisterEventHotKey of Carbon, which needs no permission.

Not tried on a Mac: the tests of this project run on Linux. The process that holds the keys has a
message port, by which other processes of this program recognize it. Everything runs in the main
thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import byref, c_int64, c_uint16, c_uint32, c_ulong, c_void_p
from typing import Any, Final

from desktop_app.hotkey.hotkey_status import HotkeyError, HotkeyStatus
from desktop_app.hotkey.keysyms import parse_keys
from desktop_app.hotkey.macos_library import (
    EventHandler,
    EventType,
    HotKeyId,
    MacLibrary,
    mac_library,
)

# Events.h. In Qt's portable text, "Ctrl" is the Command key, and "Meta" is Control.
MODIFIERS: Final = {"Ctrl": 0x0100, "Shift": 0x0200, "Alt": 0x0800, "Meta": 0x1000}
# The codes of F1 to F20, which are in no order.
_FUNCTION_KEYS: Final = (
    *(0x7A, 0x78, 0x63, 0x76, 0x60, 0x61, 0x62, 0x64, 0x65, 0x6D),
    *(0x67, 0x6F, 0x69, 0x6B, 0x71, 0x6A, 0x40, 0x4F, 0x50, 0x5A),
)
KEY_CODES: Final = {
    "Return": 0x24,
    "Tab": 0x30,
    "Backtab": 0x30,
    "Space": 0x31,
    "Backspace": 0x33,
    "Esc": 0x35,
    "Menu": 0x6E,
    "Help": 0x72,
    "Ins": 0x72,
    "Home": 0x73,
    "PgUp": 0x74,
    "Del": 0x75,
    "End": 0x77,
    "PgDown": 0x79,
    "Left": 0x7B,
    "Right": 0x7C,
    "Down": 0x7D,
    "Up": 0x7E,
    **{f"F{n}": code for n, code in enumerate(_FUNCTION_KEYS, 1)},
}
_KEY_CODE_COUNT: Final = 128
# CarbonEvents.h, CarbonEventsCore.h
EXISTS: Final = -9878  # eventHotKeyExistsErr
EXCLUSIVE: Final = 1  # kEventHotKeyExclusive
KEYBOARD: Final = int.from_bytes(b"keyb")  # kEventClassKeyboard
PRESSED: Final = 5  # kEventHotKeyPressed
_SYSTEM_CODE: Final = "kHISymbolicHotKeyCode"
_SYSTEM_MODIFIERS: Final = "kHISymbolicHotKeyModifiers"
_SYSTEM_ENABLED: Final = "kHISymbolicHotKeyEnabled"
# UnicodeUtilities.h
_DISPLAY_ACTION: Final = 3  # kUCKeyActionDisplay
_NO_DEAD_KEYS: Final = 1  # kUCKeyTranslateNoDeadKeysMask
# CFString.h, CFNumber.h
_UTF8: Final = 0x08000100  # kCFStringEncodingUTF8
_SINT64: Final = 4  # kCFNumberSInt64Type
_ID: Final = HotKeyId(int.from_bytes(b"Rptt"), 1)
_PORT_NAME: Final = "io.github.repartee.Repartee.GlobalShortcut"


class MacHotkey:
    """Keys that macOS reports from all programs, until `close`.

    Args:
        keys: in Qt's portable text.
        on_press: called in the main thread, while Qt's event loop runs.
        library: the frameworks; those of macOS by default.
    """

    def __init__(
        self, keys: str, on_press: Callable[[], object], library: MacLibrary | None = None
    ) -> None:
        """Register the keys.

        Raises:
            HotkeyError: macOS or another program has them, the keyboard lacks them, or macOS
                refuses.
        """
        self._library = library or _load_library()
        # References that macOS writes when it installs the handler and registers the keys.
        self._handler = c_void_p()
        self._hotkey = c_void_p()

        def handle(_next: int | None, _event: int | None, _data: int | None) -> int:
            on_press()
            return 0

        # Kept, because ctypes frees the function otherwise, and macOS would call freed memory.
        self._handle = EventHandler(handle)
        code, modifiers = parse_shortcut(keys, self._library)
        if _is_system_shortcut(self._library, code, modifiers):
            raise HotkeyError(HotkeyStatus.TAKEN)
        self._register(code, modifiers)
        with _core_string(self._library, _PORT_NAME) as name:
            core = self._library.core
            self._port = core.CFMessagePortCreateLocal(None, name, None, None, None)

    def _register(self, code: int, modifiers: int) -> None:
        carbon = self._library.carbon
        target = carbon.GetApplicationEventTarget()
        event = EventType(KEYBOARD, PRESSED)
        refusal = carbon.InstallEventHandler(
            target, self._handle, 1, byref(event), None, byref(self._handler)
        )
        if refusal:
            raise HotkeyError(HotkeyStatus.UNAVAILABLE)
        refusal = carbon.RegisterEventHotKey(
            code, modifiers, _ID, target, EXCLUSIVE, byref(self._hotkey)
        )
        if refusal:
            carbon.RemoveEventHandler(self._handler)
            is_taken = refusal == EXISTS
            raise HotkeyError(HotkeyStatus.TAKEN if is_taken else HotkeyStatus.UNAVAILABLE)

    def close(self) -> None:
        """Release the keys."""
        carbon = self._library.carbon
        core = self._library.core
        carbon.UnregisterEventHotKey(self._hotkey)
        carbon.RemoveEventHandler(self._handler)
        if self._port:
            core.CFMessagePortInvalidate(self._port)
            core.CFRelease(self._port)


def parse_shortcut(keys: str, library: MacLibrary) -> tuple[int, int]:
    """Return key code and modifiers of a shortcut in Qt's portable text.

    Raises:
        HotkeyError: the keyboard lacks the key.
    """
    names, key = parse_keys(keys)
    modifiers = sum(MODIFIERS[name] for name in names)
    if len(key) == 1:  # a character, whose key depends on the layout
        code = _key_code(library, key.lower()[0])
    else:
        code = KEY_CODES.get(key)
    if code is None:
        raise HotkeyError(HotkeyStatus.UNKNOWN_KEYS)
    return code, modifiers


def is_held(library: MacLibrary | None = None) -> bool:
    """Return True if a process of this program holds the global shortcut in this session."""
    library = library or _load_library()
    with _core_string(library, _PORT_NAME) as name:
        port = library.core.CFMessagePortCreateRemote(None, name)
    if not port:
        return False
    library.core.CFRelease(port)
    return True


def _load_library() -> MacLibrary:
    try:
        return mac_library()
    except OSError as error:
        raise HotkeyError(HotkeyStatus.UNAVAILABLE) from error


def _key_code(library: MacLibrary, character: str) -> int | None:
    """Return the code of the key that types a character on the layout for shortcuts."""
    carbon = library.carbon
    core = library.core
    source = carbon.TISCopyCurrentASCIICapableKeyboardLayoutInputSource()
    if not source:
        return None
    try:
        data = carbon.TISGetInputSourceProperty(source, library.layout_key)
        if not data:
            return None
        layout = core.CFDataGetBytePtr(data)
        keyboard_type = carbon.LMGetKbdType()
        for code in range(_KEY_CODE_COUNT):
            dead_key_state = c_uint32()
            length = c_ulong()
            typed = (c_uint16 * 4)()
            failed = carbon.UCKeyTranslate(
                layout,
                code,
                _DISPLAY_ACTION,
                0,  # no modifiers
                keyboard_type,
                _NO_DEAD_KEYS,
                byref(dead_key_state),
                len(typed),
                byref(length),
                byref(typed),
            )
            if not failed and length.value == 1 and chr(typed[0]) == character:
                return code
    finally:
        core.CFRelease(source)
    return None


def _is_system_shortcut(library: MacLibrary, code: int, modifiers: int) -> bool:
    """Return True if macOS uses the shortcut itself: Carbon would register it without effect."""
    core = library.core
    shortcuts = c_void_p()
    failed = library.carbon.CopySymbolicHotKeys(byref(shortcuts))
    if failed or not shortcuts.value:
        return False
    try:
        with (
            _core_string(library, _SYSTEM_CODE) as code_key,
            _core_string(library, _SYSTEM_MODIFIERS) as modifiers_key,
            _core_string(library, _SYSTEM_ENABLED) as enabled_key,
        ):
            for index in range(core.CFArrayGetCount(shortcuts)):
                shortcut = core.CFArrayGetValueAtIndex(shortcuts, index)
                enabled = core.CFDictionaryGetValue(shortcut, enabled_key)
                if (
                    enabled
                    and core.CFBooleanGetValue(enabled)
                    and _number(core, shortcut, code_key) == code
                    and _number(core, shortcut, modifiers_key) == modifiers
                ):
                    return True
    finally:
        core.CFRelease(shortcuts)
    return False


def _number(core: Any, dictionary: Any, key: Any) -> int | None:
    """Return the number that a dictionary has for a key, None if it has none."""
    number = core.CFDictionaryGetValue(dictionary, key)
    value = c_int64()
    if not number or not core.CFNumberGetValue(number, _SINT64, byref(value)):
        return None
    return value.value


@contextmanager
def _core_string(library: MacLibrary, text: str) -> Iterator[Any]:
    """Yield a string of Core Foundation."""
    string = library.core.CFStringCreateWithCString(None, text.encode(), _UTF8)
    try:
        yield string
    finally:
        library.core.CFRelease(string)
