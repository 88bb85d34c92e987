from __future__ import annotations

import pytest

from desktop_app.commands.command import COMMANDS, Category, Command
from desktop_app.commands.command_search import matching

SOME = (
    Command("a", "Show or hide the settings", Category.VIEW),
    Command("b", "Search all conversations", Category.CONVERSATION),
    Command("c", "New conversation", Category.CONVERSATION),
    Command("d", "Research", Category.ANSWER),
)


def ids(typed: str) -> str:
    return "".join(command.id for command in matching(typed, SOME))


def test_nothing_typed_finds_all_in_their_order() -> None:
    assert matching("  ", COMMANDS) == list(COMMANDS)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("search", "bd"),  # a beginning before a middle
        ("ALL SEARCH", "b"),
        ("conversation", "cb"[::-1]),
        ("new conv", "c"),
        ("view set", "a"),
        ("zzz", ""),
    ],
)
def test_words_in_title_or_category_the_likeliest_first(typed: str, found: str) -> None:
    assert ids(typed) == found
