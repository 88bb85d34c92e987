"""The global shortcut on X11, a passive grab on the root window; and the quick prompt's states.

The grab uses a connection of its own, beside Qt's. The process that holds the keys owns a
selection, by which other processes of this program recognize it.
"""

from __future__ import annotations

import itertools
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from Xlib import XK, X, Xatom
from Xlib import display as xlib
from Xlib import error as xlib_error
from Xlib import ext as xlib_extensions

from desktop_app.desktop.hotkey.hotkey_status import HotkeyError, HotkeyStatus
from desktop_app.desktop.hotkey.keysyms import character_keysyms, keysym_name, parse_keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from Xlib.display import Display

_SELECTION_NAME: Final = "_REPARTEE_GLOBAL_SHORTCUT"
_MASKS: Final = {"Ctrl": X.ControlMask, "Shift": X.ShiftMask}
# The masks of these modifiers differ between keyboards: they are those of the keys.
_MODIFIER_KEYS: Final = {"Alt": "Alt_L", "Meta": "Super_L"}
_CONNECTION_ERRORS: Final = (xlib_error.ConnectionClosedError, OSError)
_SKIPPED_STATES: Final = ("_NET_WM_STATE_SKIP_TASKBAR", "_NET_WM_STATE_SKIP_PAGER")
_LOCK_KEYS: Final = ("Num_Lock", "Scroll_Lock")
# A connection loads the modules of all these that the server has; only pasting needs one.
xlib_extensions.__extensions__ = [("XTEST", "xtest")]


class X11Hotkey:
    """Keys that are grabbed from all programs, until `close`.

    The constructor and `close` talk to the X server: call them in a thread.
    """

    def __init__(self, keys: str) -> None:
        """Grab `keys`, in Qt's portable text.

        Raises:
            HotkeyError: another program has the keys, the keyboard lacks them, or there is no X
                server.
        """
        try:
            self._display = xlib.Display()
        except (xlib_error.DisplayError, *_CONNECTION_ERRORS) as error:
            raise HotkeyError(HotkeyStatus.UNAVAILABLE) from error
        self._root = self._display.screen().root
        self._keys = keys
        try:
            self._grab()
            # A selection belongs to a window, which is never shown.
            owner = self._root.create_window(
                x=0, y=0, width=1, height=1, border_width=0, depth=X.CopyFromParent
            )
            owner.set_selection_owner(self._display.intern_atom(_SELECTION_NAME), X.CurrentTime)
            self._display.sync()
        except HotkeyError:
            self.close()
            raise
        except _CONNECTION_ERRORS as error:
            self.close()
            raise HotkeyError(HotkeyStatus.UNAVAILABLE) from error

    def fileno(self) -> int:
        """Return the descriptor of the connection, readable when an event has arrived."""
        return int(self._display.fileno())

    def count_presses(self) -> int:
        """Return how often the keys were pressed since the last call, without waiting.

        Raises:
            HotkeyError: the connection is lost, or the keys cannot be grabbed again after a change
                of the keyboard's layout.
        """
        count = 0
        try:
            while self._display.pending_events():
                event = self._display.next_event()
                if event.type == X.KeyPress:
                    count += 1
                elif event.type == X.MappingNotify:
                    self._display.refresh_keyboard_mapping(event)
                    self._root.ungrab_key(X.AnyKey, X.AnyModifier)
                    self._grab()
        except _CONNECTION_ERRORS as error:
            raise HotkeyError(HotkeyStatus.UNAVAILABLE) from error
        return count

    def close(self) -> None:
        """Release the keys."""
        # If the X server has ended, so has the grab.
        with suppress(*_CONNECTION_ERRORS):
            self._root.ungrab_key(X.AnyKey, X.AnyModifier)
            self._display.sync()  # without it, our next grab could reach the server first
        with suppress(*_CONNECTION_ERRORS):
            self._display.close()

    def _grab(self) -> None:
        modifiers, key = parse_keys(self._keys)
        codes = map(self._display.keysym_to_keycode, _keysyms(key))
        code = next(filter(None, codes), None)  # 0 means that the keyboard lacks the key
        if code is None:
            raise HotkeyError(HotkeyStatus.UNKNOWN_KEYS)
        mask = 0
        for name in modifiers:
            mask |= _MASKS.get(name) or self._modifier_mask(_MODIFIER_KEYS[name])
        refused = xlib_error.CatchError(xlib_error.BadAccess)
        for locks in self._lock_masks():
            self._root.grab_key(
                code,
                mask | locks,
                owner_events=True,
                pointer_mode=X.GrabModeAsync,
                keyboard_mode=X.GrabModeAsync,
                onerror=refused,
            )
        self._display.sync()
        if refused.get_error() is not None:
            raise HotkeyError(HotkeyStatus.TAKEN)

    def _modifier_mask(self, name: str) -> int:
        """Return the mask of the modifier that a key is mapped to.

        Raises:
            HotkeyError: it is mapped to none.
        """
        code = self._display.keysym_to_keycode(XK.string_to_keysym(name))
        for bit, codes in enumerate(self._display.get_modifier_mapping()):
            if code and code in codes:
                return 1 << bit
        raise HotkeyError(HotkeyStatus.UNKNOWN_KEYS)

    def _lock_masks(self) -> Iterator[int]:
        """Yield the mask of each combination of Caps, Num and Scroll Lock.

        X compares all modifiers: a grab without a lock's mask fails to match while the lock is on.
        """
        masks = {X.LockMask}
        for name in _LOCK_KEYS:
            with suppress(HotkeyError):  # the lock is no modifier on this keyboard
                masks.add(self._modifier_mask(name))
        for held_masks in itertools.product(*((0, mask) for mask in masks)):
            yield sum(held_masks)


def is_held() -> bool:
    """Return True if a process of this program holds the global shortcut on this X server."""
    try:
        display = xlib.Display()
        try:
            owner: Any = display.get_selection_owner(display.intern_atom(_SELECTION_NAME))
        finally:
            display.close()
    except (xlib_error.DisplayError, *_CONNECTION_ERRORS):
        return False
    return bool(owner != X.NONE)


def _keysyms(key: str) -> list[int]:
    """Return the X keysyms of a key in Qt's portable text; [0] if X has none for it."""
    if len(key) == 1:
        return character_keysyms(key)
    XK.load_keysym_group("xkb")  # contains the keysym of Backtab
    return [int(XK.string_to_keysym(keysym_name(key)))]


@cache
def _display() -> Display:
    return xlib.Display()


def skip_task_lists(window_id: int) -> None:
    """Keep a window out of task lists. Call this before each time that the window is mapped.

    Qt cannot, and Xfce's panel would list the quick prompt. The call replaces all states of the
    window; Qt adds its own while it maps the window.
    https://specifications.freedesktop.org/wm-spec/latest/
    """
    display = _display()
    states = [display.intern_atom(name) for name in _SKIPPED_STATES]
    window = display.create_resource_object("window", window_id)
    window.change_property(display.intern_atom("_NET_WM_STATE"), Xatom.ATOM, 32, states)
    display.sync()
