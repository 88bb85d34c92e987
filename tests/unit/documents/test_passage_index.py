"""Passages of a document: together they are the text, and each knows its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.documents.index.chunks import passages
from desktop_app.domain.documents import document_types
from desktop_app.domain.documents.extracted_document import IndexedPassage

PDF = "[page 1]\nThe lease begins.\n\n[page 2]\nThe rent is due.\n\n[page 3]\nNotice is given."
BOOK = (
    "# Manual\n\nAll about it.\n\n## Noise\n\nIt hums.\n\n### At night\n\nLess.\n\n## Water\n\nHot."
)
SHEETS = "## Costs\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\n## Plan\n\n| c | d |\n| --- | --- |"


def count(text: str) -> int:
    return len(text.split())


def made(text: str, kind: str = "text/markdown", tokens: int = 4) -> list[IndexedPassage]:
    return list(passages(text, "the-lease 2.pdf", kind, count, tokens))


texts = st.lists(
    st.sampled_from(
        [
            "# Head\n",
            "## Deep\n",
            "word ",
            "A sentence. ",
            "\n\n",
            "| a |\n",
            "[page 3]\n",
            "日本。",
        ]
    ),
    max_size=50,
).map("".join)


@given(texts | st.text(), st.integers(1, 30))
def test_passages_join_to_the_text(text: str, tokens: int) -> None:
    found = made(text, tokens=tokens)
    assert "".join(text[p.start : p.end] for p in found) == text
    assert all(p.start < p.end and p.tokens <= tokens for p in found)


def test_passages_have_page_numbers() -> None:
    assert [(p.page, p.place) for p in made(PDF, document_types.PDF, 6)] == [
        (1, "page 1"),
        (2, "page 2"),
        (3, "page 3"),
    ]
    (whole,) = made(PDF, document_types.PDF, 50)
    assert (whole.page, whole.place) == (1, "pages 1–3")


def test_passages_have_the_headings_above_them() -> None:
    places = {p.place: p.title for p in made(BOOK, tokens=5)}
    assert places["At night"].endswith("Manual Noise At night")
    assert places["Water"].endswith("Manual Water")
    assert places["Water"].startswith("the lease 2")


@pytest.mark.parametrize("kind", [document_types.XLSX, document_types.ODS])
def test_sheets_are_places(kind: str) -> None:
    found = [(p.page, p.place) for p in made(SHEETS, kind, 18)]
    assert found == [(1, "sheet Costs"), (2, "sheet Plan")]


def test_chapters_are_places() -> None:
    book = "[chapter 1]\n\n# One\n\nIt begins.\n\n[chapter 2]\n\n# Two\n\nIt ends."
    assert [p.place for p in made(book, document_types.EPUB, 8)] == ["chapter 1", "chapter 2"]


def headed(text: str, tokens: int = 4) -> list[tuple[str, str, str]]:
    """Return the text of each passage with its place and title."""
    found = passages(text, "x.md", "text/markdown", count, tokens)
    return [(text[p.start : p.end], p.place, p.title) for p in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#  *One*[2](u) # \nb", [("#  *One*[2](u) # \nb", "One", "x One")]),
        ("Before.\n# One\nIt is.", [("Before.\n", "", "x"), ("# One\nIt is.", "One", "x One")]),
        (
            "### Deep\na b\n\n## Two\nc d\n\n## Three\ne f",
            [
                ("### Deep\na b\n\n", "Deep", "x Deep"),
                ("## Two\nc d\n\n", "Two", "x Two"),
                ("## Three\ne f", "Three", "x Three"),
            ],
        ),
        (
            "# One\na b\n\n###### Six\nc d\n\n####### e f",
            [
                ("# One\na b\n\n", "One", "x One"),
                ("###### Six\nc d\n\n", "Six", "x One Six"),
                ("####### e f", "Six", "x One Six"),
            ],
        ),
    ],
)
def test_headings_apply_to_the_passages_below(
    text: str, expected: list[tuple[str, str, str]]
) -> None:
    assert headed(text) == expected


def test_text_before_the_first_mark_belongs_to_its_page() -> None:
    (whole,) = made("Before.\n\n[page 1]\na b\n\n[page 2]\ne f", document_types.PDF, 20)
    assert (whole.page, whole.place) == (1, "pages 1–2")


def test_a_text_without_marks_has_no_places() -> None:
    assert {(p.page, p.place) for p in made("One. Two. Three.", "text/plain")} == {(None, "")}
