"""Pages as people choose them, and the text that is left."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.conversations.message_facts import pages_fact
from desktop_app.domain.conversations.message_parts import ChosenPages, DocumentPart, PageImage
from desktop_app.domain.documents import document_types
from desktop_app.domain.documents.document_sections import (
    UNITS,
    Headings,
    chosen_text,
    find_sections,
    format_spans,
    merge_spans,
    parse_spans,
    unit_of,
)
from desktop_app.domain.errors import DocumentError, IllegalChoiceError

PDF = DocumentPart("0" * 64, "report.pdf", document_types.PDF, 9, pages=4, tokens=300)
PAGES = "[page 1]\nOne\n\n[page 2]\nTwo\n\n[page 3]\nThree\n\n[page 4]\nFour"
SHEETS = "## Prices\n\n| a |\n| --- |\n| 1 |\n\n## 2024\n\n| b |\n\n## Rooms, old\n\n| c |"
NAMES = ("Prices", "2024", "Rooms, old")

numbers = st.sets(st.integers(1, 300), min_size=1)


def spans_of(chosen: set[int]) -> tuple[tuple[int, int], ...]:
    return merge_spans((number, number) for number in chosen)


@given(numbers)
def test_formatted_spans_are_parsed_again(chosen: set[int]) -> None:
    spans = spans_of(chosen)
    assert parse_spans(format_spans(spans), 300) == spans
    assert parse_spans(format_spans(spans, "–"), 300) == spans
    assert {n for first, last in spans for n in range(first, last + 1)} == chosen
    assert all(a[1] + 1 < b[0] for a, b in pairwise(spans))


@given(st.text(alphabet='0123456789-–,; "“”a\n', max_size=12), st.integers(1, 12))
def test_any_selection_is_parsed_or_refused(given: str, count: int) -> None:
    try:
        spans = parse_spans(given, count, "sheet", ["a", "0", "7"][:count])
    except IllegalChoiceError as refused:
        assert refused.what_happened.endswith(".")
        assert refused.what_to_do
    else:
        assert spans == merge_spans(spans)
        assert 1 <= spans[0][0] <= spans[-1][1] <= count


@pytest.mark.parametrize(
    ("given", "spans"),
    [
        ("3-10, 15", ((3, 10), (15, 15))),
        ("15,3-10", ((3, 10), (15, 15))),
        (" 3 – 10 ;15", ((3, 10), (15, 15))),
        ("4, 3-5, 6", ((3, 6),)),
        ("07", ((7, 7),)),
        ("1,, 2,", ((1, 2),)),
        ("52", ((52, 52),)),
    ],
)
def test_usual_spellings_of_spans_are_parsed(given: str, spans: object) -> None:
    assert parse_spans(given, 52) == spans


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("", "Nothing is selected."),
        (" , ", "Nothing is selected."),
        ("0", "“0” isn’t in this file."),
        ("53", "“53” isn’t in this file."),
        ("50-60", "“60” isn’t in this file."),
        ("10-3", "“10-3” isn’t a valid range."),
        ("3-", "“3-” isn’t a valid selection."),
        ("-3", "“-3” isn’t a valid selection."),
        ("three", "“three” isn’t a valid selection."),
        ("1 2", "“1 2” isn’t a valid selection."),
        ("9" * 5000, f"“{'9' * 5000}” isn’t a valid selection."),
        ("²", "“²” isn’t a valid selection."),
    ],
)
def test_wrong_spans_are_refused_with_the_reason(given: str, why: str) -> None:
    with pytest.raises(IllegalChoiceError) as refused:
        parse_spans(given, 52)
    assert refused.value.what_happened == why
    assert refused.value.what_to_do == "Enter numbers from 1 to 52, such as 1-3, 52."


@pytest.mark.parametrize(
    ("given", "spans"),
    [
        ("prices", ((1, 1),)),
        ("2024", ((2, 2),)),
        ('"2024", 1', ((1, 2),)),
        ("“Rooms, old”", ((3, 3),)),
        ("3, Prices", ((1, 1), (3, 3))),
    ],
)
def test_sheets_can_be_chosen_by_name(given: str, spans: object) -> None:
    assert parse_spans(given, 3, "sheet", NAMES) == spans


def test_the_text_of_the_chosen_sections_is_returned() -> None:
    part = replace(PDF, chosen=ChosenPages("page", ((1, 1), (3, 4)), 4, 20))
    assert chosen_text(part, PAGES) == ("[page 1]\nOne\n\n[page 3]\nThree\n\n[page 4]\nFour")
    assert chosen_text(PDF, PAGES) == PAGES
    assert part.sent_pages == 3
    assert part.sent_tokens == 20


def test_a_mark_that_a_page_quotes_is_not_a_section() -> None:
    text = "[page 1]\nSee\n[page 2]\n\n[page 7]\nor\n\n[page 2] x\n\n[page 2]\nTwo"
    found = find_sections(text, "page")
    assert [text[section.start :][:12] for section in found] == ["[page 1]\nSee", "[page 2]\nTwo"]
    assert [section.number for section in found] == [1, 2]


def test_the_headings_above_a_place_are_the_innermost_of_each_level() -> None:
    text = "# A\n\n## B\n\nb\n\n### *C* #\n\nc\n\n## D\n\nd\n\n# E\n"
    headings = Headings(text)
    above = {mark: headings.above(text.index(mark)) for mark in ("b", "c\n", "d\n", "# E", "# A")}
    assert [[heading.words for heading in found] for found in above.values()] == [
        *(["A", "B"], ["A", "B", "C"], ["A", "D"], ["E"], ["A"])
    ]
    assert [heading.level for heading in above["c\n"]] == [1, 2, 3]
    assert Headings("a\n\n# B").above(0) == []


def test_sheets_have_names() -> None:
    assert [(s.number, s.name) for s in find_sections(SHEETS, "sheet")] == [
        (1, "Prices"),
        (2, "2024"),
        (3, "Rooms, old"),
    ]
    part = replace(PDF, chosen=ChosenPages("sheet", ((2, 2),), 3))
    assert chosen_text(part, SHEETS) == "## 2024\n\n| b |"


@pytest.mark.parametrize("chosen", [((1, 1),), ((1, 5),)])
def test_a_text_with_other_sections_is_not_cut(chosen: tuple[tuple[int, int], ...]) -> None:
    count = 5 if chosen == ((1, 1),) else 4  # of 4 pages
    part = replace(PDF, chosen=ChosenPages("page", chosen, count))
    with pytest.raises(DocumentError, match="find the selected parts"):
        chosen_text(part, PAGES)


@given(numbers, st.integers(1, 300))
def test_exactly_the_chosen_pages_are_returned(chosen: set[int], more: int) -> None:
    count = max(*chosen, more)
    texts = [f"[page {n}]\nwords of {n}." for n in range(1, count + 1)]
    part = replace(PDF, chosen=ChosenPages("page", spans_of(chosen), count))
    wanted = [text for n, text in enumerate(texts, 1) if n in chosen]
    assert chosen_text(part, "\n\n".join(texts)) == "\n\n".join(wanted)


def test_chosen_pages_are_described_with_their_unit() -> None:
    chosen = ChosenPages("page", ((3, 10), (15, 15)), 52, 8100)
    assert pages_fact(replace(PDF, chosen=chosen)) == "pages 3–10, 15 of 52"
    sheets = replace(PDF, chosen=ChosenPages("sheet", ((2, 2),), 3))
    assert pages_fact(sheets) == "sheet 2 of 3"


def test_only_the_chosen_pages_pictures_are_sent() -> None:
    part = replace(PDF, pictured=tuple(PageImage(n, 9, 9) for n in (2, 3, 4)))
    assert len(part.image_pages) == 3
    part = replace(part, chosen=ChosenPages("page", ((1, 2), (4, 4)), 4))
    assert [page.number for page in part.image_pages] == [2, 4]


def test_a_document_has_a_unit_of_sections() -> None:
    known = {name: value for name, value in vars(document_types).items() if isinstance(value, str)}
    units = {"PDF": "page", "PPTX": "slide", "ODP": "slide", "EPUB": "chapter"}
    units |= dict.fromkeys(("XLSX", "XLSB", "XLS", "ODS"), "sheet")
    expected = {known[name]: unit for name, unit in units.items()}
    expected |= {flat: UNITS[kind] for kind, flat in document_types.FLAT.items() if kind in UNITS}
    assert expected == dict(UNITS)
    assert unit_of(PDF) == "page"
    assert unit_of(replace(PDF, pages=1)) == ""
    assert unit_of(replace(PDF, media_type=document_types.DOCX, pages=None)) == ""


@pytest.mark.parametrize(
    ("names", "count", "advice"),
    [
        ((), 1, "Only 1 is available."),
        ((), 2, "Enter numbers from 1 to 2, such as 1."),
        ((), 3, "Enter numbers from 1 to 3, such as 1-2."),
        ((), 4, "Enter numbers from 1 to 4, such as 1-3."),
        ((), 5, "Enter numbers from 1 to 5, such as 1-3, 5."),
        (NAMES[:1], 1, "Only 1 is available."),
        (NAMES[:2], 2, "Enter numbers from 1 to 2 or names, such as 1 or Prices."),
        (NAMES, 3, "Enter numbers from 1 to 3 or names, such as 1-2 or Prices."),
    ],
)
def test_the_advice_on_a_wrong_selection_fits_the_file(
    names: tuple[str, ...], count: int, advice: str
) -> None:
    with pytest.raises(IllegalChoiceError) as refused:
        parse_spans("9", count, "sheet" if names else "page", names)
    assert refused.value.what_to_do == advice


def test_a_sheet_may_be_the_last_line() -> None:
    assert [section.name for section in find_sections("## A\n\nb\n\n## Last", "sheet")] == [
        *("A", "Last")
    ]
