"""Keys on X11: the global shortcut, and Paste typed into the window of another program.

The shortcut is a passive grab on the root window. It uses a connection of its own, beside Qt's. The
process that holds the keys owns a selection, by which other processes of this program recognize it.

The keys of Paste are typed with XTEST. Each of these calls opens a connection of its own and may
wait: call it in a thread.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from Xlib import XK, X, Xatom
from Xlib import display as xlib
from Xlib import error as xlib_error
from Xlib import ext as xlib_extensions
from Xlib.ext import xtest

from desktop_app.desktop_session.hotkey.hotkey_status import HotkeyError, HotkeyStatus
from desktop_app.desktop_session.hotkey.keysyms import character_keysyms, keysym_name, parse_keys

if TYPE_CHECKING:
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

    Attributes:
        is_down: the keys are held. X11 repeats them by a release and a press of the same time.

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
        self._descriptor = int(self._display.fileno())  # Xlib tells it only while it is connected
        self._root = self._display.screen().root
        self._keys = keys
        self.is_down = False
        self._released_at = -1
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
        return self._descriptor

    def count_presses(self) -> int:
        """Return how often the keys were pressed since the last call, without waiting.

        Repetitions of held keys do not count.

        Raises:
            HotkeyError: the connection is lost, or the keys cannot be grabbed again after a change
                of the keyboard's layout.
        """
        count = 0
        try:
            while self._display.pending_events():
                event = self._display.next_event()
                if event.type == X.KeyPress:
                    count += event.time != self._released_at
                    self.is_down = True
                elif event.type == X.KeyRelease:
                    self._released_at = event.time
                    self.is_down = False
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


def focused_window() -> int:
    """Return the window that has the focus; 0 if that is unknown."""
    try:
        with _connection() as display:
            return _active_window(display)
    except PasteError:
        return 0


def focused_center() -> tuple[int, int]:
    """Return the center, in pixels, of the window that has the focus; (-1, -1) if unknown."""
    try:
        with _connection() as display:
            window: Any = display.create_resource_object("window", _active_window(display))
            size, root = window.get_geometry(), display.screen().root
            center = root.translate_coords(window, size.width // 2, size.height // 2)
            return int(center.x), int(center.y)
    except (PasteError, xlib_error.XError):
        return -1, -1


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
