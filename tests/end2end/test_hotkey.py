"""The global shortcut on a real X server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from desktop_app.hotkey.hotkey_status import HotkeyError, HotkeyStatus
from desktop_app.hotkey.x11_hotkey import X11Hotkey, is_held
from tests.end2end.program import LONGEST_S, AssistiveClient, Program, wait_for

KEYS = "Meta+Alt+Space"


def press(keys: str = "super+alt+space") -> None:
    subprocess.run(["xdotool", "key", keys], check=True)


def reported(home: Path, **environment: str) -> dict[str, object]:
    """Return what doctor says of the shortcut."""
    outcome = subprocess.run(
        [sys.executable, "-m", "desktop_app", "doctor", "--json"],
        env={**os.environ, "REPARTEE_HOME": str(home), **environment},
        capture_output=True,
        timeout=LONGEST_S,
        check=False,
    )
    found: dict[str, object] = json.loads(outcome.stdout)["hotkey"]
    return found


def test_a_grabbed_shortcut_is_seen_whatever_is_locked() -> None:
    with closing(X11Hotkey(KEYS)) as hotkey:
        assert hotkey.count_presses() == 0
        press()
        assert wait_for(hotkey.count_presses, "the press") == 1
        press("Caps_Lock")
        try:
            press()
            assert wait_for(hotkey.count_presses, "the press with Caps Lock") == 1
        finally:
            press("Caps_Lock")
        press("super+space")
        press()
        assert wait_for(hotkey.count_presses, "the press after another") == 1
        assert is_held()
    assert not is_held()


@pytest.mark.parametrize(
    ("keys", "pressed"),
    [
        ("Ctrl+Shift+F12", "ctrl+shift+F12"),
        ("Ctrl+Alt+Q", "ctrl+alt+q"),
        ("Meta+PgUp", "super+Prior"),
    ],
)
def test_other_shortcuts_are_heard_once(keys: str, pressed: str) -> None:
    with closing(X11Hotkey(keys)) as hotkey:
        press(pressed)
        assert wait_for(hotkey.count_presses, keys) == 1


def test_taken_keys_are_refused_and_free_again_later() -> None:
    with closing(X11Hotkey(KEYS)):
        with pytest.raises(HotkeyError) as refused:
            X11Hotkey(KEYS)
        assert refused.value.status is HotkeyStatus.TAKEN
    X11Hotkey(KEYS).close()


def test_keys_that_the_keyboard_lacks_are_refused() -> None:
    with pytest.raises(HotkeyError) as refused:
        X11Hotkey("Ctrl+ѝ")
    assert refused.value.status is HotkeyStatus.UNKNOWN_KEYS


def test_the_program_holds_the_keys_and_opens_the_quick_prompt(
    client: AssistiveClient, repartee_home: Path
) -> None:
    with Program(repartee_home, client) as program:
        wait_for(is_held, "the shortcut")
        press()
        wait_for(lambda: program.has("quick-prompt", "showing"), "the quick prompt")
        assert reported(repartee_home)["status"] == "works"
        assert program.quit() == 0
    wait_for(lambda: not is_held(), "the keys to be free")


def test_doctor_tells_the_state_of_the_shortcut(repartee_home: Path) -> None:
    free = reported(repartee_home)
    assert (free["shortcut"], free["status"], free["works"]) == (KEYS, "works", True)
    # Somebody else's grab: another client without our selection.
    grab = (
        "from Xlib import X, display; d = display.Display(); r = d.screen().root\n"
        "r.grab_key(d.keysym_to_keycode(32), X.AnyModifier, 1, 1, 1); d.sync()\n"
        "print('ok', flush=True); d.next_event()"
    )
    with subprocess.Popen([sys.executable, "-c", grab], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"ok\n"
        try:
            taken = reported(repartee_home)
        finally:
            other.kill()
    assert (taken["status"], taken["works"]) == ("taken", False)
    assert reported(repartee_home, DISPLAY=":4711")["status"] == "unavailable"
    wayland = reported(repartee_home, WAYLAND_DISPLAY="wayland-0")
    assert wayland["status"] == "unavailable"
    assert "repartee quick" in str(wayland["text"])
