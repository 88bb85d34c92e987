"""Commands are found by the words of their titles, their categories and more."""

from __future__ import annotations

import pytest

from desktop_app.shortcuts.command_search import PaletteEntry, find_entries, match_rank

SOME = (
    PaletteEntry("a", "Show or hide the settings", "View"),
    PaletteEntry("b", "Search all conversations", "Conversation"),
    PaletteEntry("c", "New conversation", "Conversation"),
    PaletteEntry("d", "Research", "Answer"),
)


def ids(typed: str) -> str:
    return "".join(entry.id for entry in find_entries(typed, SOME))


def test_an_empty_query_finds_all_in_order() -> None:
    assert find_entries("  ", SOME) == list(SOME)


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
        ("A theme, new", "", 4),
        ("A theme is new", "", 1),
        ("New themes", "", 3),
        ("Themes", "newly", 4),
        ("Renewed", "themes", 5),
        ("New", "", None),
    ],
)
def test_titles_that_begin_with_whole_words_are_best(
    title: str, other: str, place: int | None
) -> None:
    assert match_rank(["new", "theme"], title, other) == place
