"""Commands are found by the words of their titles, their categories and more."""

from __future__ import annotations

import pytest

from desktop_app.shortcuts.command import COMMANDS
from desktop_app.shortcuts.command_search import (
    PaletteEntry,
    command_entries,
    match_rank,
    matching_entries,
)
from desktop_app.shortcuts.keymap import Keymap

SOME = (
    PaletteEntry("a", "Show or hide the settings", "View"),
    PaletteEntry("b", "Search all conversations", "Conversation"),
    PaletteEntry("c", "New conversation", "Conversation"),
    PaletteEntry("d", "Research", "Answer"),
)


def ids(typed: str) -> str:
    return "".join(entry.id for entry in matching_entries(typed, SOME))


def test_an_empty_query_finds_all_in_order() -> None:
    assert matching_entries("  ", SOME) == list(SOME)


def test_entries_show_commands_with_the_users_keys() -> None:
    first, *others = command_entries(COMMANDS, Keymap({"conversation.new": "Ctrl+Shift+J"}))
    assert first == PaletteEntry(
        "conversation.new", "New conversation", "Conversation", "Ctrl+Shift+J", "new chat"
    )
    assert len(others) == len(COMMANDS) - 1


@pytest.mark.parametrize(
    ("typed", "command"),
    [("resource", "tools.resources"), ("schema", "tools.form"), ("mcp perm", "tools.choose")],
)
def test_commands_are_found_by_words_beside_their_titles(typed: str, command: str) -> None:
    assert command in [
        entry.id for entry in matching_entries(typed, command_entries(COMMANDS, Keymap()))
    ]


@pytest.mark.usefixtures("pseudo_language")
def test_entries_are_in_the_language_in_use() -> None:
    entry = command_entries(COMMANDS, Keymap())[0]
    assert entry.title.startswith("⟦")
    assert entry.note.startswith("⟦")


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("search", "bd"),  # a beginning before a middle
        ("ALL SEARCH", "b"),
        ("conversation", "cb"),
        ("new conv", "c"),
        ("view set", "a"),
        ("zzz", ""),
    ],
)
def test_words_are_found_in_title_and_category_best_first(typed: str, found: str) -> None:
    assert ids(typed) == found


@pytest.mark.parametrize(
    ("title", "other", "place"),
    [
        ("New theme", "", 0),
        ("New theme of colors", "", 0),
        ("A theme, new", "", 3),
        ("A theme is new", "", 1),
        ("New themes", "", 2),
        ("Themes", "newly", 3),
        ("Renewed", "themes", 4),
        ("New", "", None),
    ],
)
def test_titles_that_begin_with_whole_words_are_best(
    title: str, other: str, place: int | None
) -> None:
    assert match_rank(["new", "theme"], title, other) == place
