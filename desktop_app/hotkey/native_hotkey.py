"""The global shortcut of systems that grant it themselves: Windows and macOS."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Protocol


class NativeHotkey(Protocol):
    """Keys that the system reports from all programs, until `close`."""

    def close(self) -> None:
        """Release the keys."""


def is_native(platform: str = sys.platform) -> bool:
    """Return True on systems that `register` supports."""
    return platform in ("win32", "darwin")


def register(
    keys: str, on_press: Callable[[], object], platform: str = sys.platform
) -> NativeHotkey:
    """Register keys with the system. Call it in the main thread; it takes milliseconds.

    Args:
        keys: in Qt's portable text.
        on_press: called in the shortcut's own thread on Windows, in the main thread on macOS.

    Raises:
        HotkeyError: they cannot be registered.
    """
    if platform == "win32":
        from desktop_app.hotkey.windows_hotkey import WindowsHotkey

        return WindowsHotkey(keys, on_press)
    from desktop_app.hotkey.macos_hotkey import MacHotkey

    return MacHotkey(keys, on_press)


def is_held(platform: str = sys.platform) -> bool:
    """Return True if a process of this program holds the global shortcut in this session.

    Raises:
        HotkeyError: the system lacks the functions.
    """
    if platform == "win32":
        from desktop_app.hotkey import windows_hotkey

        return windows_hotkey.is_held()
    from desktop_app.hotkey import macos_hotkey

    return macos_hotkey.is_held()
