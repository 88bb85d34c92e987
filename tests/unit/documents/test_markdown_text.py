"""The Markdown that the document readers write: blocks, lists, tables, numbers, links."""

from __future__ import annotations

import pytest

from desktop_app.documents.office import markdown_text as md
from desktop_app.documents.office.markdown_text import FootnoteList, MarkdownBlock


@pytest.mark.parametrize(
    ("value", "style", "expected"),
    [
        *((n, "a", letter) for n, letter in ((1, "a"), (26, "z"), (27, "aa"), (53, "aaa"))),
        *((n, "A", letter) for n, letter in ((2, "B"), (28, "BB"))),
        *((n, "a", str(n)) for n in (0, -1)),
        *((n, "i", roman) for n, roman in ((1, "i"), (4, "iv"), (9, "ix"), (18, "xviii"))),
        *((n, "i", roman) for n, roman in ((44, "xliv"), (90, "xc"), (149, "cxlix"))),
        *((n, "i", roman) for n, roman in ((50, "l"), (400, "cd"), (555, "dlv"), (900, "cm"))),
        *((n, "I", roman) for n, roman in ((1999, "MCMXCIX"), (3999, "MMMCMXCIX"))),
        *((n, "i", str(n)) for n in (0, 4000)),
        (7, "1", "7"),
        (7, "", "7"),
        (780, "a", "z" * 30),
        (781, "a", "781"),
    ],
)
def test_item_numbers_follow_the_list_style(value: int, style: str, expected: str) -> None:
    assert md.number(value, style) == expected


@pytest.mark.parametrize(
    ("text", "level", "expected"),
    [
        ("One  two\n", 1, "# One two"),
        ("One", 0, "# One"),
        ("One", 6, "###### One"),
        ("One", 7, "###### One"),
        (" ", 2, ""),
    ],
)
def test_headings_have_levels_one_to_six(text: str, level: int, expected: str) -> None:
    assert md.heading(text, level) == MarkdownBlock(expected)


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([("-", " One\ntwo ", 0)], "- One\n   two"),
        ([("b)", "One\ntwo\nthree", 2)], "      b) One\n         two\n         three"),
        (
            [("10.", "One\ntwo", 0), ("-", "three\nfour", 1), ("-", "five", 2), ("-", "six", 1)],
            "10. One\n    two\n    - three\n       four\n       - five\n    - six",
        ),
        (
            [("100)", "One", 0), ("-", "two", 2), ("1.", "three", 0), ("-", "four", 1)],
            "100) One\n        - two\n1. three\n   - four",
        ),
        ([("1.1.1.", "One\ntwo", 0), ("-", "three", 1)], "1.1.1. One\n   two\n   - three"),
    ],
)
def test_items_are_indented_below_the_words_above_them(
    items: list[tuple[str, str, int]], expected: str
) -> None:
    assert md.join_blocks(md.item(*each) for each in items) == expected


def test_footnotes_are_numbered_in_order() -> None:
    notes = FootnoteList()
    assert [notes.add("first"), notes.add("second")] == ["[^1]", "[^2]"]
    assert md.join_blocks(notes.blocks()) == "[^1]: first\n[^2]: second"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([["a", "b"], ["1"]], "| a | b |\n| --- | --- |\n| 1 |  |"),
        ([["a", "", " "], [" "], ["", "x | y\nz"]], "| a |  |\n| --- | --- |\n|  | x \\| y z |"),
        ([["a"]], "| a |\n| --- |"),
        ([[" "], [""]], ""),
        ([], ""),
    ],
)
def test_tables_lose_empty_rows_and_trailing_columns(rows: list[list[str]], expected: str) -> None:
    assert md.table(rows) == MarkdownBlock(expected)


@pytest.mark.parametrize(
    ("text", "bold", "raised", "lowered"),
    [
        (" a b ", " **a b** ", " a b ", " a b "),
        ("a\nb", "a\nb", "a\nb", "a\nb"),
        ("a\n", "**a**\n", "a\n", "a\n"),
        (" ", " ", " ", " "),
        ("-12", "**-12**", "⁻¹²", "₋₁₂"),
        ("+345", "**+345**", "⁺³⁴⁵", "₊₃₄₅"),
        ("67890", "**67890**", "⁶⁷⁸⁹⁰", "₆₇₈₉₀"),
        ("\u22121", "**\u22121**", "⁻¹", "₋₁"),
        ("1st", "**1st**", "1st", "1st"),
    ],
)
def test_words_get_the_marks_of_their_format(
    text: str, bold: str, raised: str, lowered: str
) -> None:
    assert (md.bold(text), md.superscript(text), md.subscript(text)) == (bold, raised, lowered)


@pytest.mark.parametrize(
    ("text", "address", "expected"),
    [
        (" here ", "https://a.example", "[here](https://a.example)"),
        ("here", "HTTP://a.example", "[here](HTTP://a.example)"),
        ("me", "mailto:me@a.example", "[me](mailto:me@a.example)"),
        ("me@a.example", "mailto:me@a.example", "me@a.example"),
        ("https://a.example ", "https://a.example", "https://a.example "),
        ("here", "file:///etc/passwd", "here"),
        (" ", "https://a.example", " "),
    ],
)
def test_only_web_and_mail_addresses_become_links(text: str, address: str, expected: str) -> None:
    assert md.link(text, address) == expected
