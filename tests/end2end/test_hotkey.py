"""The global shortcut on a real X server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from Xlib import X
from Xlib import display as xlib

from desktop_app.desktop_session.hotkey.hotkey_status import HotkeyError, HotkeyStatus
from desktop_app.desktop_session.hotkey.x11_keys import X11Hotkey, is_held
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


def test_a_held_key_is_one_press_however_often_it_repeats() -> None:
    with closing(xlib.Display()) as display, closing(X11Hotkey(KEYS)) as hotkey:
        display.change_keyboard_control(auto_repeat_mode=X.AutoRepeatModeOn)
        display.sync()
        try:
            subprocess.run("xdotool keydown super keydown alt keydown space".split(), check=True)
            presses = wait_for(hotkey.count_presses, "the press")
            for _ in range(100):
                time.sleep(0.01)
                presses += hotkey.count_presses()
            assert presses == 1
        finally:
            subprocess.run("xdotool keyup space keyup alt keyup super".split(), check=True)
            display.change_keyboard_control(auto_repeat_mode=X.AutoRepeatModeOff)
            display.sync()
        wait_for(lambda: hotkey.count_presses() == 0 and not hotkey.is_down, "the release")


def test_taken_keys_are_refused_and_free_again_later() -> None:
    with closing(X11Hotkey(KEYS)):
        with pytest.raises(HotkeyError) as refused:
            X11Hotkey(KEYS)
        assert refused.value.status is HotkeyStatus.TAKEN
    X11Hotkey(KEYS).close()


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
