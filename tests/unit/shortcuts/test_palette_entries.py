"""The rows of the palette: conversations by their titles, and the most used rows first."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given, strategies

from desktop_app.domain.documents.letter_folding import fold
from desktop_app.shortcuts.command_search import (
    CONVERSATION,
    MAX_ROWS,
    FoldedTitles,
    PaletteEntry,
    count_use,
    find_entries,
    match_rank,
)

TITLES = FoldedTitles(
    [("c3", "Retries of a client"), ("c2", "Client letters"), ("c1", "Straße"), ("c0", "Über")]
)
COMMANDS = [
    PaletteEntry("conversation.new", "New conversation", "Conversation"),
    PaletteEntry("variant.pro", "Use Pro", "Message"),
    PaletteEntry("prompt.focus", "Go to message box", "Message"),
    PaletteEntry("setting:look.theme", "Theme", "Settings"),
]


def found(typed: str, uses: Mapping[str, float] | None = None) -> list[str]:
    return [entry.id for entry in find_entries(typed, COMMANDS, TITLES, uses or {})]


def test_every_kind_is_found_in_one_field() -> None:
    assert found("client") == [f"{CONVERSATION}c2", f"{CONVERSATION}c3"]
    assert found("theme") == ["setting:look.theme"]
    assert found("cli ret") == [f"{CONVERSATION}c3"]
    assert found("strasse") == [f"{CONVERSATION}c1"]
    assert found("uber") == found("U\u0308ber") == [f"{CONVERSATION}c0"]
    assert found("") == [entry.id for entry in COMMANDS]
    assert found("nothing at all") == []


def test_a_few_letters_in_order_are_enough() -> None:
    assert found("nwcnv") == ["conversation.new"]
    assert found("pro")[0] == "variant.pro"
    assert found("ltrs") == [f"{CONVERSATION}c2"]
    assert found("rcl") == [f"{CONVERSATION}c3"]  # not across two titles


def test_frequent_choices_come_first_among_equal_matches() -> None:
    assert found("go")[0] == "prompt.focus"
    assert found("mess")[:2] == ["variant.pro", "prompt.focus"]
    uses = count_use({}, "prompt.focus")
    assert found("mess", uses)[:2] == ["prompt.focus", "variant.pro"]
    assert found("", uses)[0] == "prompt.focus"
    assert uses == {"prompt.focus": 1.0}


def test_older_choices_count_less() -> None:
    uses: dict[str, float] = {}
    for chosen in "aaab":
        uses = count_use(uses, chosen)
    assert uses == {"a": 2.439, "b": 1.0}
    assert count_use(uses, "c") == {"a": 2.195, "c": 1.0, "b": 0.9}


def test_a_whole_word_comes_before_the_beginning_of_another() -> None:
    entries = [PaletteEntry("prompts.insert", "Insert prompt…", "Message"), *COMMANDS]
    shown = find_entries("pro", entries, TITLES)
    assert [entry.id for entry in shown] == ["variant.pro", "prompts.insert"]


def test_a_former_title_is_found_by_its_words_with_and_without_dots() -> None:
    entry = PaletteEntry("presets.use", "Apply prompt…", keywords="presets profiles")
    for typed in ("Apply preset…", "apply preset", "Apply prompt…"):
        assert find_entries(typed, [entry]) == [entry]


def test_no_more_rows_are_shown_than_fit() -> None:
    titles = FoldedTitles((str(n), "Retries") for n in range(MAX_ROWS + 1))
    entries = [PaletteEntry(f"entry {n}", "Retries") for n in range(9)]
    shown = [entry.id for entry in find_entries("retries", entries, titles)]
    assert shown == [e.id for e in entries] + [f"{CONVERSATION}{n}" for n in range(51)]


TITLE_LETTERS = strategies.text("abc ]^\\-\n", max_size=9)


@given(strategies.lists(TITLE_LETTERS, max_size=9), TITLE_LETTERS)
def test_titles_with_the_letters_in_order_are_found(titles: list[str], typed: str) -> None:
    letters = "".join(fold(typed).split()) or "a"

    def has(title: str) -> bool:
        rest = iter("".join(fold(title).split()))
        return all(letter in rest for letter in letters)

    rows = FoldedTitles((str(n), title) for n, title in enumerate(titles))
    shown = {e.id.removeprefix(CONVERSATION) for e in find_entries(letters, [], rows)}
    assert shown == {str(n) for n, title in enumerate(titles) if has(title)}


@given(
    strategies.lists(strategies.text("ab ", max_size=6), max_size=200),
    strategies.text("ab ", max_size=5).filter(str.strip),
)
def test_the_best_title_is_found_however_many_there_are(titles: list[str], typed: str) -> None:
    words = typed.split()
    rows = FoldedTitles((str(n), title) for n, title in enumerate(titles))
    [first, *_] = [*find_entries(typed, [], rows), None]
    ranks = [rank for title in titles if (rank := match_rank(words, title, "")) is not None]
    if ranks:
        assert first is not None
        assert match_rank(words, first.title, "") == min(ranks)


def test_an_old_title_is_found_among_thousands_of_new_ones() -> None:
    titles = FoldedTitles([*((str(n), f"Taxing {n}") for n in range(20_000)), ("old", "My tax")])
    used = f"{CONVERSATION}12345"
    shown = [entry.id for entry in find_entries("tax", [], titles, {used: 1.0})]
    assert shown[:3] == [f"{CONVERSATION}old", used, f"{CONVERSATION}0"]
    assert [e.id for e in find_entries("taxing 19999", [], titles)] == [f"{CONVERSATION}19999"]
