"""Checks whether the global shortcut works, for `repartee doctor`."""

from __future__ import annotations

from collections.abc import Mapping

from desktop_app.hotkey.hotkey_status import HotkeyError, HotkeyReport, HotkeyStatus


def is_x11(environment: Mapping[str, str]) -> bool:
    """Return True in an X11 session; under Wayland, X sees the keys of X programs only."""
    return bool(environment.get("DISPLAY")) and not environment.get("WAYLAND_DISPLAY")


def check_hotkey(keys: str, environment: Mapping[str, str]) -> HotkeyReport:
    """Return the state of the global shortcut on X11.

    This talks to the X server: call it in a thread.
    """
    if not keys:
        return HotkeyReport(keys, HotkeyStatus.OFF)
    if not is_x11(environment):
        return HotkeyReport(keys, HotkeyStatus.UNAVAILABLE)
    from desktop_app.hotkey.x11_hotkey import X11Hotkey, is_held  # only X11 needs the library

    try:
        X11Hotkey(keys).close()
    except HotkeyError as error:
        if error.status is HotkeyStatus.TAKEN and is_held():
            return HotkeyReport(keys, HotkeyStatus.WORKS)
        return HotkeyReport(keys, error.status)
    return HotkeyReport(keys, HotkeyStatus.WORKS)
