"""A document's text in slices, and a passage in them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop_app.domain.documents.passage_matching import letters_of
from desktop_app.rendering.block_model import Block, Kind
from desktop_app.rendering.document_text import SLICE, DocumentText, TextForm, form_of
from tests.helpers.examples import examples

PIECES = [
    "# Heading\n", "\n", "\n\n", "words and more words ", "A line.\n", "- item\n", "  - nested\n",
    "| a | b |\n| --- | --- |\n", "| 1 | two |\n", "```py\n", "x = 1\n", "```\n", "> quote\n",
    "[page 3]\n", "**bold** and `code` ", "\r\n", "[slide 2]\n\n", "1. one\n", "🙂 ", "\x0c",
    "long words without any end " * 300,
]  # fmt: skip


def words(block: Block) -> str:
    cells = (cell for row in block.rows for cell in row)
    return "".join(run.text for runs in (block.runs, *cells) for run in runs)


@settings(max_examples=examples(150))
@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join), st.sampled_from(TextForm))
def test_slices_are_the_whole_text(text: str, form: TextForm) -> None:
    document = DocumentText(text, form)
    ends = [0] + [one.end for one in document.slices]
    assert [one.start for one in document.slices] == ends[:-1]
    assert ends[-1] == len(text)
    assert all(0 < one.end - one.start <= 3 * SLICE for one in document.slices)
    for number, one in enumerate(document.slices):
        assert document.slice_at(one.start) == document.slice_at(one.end - 1) == number


@settings(max_examples=examples(150))
@given(
    st.lists(st.sampled_from(PIECES), max_size=25).map("".join),
    st.integers(0, 20_000),
    st.integers(1, 2_000),
    st.sampled_from(TextForm),
)
def test_what_is_marked_holds_the_passage(text: str, at: int, size: int, form: TextForm) -> None:
    """Whatever of it is shown is marked, and nothing that it does not touch."""
    start = at % (len(text) + 1)
    span = (start, min(len(text), start + size))
    document = DocumentText(text, form)
    for number in range(len(document.slices)):
        shown = document.shown(number, span)
        for mark in shown.marks:
            block = shown.blocks[mark.block]
            assert 0 <= mark.start <= mark.end
            assert (mark.row >= 0) == (block.kind is Kind.TABLE)
            assert mark.row < max(1, len(block.rows))
        if form is not TextForm.MARKDOWN:
            marked = "".join(words(shown.blocks[m.block])[m.start : m.end] for m in shown.marks)
            one = document.slices[number]
            assert letters_of(text[max(span[0], one.start) : min(span[1], one.end)]) in letters_of(
                marked
            )


def test_a_passage_in_a_paragraph_of_markdown() -> None:
    text = "# One\n\nSome **bold** words, and [a link](https://example.org) too.\n\nThe end.\n"
    span = (text.index("bold"), text.index("too") + 3)
    shown = DocumentText(text, TextForm.MARKDOWN).shown(0, span)
    (mark,) = shown.marks
    assert shown.blocks[mark.block].kind is Kind.PARAGRAPH
    marked = words(shown.blocks[mark.block])[mark.start : mark.end]
    assert "Some" not in marked
    assert "bold" in marked


def test_a_passage_from_within_a_paragraph_to_within_another() -> None:
    text = "The first one.\n\nThe second one.\n\nThe third one.\n\nThe fourth one.\n"
    span = (text.index("first"), text.index("third") + 5)
    shown = DocumentText(text, TextForm.MARKDOWN).shown(0, span)
    marked = [words(shown.blocks[m.block])[m.start : m.end] for m in shown.marks]
    assert marked == ["first one.", "The second one.", "The third"]


def test_the_rows_of_a_table_that_a_passage_touches() -> None:
    rows = [f"| row {n} | {n * n} |\n" for n in range(40)]
    text = "| name | value |\n| --- | --- |\n" + "".join(rows)
    start = text.index("| row 17 ")
    shown = DocumentText(text, TextForm.MARKDOWN).shown(0, (start, start + len(rows[17]) + 5))
    marked = [shown.blocks[m.block].rows[m.row][0][0].text for m in shown.marks]
    assert marked == ["row 17", "row 18"]


def test_a_long_table_stays_one_in_every_slice() -> None:
    text = "| name | value |\n| --- | --- |\n" + "".join(
        f"| row {n} | some value of it {n} |\n" for n in range(2_000)
    )
    document = DocumentText(text, TextForm.MARKDOWN)
    assert len(document.slices) > 3
    found = []
    for number in range(len(document.slices)):
        blocks = document.shown(number).blocks
        assert all(block.kind is Kind.TABLE for block in blocks)
        found += [row[0][0].text for block in blocks for row in block.rows]
    assert found == ["name"] + [f"row {n}" for n in range(2_000)]


@pytest.mark.parametrize(
    ("media_type", "form"),
    [
        ("text/markdown", TextForm.MARKDOWN),
        ("application/vnd.oasis.opendocument.text", TextForm.MARKDOWN),
        ("text/plain", TextForm.LINES),
        ("message/rfc822", TextForm.LINES),
        ("application/pdf", TextForm.LINES),
        ("application/zip", TextForm.LINES),
        ("inode/directory", TextForm.LINES),
        ("text/csv", TextForm.CODE),
        ("text/x-python", TextForm.CODE),
        ("application/json", TextForm.CODE),
        ("application/yaml", TextForm.CODE),
        ("application/vnd.ms-outlook", TextForm.LINES),
        ("application/x-unknown", TextForm.LINES),
    ],
)
def test_how_a_text_is_to_be_read(media_type: str, form: TextForm) -> None:
    assert form_of(media_type) is form


def test_short_lines_within_a_passage_are_marked(pytestconfig: pytest.Config) -> None:
    """Check this for numbers and escapes, too, which are shown differently from the source."""
    path = pytestconfig.rootpath / "tests/data/corpus/expected/house-rules.docx.txt"
    text = path.read_text("utf-8")
    blocks, marks = DocumentText(text, TextForm.MARKDOWN).shown(0, (0, text.index("\n\n[^1]")))
    marked = [words(blocks[m.block])[m.start : m.end] for m in marks]
    assert {"Doors", "Keys", "Take the key.", "Bring it back.", "Last words."} < set(marked)
