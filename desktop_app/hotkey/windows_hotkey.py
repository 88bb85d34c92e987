"""The global shortcut on Windows: RegisterHotKey, in a thread with a queue of its own.

Tried with a Python for Windows under Wine, not on Windows itself. The process that holds the keys
has a mutex, by which other processes of this program recognize it.
https://learn.microsoft.com/windows/win32/api/winuser/nf-winuser-registerhotkey
"""

from __future__ import annotations

import ctypes
import queue
import threading
from collections.abc import Callable
from ctypes import wintypes
from dataclasses import dataclass
from typing import Any, Final

from desktop_app.hotkey.hotkey_status import HotkeyError, HotkeyStatus
from desktop_app.hotkey.keysyms import parse_keys

# winuser.h
MODIFIERS: Final = {"Alt": 0x1, "Ctrl": 0x2, "Shift": 0x4, "Meta": 0x8}
NO_REPEAT: Final = 0x4000
WM_QUIT: Final = 0x0012
WM_HOTKEY: Final = 0x0312
VIRTUAL_KEYS: Final = {
    "Backspace": 0x08,
    "Tab": 0x09,
    "Backtab": 0x09,
    "Return": 0x0D,
    "Pause": 0x13,
    "Esc": 0x1B,
    "Space": 0x20,
    "PgUp": 0x21,
    "PgDown": 0x22,
    "End": 0x23,
    "Home": 0x24,
    "Left": 0x25,
    "Up": 0x26,
    "Right": 0x27,
    "Down": 0x28,
    "Print": 0x2C,
    "Ins": 0x2D,
    "Del": 0x2E,
    "Help": 0x2F,
    "Menu": 0x5D,
    **{f"F{n}": 0x6F + n for n in range(1, 25)},
}
ALREADY_REGISTERED: Final = 1409  # winerror.h
_ID: Final = 1
_SYNCHRONIZE: Final = 0x00100000
_MUTEX_NAME: Final = "Local\\io.github.repartee.Repartee.GlobalShortcut"


@dataclass(frozen=True)
class WindowsLibrary:
    """The functions of Windows that the global shortcut uses.

    Attributes:
        user: user32.dll.
        kernel: kernel32.dll.
        last_error: returns the code of the last failure of this thread.
    """

    user: Any
    kernel: Any
    last_error: Callable[[], int]


def windows_library() -> WindowsLibrary:
    """Return the functions of the system."""
    windows: Any = ctypes  # type stubs lack these names on other systems
    user = windows.WinDLL("user32", use_last_error=True)
    kernel = windows.WinDLL("kernel32", use_last_error=True)
    kernel.CreateMutexW.restype = kernel.OpenMutexW.restype = wintypes.HANDLE
    kernel.CloseHandle.argtypes = (wintypes.HANDLE,)
    user.VkKeyScanW.argtypes = (wintypes.WCHAR,)
    user.VkKeyScanW.restype = ctypes.c_short
    return WindowsLibrary(user, kernel, windows.get_last_error)


class WindowsHotkey:
    """Keys that Windows reports from all programs, until `close`.

    Args:
        keys: in Qt's portable text.
        on_press: called in this object's own thread.
        library: the functions of the system, which tests replace.
    """

    def __init__(
        self, keys: str, on_press: Callable[[], object], library: WindowsLibrary | None = None
    ) -> None:
        """Register the keys.

        Raises:
            HotkeyError: another program has them, the keyboard lacks them, or Windows refuses.
        """
        self._library = library or windows_library()
        self._on_press = on_press
        self._combination = parse_shortcut(keys, self._library)
        self._thread_id = 0
        # None once the keys are registered, otherwise the reason why they are not.
        outcome: queue.SimpleQueue[HotkeyStatus | None] = queue.SimpleQueue()
        # Windows posts the presses to the queue of the thread that registered.
        self._thread = threading.Thread(
            target=self._serve, args=(outcome,), name="global-shortcut", daemon=True
        )
        self._thread.start()
        refusal = outcome.get()
        if refusal is not None:
            self._thread.join()
            raise HotkeyError(refusal)

    def close(self) -> None:
        """Release the keys."""
        if self._thread.is_alive():
            self._library.user.PostThreadMessageW(self._thread_id, WM_QUIT, 0, 0)
            self._thread.join()

    def _serve(self, outcome: queue.SimpleQueue[HotkeyStatus | None]) -> None:
        user = self._library.user
        kernel = self._library.kernel
        message = wintypes.MSG()
        # The first call creates the thread's queue, to which `close` posts.
        user.PeekMessageW(ctypes.byref(message), None, 0, 0, 0)
        self._thread_id = kernel.GetCurrentThreadId()
        modifiers, key = self._combination
        if not user.RegisterHotKey(None, _ID, modifiers | NO_REPEAT, key):
            is_taken = self._library.last_error() == ALREADY_REGISTERED
            outcome.put(HotkeyStatus.TAKEN if is_taken else HotkeyStatus.UNAVAILABLE)
            return
        mutex = kernel.CreateMutexW(None, False, _MUTEX_NAME)
        outcome.put(None)
        # 0 is the end, -1 a failure.
        while user.GetMessageW(ctypes.byref(message), None, 0, 0) > 0:
            if message.message == WM_HOTKEY and message.wParam == _ID:
                self._on_press()
        user.UnregisterHotKey(None, _ID)
        kernel.CloseHandle(mutex)


def parse_shortcut(keys: str, library: WindowsLibrary) -> tuple[int, int]:
    """Return modifiers and virtual key of a shortcut in Qt's portable text.

    Raises:
        HotkeyError: the keyboard lacks the key.
    """
    names, key = parse_keys(keys)
    modifiers = sum(MODIFIERS[name] for name in names)
    if len(key) == 1 and key.isascii() and key.isalnum():
        return modifiers, ord(key)  # on every layout, the virtual key is the character
    if len(key) == 1:
        # VkKeyScanW takes a single UTF-16 unit: "İ" in lower case is "i" and a combining dot. The
        # result's lower byte is the key, its upper byte the modifiers for the character; -1 for
        # none.
        character = key.lower()[0]
        key_and_shift = int(library.user.VkKeyScanW(character)) if character <= "\uffff" else -1
        if key_and_shift != -1:
            return modifiers, key_and_shift & 0xFF
        raise HotkeyError(HotkeyStatus.UNKNOWN_KEYS)
    return modifiers, VIRTUAL_KEYS[key]


def is_held(library: WindowsLibrary | None = None) -> bool:
    """Return True if a process of this program holds the global shortcut in this session."""
    kernel = (library or windows_library()).kernel
    mutex = kernel.OpenMutexW(_SYNCHRONIZE, False, _MUTEX_NAME)
    if not mutex:
        return False
    kernel.CloseHandle(mutex)
    return True
