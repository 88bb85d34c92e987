"""The rows of the palette: conversations by their titles, and the most used rows first."""

from __future__ import annotations

from hypothesis import given, strategies

from desktop_app.commands.command_search import PaletteEntry
from desktop_app.commands.palette_index import (
    CONVERSATION,
    MAX_ROWS,
    PaletteIndex,
    TitleIndex,
    UseCounts,
    letters_in_order,
    transpositions,
)
from desktop_app.domain.documents.letter_folding import fold

NONE = UseCounts({})
TITLES = TitleIndex(
    [("c3", "Retries of a client"), ("c2", "Client letters"), ("c1", "Straße"), ("c0", "Über")]
)
COMMANDS = [
    PaletteEntry("conversation.new", "New conversation", "Conversation"),
    PaletteEntry("variant.pro", "Use Pro", "Message"),
    PaletteEntry("prompt.focus", "Go to message box", "Message"),
    PaletteEntry("setting:look.theme", "Theme", "Settings"),
]


def found(typed: str, uses: UseCounts = NONE) -> list[str]:
    return [entry.id for entry in PaletteIndex(COMMANDS, TITLES, uses).find(typed)]


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


def test_two_swapped_letters_still_find_a_row() -> None:
    assert found("thmee") == ["setting:look.theme"]
    assert found("retires") == found("client retires") == [f"{CONVERSATION}c3"]
    assert found("tmehe") == []  # more than two letters are elsewhere
    assert found("rpo") == []  # too short
    near = TitleIndex([("c1", "Stop at once, Anna"), ("c0", "Sotp")])
    shown = PaletteIndex([], near, NONE).find("sotp")
    assert [entry.id for entry in shown] == [f"{CONVERSATION}c0"]  # nothing near beside a match


def test_neighboring_letters_of_words_of_four_letters_are_swapped() -> None:
    assert list(transpositions(["pro", "aabc", "de"])) == [
        ["pro", "abac", "de"],
        ["pro", "aacb", "de"],
    ]


def test_a_row_with_swapped_letters_comes_before_letters_in_order() -> None:
    entries = [PaletteEntry("a", "The male eel"), PaletteEntry("b", "Theme")]
    often = UseCounts({"a": 9})
    assert [e.id for e in PaletteIndex(entries, TITLES, often).find("thmee")] == ["b", "a"]


def test_no_more_rows_are_shown_than_fit() -> None:
    rows = [(str(n), "Retries") for n in range(MAX_ROWS + 1)]
    index = TitleIndex(rows)
    assert MAX_ROWS == 60
    assert index.find(["retries"]) == index.find([]) == rows[:60]
    assert index.find(["ret", "tries"], 2) == rows[:2]
    assert index.find_letters(letters_in_order("rts"), 2) == rows[:2]
    entries = [PaletteEntry(f"entry {n}", "Retries") for n in range(9)]
    shown = [entry.id for entry in PaletteIndex(entries, index, NONE).find("retries")]
    assert shown == [e.id for e in entries] + [f"{CONVERSATION}{n}" for n in range(51)]


def test_the_newest_titles_are_searched() -> None:
    index = TitleIndex([("c2", "a"), ("c1", "ba"), ("c0", "ba")])
    assert index.find(["a"], within=1) == [("c2", "a")]
    assert index.find(["a"], within=2) == [("c2", "a"), ("c1", "ba")]
    assert index.find(["ba"], within=1) == []
    assert index.find(["ba", "a"], within=3) == [("c1", "ba"), ("c0", "ba")]


def test_all_words_must_be_in_the_same_title() -> None:
    assert TitleIndex([("c1", "boat"), ("c0", "sail")]).find(["boat", "s"]) == []
    assert TitleIndex([("c1", "boat"), ("c0", "sail")]).find(["sail", "b"]) == []


def test_frequent_choices_come_first_among_equal_matches() -> None:
    uses = UseCounts({})
    assert found("go")[0] == "prompt.focus"
    assert found("mess")[:2] == ["variant.pro", "prompt.focus"]
    uses.count_choice("prompt.focus")
    assert found("mess", uses)[:2] == ["prompt.focus", "variant.pro"]
    assert found("", uses)[0] == "prompt.focus"
    assert UseCounts(uses.stored).score("prompt.focus") == 1.0


def test_older_choices_count_less() -> None:
    uses = UseCounts({})
    for _ in range(3):
        uses.count_choice("a")
    uses.count_choice("b")
    assert uses.stored == {"a": 2.439, "b": 1.0}
    uses.count_choice("c")
    assert uses.stored == {"a": 2.195, "c": 1.0, "b": 0.9}


def test_damaged_counts_are_left_out() -> None:
    assert UseCounts({"a": "x", "b": -1, "c": 2}).stored == {"c": 2.0}
    assert UseCounts({"a": 0, "b": 0.5, "c": 999, "d": 1_000}).stored == {"b": 0.5, "c": 999.0}
    assert UseCounts([1, 2]).stored == {}


def test_a_whole_word_comes_before_the_beginning_of_another() -> None:
    entries = [PaletteEntry("prompts.insert", "Insert prompt…", "Message"), *COMMANDS]
    shown = PaletteIndex(entries, TITLES, NONE).find("pro")
    assert [entry.id for entry in shown] == ["variant.pro", "prompts.insert"]


@given(strategies.lists(strategies.text("abc ]^\\-\n", max_size=9), max_size=9), strategies.text())
def test_letters_in_order_are_found_in_a_title(titles: list[str], typed: str) -> None:
    letters = "".join(typed.split()) or "a]"
    rows = [(str(n), title) for n, title in enumerate(titles)]

    def has(title: str) -> bool:
        rest = iter(" ".join(title.split()))
        return all(letter in rest for letter in letters)

    wanted = [row for row in rows if has(row[1])]
    assert TitleIndex(rows).find_letters(letters_in_order(letters), 99) == wanted


@given(strategies.lists(strategies.text(max_size=12), max_size=20), strategies.text(max_size=4))
def test_any_title_is_found_by_its_content(titles: list[str], typed: str) -> None:
    words = fold(typed).split()
    index = TitleIndex((str(n), title) for n, title in enumerate(titles))
    plain = [" ".join(fold(title).split()) for title in titles]
    wanted = [str(n) for n, title in enumerate(plain) if all(word in title for word in words)]
    assert [id_ for id_, _ in index.find(words)] == wanted
