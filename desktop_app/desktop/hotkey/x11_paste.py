"""Pastes into another program's window on X11 by typing the keys of Paste, with XTEST.

Each call opens a connection of its own and may wait: call it in a thread.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from Xlib import XK, X
from Xlib import display as xlib
from Xlib import error as xlib_error
from Xlib.ext import xtest

if TYPE_CHECKING:
    from Xlib.display import Display

_FOCUS_TIMEOUT_S: Final = 5.0
"""The time for the desktop to return the focus, and for the user to release the keys."""
_POLL_INTERVAL_S: Final = 0.01
_TERMINALS: Final = frozenset(
    """
    alacritty cool-retro-term deepin-terminal eterm foot ghostty guake kgx kitty konsole
    lxterminal mate-terminal org.gnome.console org.gnome.ptyxis ptyxis qterminal rxvt sakura
    st st-256color stterm terminator terminology tilda tilix urxvt uxterm wezterm
    x-terminal-emulator xterm yakuake
    """.split()
)
"""Window classes of terminals besides those that end in "-terminal" or "terminal-server"."""


class PasteError(Exception):
    """Raised if nothing can be typed into another window; the argument is the reason."""


@dataclass(frozen=True)
class PasteTarget:
    """The window that has the focus.

    Attributes:
        window: its X id.
        is_terminal: True for a terminal. It pastes the primary selection by Shift+Insert, and
            passes Ctrl+V on to the program that runs in it.
    """

    window: int
    is_terminal: bool


def wait_for_target(own_window: int) -> PasteTarget:
    """Return the window that gets the focus after `own_window`.

    Also wait until no key is pressed, because the key would become a part of the shortcut.

    Raises:
        PasteError: no other window gets the focus in time, or a key stays pressed.
    """
    with _connection() as display:
        deadline = time.monotonic() + _FOCUS_TIMEOUT_S
        previous = 0
        while time.monotonic() < deadline:
            window = _active_window(display)
            # Two polls must find the same window: the focus may pass through another one.
            is_settled = window == previous and window not in (0, own_window)
            if is_settled and not any(display.query_keymap()):
                return PasteTarget(window, _is_terminal(display, window))
            previous = window
            time.sleep(_POLL_INTERVAL_S)
    raise PasteError("no other window got the focus, or a key is held")


def type_paste(target: PasteTarget) -> None:
    """Type the keys that paste into a window.

    Raises:
        PasteError: it has lost the focus, or the keyboard cannot be simulated.
    """
    with _connection() as display:
        if not display.has_extension("XTEST"):
            raise PasteError("the X server lacks XTEST")
        if _active_window(display) != target.window:
            raise PasteError("the window lost the focus")
        v_code = 0 if target.is_terminal else _v_key_code(display)
        # Shift+Insert in terminals, and if the layout has no V: most programs also paste by it.
        modifier = "Control_L" if v_code else "Shift_L"
        key_code = v_code or _key_code(display, "Insert")
        modifier_code = _key_code(display, modifier)
        if not modifier_code or not key_code:
            raise PasteError("the keyboard lacks the keys")
        for kind, code in (
            (X.KeyPress, modifier_code),
            (X.KeyPress, key_code),
            (X.KeyRelease, key_code),
            (X.KeyRelease, modifier_code),
        ):
            xtest.fake_input(display, kind, code)
        display.sync()


@contextmanager
def _connection() -> Iterator[Display]:
    try:
        display = xlib.Display()
        try:
            yield display
        finally:
            display.close()
    except (xlib_error.DisplayError, xlib_error.ConnectionClosedError, OSError) as error:
        raise PasteError(str(error)) from error


def _active_window(display: Display) -> int:
    """Return the window with the focus, 0 if no window manager reports it."""
    name = display.intern_atom("_NET_ACTIVE_WINDOW")
    window_property = display.screen().root.get_full_property(name, X.AnyPropertyType)
    if window_property is None or not len(window_property.value):
        return 0
    return int(window_property.value[0])


def _is_terminal(display: Display, window: int) -> bool:
    try:
        names: Any = display.create_resource_object("window", window).get_wm_class()
    except xlib_error.XError:  # it has just been closed
        return False
    return any(
        name.lower() in _TERMINALS or name.lower().endswith(("-terminal", "terminal-server"))
        for name in names or ()
    )


def _key_code(display: Display, name: str) -> int:
    """Return the code of the key with this symbol, 0 for none."""
    return int(display.keysym_to_keycode(XK.string_to_keysym(name)))


def _v_key_code(display: Display) -> int:
    """Return the code of the key that types "v" on the active layout, 0 for none."""
    # Bits 13 and 14 number the layout; each of the first two has two columns in the mapping.
    layout = (display.screen().root.query_pointer().mask >> 13) & 3
    if layout > 1:
        return 0
    first = display.display.info.min_keycode
    count = display.display.info.max_keycode - first + 1
    v_keysym = XK.string_to_keysym("v")
    for code, symbols in enumerate(display.get_keyboard_mapping(first, count), first):
        if len(symbols) > 2 * layout and symbols[2 * layout] == v_keysym:
            return int(code)
    return 0
