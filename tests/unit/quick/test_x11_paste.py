"""Pasting into another window on X11, with a simulated X server and clock."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from Xlib import XK, X
from Xlib import display as xlib
from Xlib import error as xlib_error
from Xlib.ext import xtest

from desktop_app.desktop_session.hotkey import x11_keys
from desktop_app.desktop_session.hotkey.x11_keys import (
    PasteError,
    PasteTarget,
    type_paste,
    wait_for_target,
)

OWN, OTHER, THIRD = 5, 1, 7
FIRST, LAST = 8, 12
CONTROL, SHIFT, INSERT = 37, 50, 118
V = XK.string_to_keysym("v")
A = XK.string_to_keysym("a")
CYRILLIC = XK.string_to_keysym("Cyrillic_em")
# Key 11 types V on the first layout, key 9 on the second. Further symbols belong to other levels.
MAPPING = [[0], [A, V, V], [], [V, 0, CYRILLIC, V], [A, 0, V, 0, V, V, V]]


class XServer:
    """A server, its only connection, its screen and root window, and a clock."""

    def __init__(self) -> None:
        self.active: list[int | None] = [OTHER]
        self.held = [bytes(32)]
        self.names: Any = ("firefox", "Firefox")
        self.codes = {"Control_L": CONTROL, "Shift_L": SHIFT, "Insert": INSERT}
        self.layout = 0
        self.mapping = MAPPING
        self.extensions = {"XTEST"}
        self.is_lost = False
        self.typed: list[tuple[int, int]] = []
        self.looks = self.synced = self.closed = 0
        self.milliseconds = 100_000
        self.info = SimpleNamespace(min_keycode=FIRST, max_keycode=LAST)
        self.display = self.root = self

    def connect(self) -> XServer:
        if self.is_lost:
            raise xlib_error.DisplayConnectionError(":0", b"no server")
        return self

    def monotonic(self) -> float:
        return self.milliseconds / 1000

    def sleep(self, seconds: float) -> None:
        self.milliseconds += round(seconds * 1000)

    def close(self) -> None:
        self.closed += 1

    def sync(self) -> None:
        self.synced += 1

    def screen(self) -> XServer:
        return self

    def intern_atom(self, name: str) -> str:
        return name

    def get_full_property(self, name: str, kind: int) -> Any:
        assert (name, kind) == ("_NET_ACTIVE_WINDOW", X.AnyPropertyType)
        self.looks += 1
        found = self.active.pop(0) if len(self.active) > 1 else self.active[0]
        return None if found is None else SimpleNamespace(value=[found, 99] if found else [])

    def query_keymap(self) -> bytes:
        return self.held.pop(0) if len(self.held) > 1 else self.held[0]

    def create_resource_object(self, kind: str, window: int) -> Any:
        assert (kind, window) == ("window", OTHER)
        return self

    def get_wm_class(self) -> Any:
        if self.names == "closed":
            raise xlib_error.BadWindow.__new__(xlib_error.BadWindow)
        return self.names

    def has_extension(self, name: str) -> bool:
        return name in self.extensions

    def keysym_to_keycode(self, keysym: int) -> int:
        names = {XK.string_to_keysym(name): code for name, code in self.codes.items()}
        return names.get(keysym, 0)

    def query_pointer(self) -> Any:
        # Caps Lock and a pressed button are in the same mask.
        return SimpleNamespace(mask=self.layout << 13 | X.LockMask | X.Button1Mask | 1 << 15)

    def get_keyboard_mapping(self, first: int, count: int) -> list[list[int]]:
        assert (first, count) == (FIRST, 5)
        return self.mapping

    def fake_input(self, display: XServer, kind: int, code: int) -> None:
        assert display is self
        self.typed.append((kind, code))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> XServer:
    """Return the server that programs of this session connect to."""
    simulated = XServer()
    monkeypatch.setattr(xlib, "Display", simulated.connect)
    monkeypatch.setattr(xtest, "fake_input", simulated.fake_input)
    monkeypatch.setattr(x11_keys, "time", simulated)
    return simulated


def shortcut(modifier: int, key: int) -> list[tuple[int, int]]:
    return [
        *((X.KeyPress, modifier), (X.KeyPress, key)),
        *((X.KeyRelease, key), (X.KeyRelease, modifier)),
    ]


@pytest.mark.parametrize(
    ("active", "held", "looks"),
    [
        ([OTHER], [bytes(32)], 2),
        # Our own window still has the focus, then none, and it passes through another.
        ([OWN, OWN, 0, None, None, THIRD, OTHER], [bytes(32)], 8),
        ([OTHER], [b"\0\1", b"\x80", bytes(32)], 4),
    ],
)
def test_the_target_keeps_the_focus_and_no_key_is_held(
    server: XServer, active: list[int | None], held: list[bytes], looks: int
) -> None:
    server.active, server.held = active, held
    assert wait_for_target(OWN) == PasteTarget(OTHER, is_terminal=False)
    assert (server.looks, server.closed) == (looks, 1)


@pytest.mark.parametrize(
    ("active", "held"), [(OWN, b"\0"), (None, b"\0"), (0, b"\0"), (OTHER, b"\1")]
)
def test_waiting_for_a_target_ends_after_five_seconds(
    server: XServer, active: int | None, held: bytes
) -> None:
    server.active, server.held = [active], [held]
    with pytest.raises(PasteError, match="no other window got the focus, or a key is held"):
        wait_for_target(OWN)
    assert (server.looks, server.milliseconds, server.closed) == (500, 105_000, 1)


@pytest.mark.parametrize(
    ("names", "is_terminal"),
    [
        (("gnome-terminal-server", "Gnome-terminal"), True),
        (("server", "XTerm"), True),
        (("Xfce4-Terminal",), True),
        (("lxterminal-server",), True),
        (("terminals", "terminal"), False),
        ((), False),
        (None, False),
        ("closed", False),
    ],
)
def test_terminals_are_known_by_their_classes(
    server: XServer, names: Any, is_terminal: bool
) -> None:
    server.names = names
    assert wait_for_target(OWN) == PasteTarget(OTHER, is_terminal)


@pytest.mark.parametrize(
    ("layout", "is_terminal", "expected"),
    [
        (0, False, shortcut(CONTROL, 11)),
        (1, False, shortcut(CONTROL, 9)),
        (2, False, shortcut(SHIFT, INSERT)),
        (3, False, shortcut(SHIFT, INSERT)),
        (0, True, shortcut(SHIFT, INSERT)),
    ],
)
def test_the_shortcut_is_typed(
    server: XServer, layout: int, is_terminal: bool, expected: list[tuple[int, int]]
) -> None:
    server.layout = layout
    type_paste(PasteTarget(OTHER, is_terminal))
    assert server.typed == expected
    assert (server.synced, server.closed) == (1, 1)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"extensions": set()}, "the X server lacks XTEST"),
        ({"active": [THIRD]}, "the window lost the focus"),
        ({"codes": {"Shift_L": SHIFT}}, "the keyboard lacks the keys"),
        ({"codes": {"Insert": INSERT}}, "the keyboard lacks the keys"),
        ({"is_lost": True}, "Can't connect to display \":0\": b'no server'"),
    ],
)
def test_nothing_is_typed_after_a_failure(
    server: XServer, change: dict[str, Any], error: str
) -> None:
    vars(server).update(change)
    with pytest.raises(PasteError) as failed:
        type_paste(PasteTarget(OTHER, is_terminal=True))
    assert str(failed.value) == error
    assert not server.typed
    assert server.closed == (not server.is_lost)
