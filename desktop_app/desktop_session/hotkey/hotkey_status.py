"""The state of the global shortcut: its sentences, and the check of `repartee doctor`."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from desktop_app.domain.value import Value
from desktop_app.i18n.translation import N_
from desktop_app.shortcuts.command import Category, Command, CommandScope

HOTKEY_COMMAND: Final = "quick.global"
"""The id of the command that the global shortcut runs."""
GLOBAL_SHORTCUT: Final = Command(
    HOTKEY_COMMAND,
    N_("Open quick prompt from any program"),
    Category.PROGRAM,
    "Meta+Alt+Space",
    scope=CommandScope.GLOBAL,
)


class HotkeyStatus(StrEnum):
    """The state of the global shortcut; its values appear in `doctor --json`.

    TAKEN: another program has the keys. UNAVAILABLE: the desktop grants no global shortcuts, or the
    user refused. UNKNOWN_KEYS: the keyboard has no such key. OFF: the user removed the shortcut.
    ASKS: the desktop will ask the user. PAUSED: the user paused it in the tray's menu.
    """

    WORKS = "works"
    TAKEN = "taken"
    UNAVAILABLE = "unavailable"
    UNKNOWN_KEYS = "unknown_keys"
    OFF = "off"
    ASKS = "asks"
    PAUSED = "paused"


STATUS_TEXTS: Final = {
    HotkeyStatus.WORKS: N_("{keys} opens the quick prompt from any program while Repartee runs."),
    HotkeyStatus.TAKEN: N_("Another program uses {keys}. Choose other keys."),
    HotkeyStatus.UNAVAILABLE: N_(
        "This desktop doesn’t offer global shortcuts. Bind “{command}” to a key in its settings."
    ),
    HotkeyStatus.UNKNOWN_KEYS: N_("This keyboard can’t type {keys}. Choose other keys."),
    HotkeyStatus.ASKS: N_(
        "When Repartee starts, the desktop asks whether {keys} may open the quick prompt."
    ),
    HotkeyStatus.OFF: N_("No global shortcut is set."),
    HotkeyStatus.PAUSED: N_(
        "{keys} is paused. Turn it on again in the tray menu, or with the command "
        "“Pause or resume global shortcut”."
    ),
}
"""A sentence for each status, marked for translation; placeholders {keys} and {command}."""

OPEN_COMMAND: Final = "repartee quick"
"""The command to bind to a key if no global shortcut is available."""


class HotkeyError(Exception):
    """Raised if the global shortcut cannot be registered.

    Attributes:
        status: the reason.
    """

    def __init__(self, status: HotkeyStatus) -> None:
        super().__init__(status.value)
        self.status = status


class HotkeyReport(Value, frozen=True):
    """The keys of the global shortcut, and whether they work.

    Attributes:
        keys: in Qt's portable text; "" if the user removed the shortcut.
        trigger: the keys that the desktop chose instead, in its own words; "" for none.
        desktop: the desktop in whose settings the keys can be bound instead; "" for none.
    """

    keys: str
    status: HotkeyStatus
    trigger: str = ""
    desktop: str = ""


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
    from desktop_app.desktop_session.hotkey.x11_keys import (  # only X11 needs the library
        X11Hotkey,
        is_held,
    )

    try:
        X11Hotkey(keys).close()
    except HotkeyError as error:
        if error.status is HotkeyStatus.TAKEN and is_held():
            return HotkeyReport(keys, HotkeyStatus.WORKS)
        return HotkeyReport(keys, error.status)
    return HotkeyReport(keys, HotkeyStatus.WORKS)
