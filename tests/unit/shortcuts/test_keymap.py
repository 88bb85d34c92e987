"""Shortcuts have a single spelling, take no key from typing, and never collide silently."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.app.features import COMMANDS
from desktop_app.domain.errors import SettingError
from desktop_app.shortcuts.command import Category, Command, CommandScope
from desktop_app.shortcuts.keymap import (
    Keymap,
    is_prefix,
    key_refusal,
    normalized,
    parse_press,
    presses_of,
)

modifiers = st.lists(st.sampled_from(["Ctrl", "shift", "Alt", "Meta", "Control"]), unique=True)
keys = st.sampled_from(["a", "Z", "+", ",", "1", "f5", "escape", "PageUp", "Del", "space", "é"])


def test_ids_are_unique_and_have_an_area() -> None:
    ids = [command.id for command in COMMANDS]
    assert len(set(ids)) == len(ids)
    assert all(id_.count(".") == 1 and id_ == id_.lower() for id_ in ids)


def may_type(text: str) -> bool:
    """Return True if the keys type a character on some layout.

    These are bare keys, Alt with a letter or sign (the third level of some layouts), and Ctrl+Alt
    with either (AltGr on other systems).
    """
    modifiers, key = parse_press(text)
    if len(key) > 1 and key != "Space":
        return False
    if "Meta" in modifiers or modifiers & {"Ctrl", "Alt"} == {"Ctrl"}:
        return False
    return not (modifiers == {"Alt"} and key.isdigit())


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.shortcut], ids=lambda c: c.id)
def test_no_default_types_a_character(command: Command) -> None:
    assert not any(map(may_type, presses_of(command.shortcut)))
    assert normalized(command.shortcut) == command.shortcut


def test_the_defaults_do_not_collide() -> None:
    assert Keymap().conflicts() == {}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("shift+ctrl+f", "Ctrl+Shift+F"),
        ("Ctrl++", "Ctrl++"),
        ("+", "+"),
        ("Control+Delete", "Ctrl+Del"),
        ("Enter", "Return"),
        (" Alt + PageUp ", "Alt+PgUp"),
        ("", ""),
        ("ctrl+g,  shift+ctrl+s", "Ctrl+G, Ctrl+Shift+S"),
        ("Ctrl+,, Ctrl+,", "Ctrl+,, Ctrl+,"),
        *(("f1", "F1"), ("f24", "F24")),
    ],
)
def test_keys_have_one_spelling(written: str, meant: str) -> None:
    assert normalized(written) == meant


@pytest.mark.parametrize(
    "text", ["Ctrl", "Ctrl+", "Foo+A", "Ctrl+AB", "Ctrl+ ", "A+B", "++", "+A", "F25"]
)
def test_invalid_shortcuts_are_refused(text: str) -> None:
    with pytest.raises(SettingError):
        normalized(text)


@given(names=modifiers, key=keys)
def test_normalizing_twice_changes_nothing(names: list[str], key: str) -> None:
    once = normalized("+".join([*names, key]))
    assert normalized(once) == once


parts_of_shortcuts = st.lists(
    st.sampled_from(["Ctrl", "shift", " Alt ", "Meta", "+", "++", "a", "é", "F5", "F36", "Return"]),
    max_size=4,
)


@given(text=st.text(max_size=12) | parts_of_shortcuts.map("+".join))
def test_any_text_is_a_shortcut_or_refused(text: str) -> None:
    try:
        once = normalized(text)
    except SettingError:
        return
    assert normalized(once) == once


@pytest.mark.parametrize("text", ["A", "Shift+7", "Return", "Shift+Up", "Space", "Del"])
def test_keys_used_for_typing_are_refused(text: str) -> None:
    assert key_refusal(text)
    assert Keymap({"conversation.new": text}).overrides == {}


def test_an_override_is_what_differs_from_the_default() -> None:
    changed = Keymap({"conversation.new": "shift+ctrl+n"})
    assert changed.shortcut_of("conversation.new") == "Ctrl+Shift+N"
    assert changed.is_changed("conversation.new")
    assert changed.overrides == {"conversation.new": "Ctrl+Shift+N"}
    assert Keymap({"conversation.new": "ctrl+n"}).overrides == {}
    assert Keymap().shortcut_of("conversation.new") == "Ctrl+N"


def test_a_command_may_have_no_keys() -> None:
    bare = Keymap({"app.quit": ""})
    assert bare.shortcut_of("app.quit") == ""
    assert bare.conflicts() == {}


def test_a_conflict_names_both_commands() -> None:
    both = Keymap({"answer.retry": "Ctrl+N"})
    assert both.conflicts() == {
        "answer.retry": ("conversation.new",),
        "conversation.new": ("answer.retry",),
    }


def test_the_two_windows_do_not_collide() -> None:
    here = Command("a.a", "A", Category.VIEW, "Ctrl+O", CommandScope.WINDOW)
    there = Command("b.b", "B", Category.VIEW, "Ctrl+O", CommandScope.QUICK)
    anywhere = Command("c.c", "C", Category.VIEW, "Ctrl+O", CommandScope.EVERYWHERE)
    assert Keymap(commands=(here, there)).conflicts() == {}
    assert Keymap(commands=(here, there, anywhere)).conflicts() == {
        "a.a": ("c.c",),
        "b.b": ("c.c",),
        "c.c": ("a.a", "b.b"),
    }


def test_damaged_settings_leave_the_defaults() -> None:
    values = {"keys.app.quit": "Nonsense", "keys.no.such": "Ctrl+J", "keys.list.next": 3}
    keymap = Keymap.from_settings({**values, "look.theme": "dark", "keys.answer.retry": "F5"})
    assert keymap.overrides == {"answer.retry": "F5"}
    assert keymap.shortcut_of("app.quit") == "Ctrl+Q"


def keymap_with(**overrides: str) -> Keymap:
    commands = (
        Command("a.one", "One", Category.VIEW, "Ctrl+G, Ctrl+A"),
        Command("a.two", "Two", Category.VIEW, "Ctrl+G, Ctrl+B"),
        Command("a.three", "Three", Category.VIEW, "Ctrl+T"),
        Command("a.typed", "Typed", Category.VIEW, "Return", CommandScope.PROMPT),
    )
    return Keymap({f"a.{name}": keys for name, keys in overrides.items()}, commands)


def test_chords_conflict_with_the_keys_that_they_begin_with() -> None:
    assert keymap_with().conflicts() == {}
    assert keymap_with(two="Ctrl+G, Ctrl+A").conflicts() == {
        "a.one": ("a.two",),
        "a.two": ("a.one",),
    }
    conflicts = keymap_with(three="Ctrl+G").conflicts()
    assert conflicts["a.three"] == ("a.one", "a.two")
    assert conflicts["a.one"] == ("a.three",)


def test_a_prefix_is_of_whole_presses() -> None:
    assert is_prefix("Ctrl+G", "Ctrl+G, Ctrl+A")
    assert not is_prefix("Ctrl+G, Ctrl+A", "Ctrl+G")
    assert not is_prefix("Ctrl+G", "Ctrl+Shift+G")


def test_a_chord_begins_with_keys_that_do_not_type() -> None:
    assert key_refusal("Ctrl+G, S") is None
    assert key_refusal("S, Ctrl+G")
    assert keymap_with(typed="Ctrl+G, Ctrl+X").shortcut_of("a.typed") == "Return"
    with pytest.raises(SettingError):
        normalized("Ctrl+A, Ctrl+B, Ctrl+C")
