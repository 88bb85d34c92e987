"""A document's text in slices, and a passage in them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop_app.domain.documents import document_types
from desktop_app.domain.documents.passage_matching import letters_of
from desktop_app.markdown import document_text
from desktop_app.markdown.block_model import Block, Kind
from desktop_app.markdown.document_text import SLICE_LENGTH, DocumentText, TextForm, text_form_of
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


def test_each_type_of_document_has_its_form() -> None:
    constants = {
        name: media_type
        for name, media_type in vars(document_types).items()
        if isinstance(media_type, str) and "/" in media_type and not name.startswith("_")
    }
    del constants["OPENDOCUMENT"]  # the beginning of others
    forms = {name: text_form_of(media_type) for name, media_type in constants.items()}
    lines = ("PDF", "MAIL", "OUTLOOK", "ZIP", "FOLDER", "VCARD", "CALENDAR")
    code = ("CSV", "TSV")
    assert {name for name, form in forms.items() if form is TextForm.LINES} == set(lines)
    assert {name for name, form in forms.items() if form is TextForm.CODE} == set(code)


@settings(max_examples=examples(150))
@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join), st.sampled_from(TextForm))
def test_slices_join_to_the_text(text: str, form: TextForm) -> None:
    document = DocumentText(text, form)
    ends = [0] + [one.end for one in document.slices]
    assert [one.start for one in document.slices] == ends[:-1]
    assert ends[-1] == len(text)
    assert all(0 < one.end - one.start <= 3 * SLICE_LENGTH for one in document.slices)
    for number, one in enumerate(document.slices):
        assert document.slice_at(one.start) == document.slice_at(one.end - 1) == number


@settings(max_examples=examples(150))
@given(
    st.lists(st.sampled_from(PIECES), max_size=25).map("".join),
    st.integers(0, 20_000),
    st.integers(1, 2_000),
    st.sampled_from(TextForm),
)
def test_marks_cover_the_passage(text: str, at: int, size: int, form: TextForm) -> None:
    """Check that marks are valid, and outside Markdown contain all letters of the passage."""
    start = at % (len(text) + 1)
    span = (start, min(len(text), start + size))
    document = DocumentText(text, form)
    for number in range(len(document.slices)):
        shown = document.render_slice(number, span)
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


def test_a_passage_within_a_markdown_paragraph_is_marked() -> None:
    text = "# One\n\nSome **bold** words, and [a link](https://example.org) too.\n\nThe end.\n"
    span = (text.index("bold"), text.index("too") + 3)
    shown = DocumentText(text, TextForm.MARKDOWN).render_slice(0, span)
    (mark,) = shown.marks
    assert shown.blocks[mark.block].kind is Kind.PARAGRAPH
    marked = words(shown.blocks[mark.block])[mark.start : mark.end]
    assert "Some" not in marked
    assert "bold" in marked


def test_a_passage_across_paragraphs_is_marked() -> None:
    text = "The first one.\n\nThe second one.\n\nThe third one.\n\nThe fourth one.\n"
    span = (text.index("first"), text.index("third") + 5)
    shown = DocumentText(text, TextForm.MARKDOWN).render_slice(0, span)
    marked = [words(shown.blocks[m.block])[m.start : m.end] for m in shown.marks]
    assert marked == ["first one.", "The second one.", "The third"]


def test_table_rows_that_a_passage_touches_are_marked() -> None:
    rows = [f"| row {n} | {n * n} |\n" for n in range(40)]
    text = "| name | value |\n| --- | --- |\n" + "".join(rows)
    start = text.index("| row 17 ")
    shown = DocumentText(text, TextForm.MARKDOWN).render_slice(
        0, (start, start + len(rows[17]) + 5)
    )
    marked = [shown.blocks[m.block].rows[m.row][0][0].text for m in shown.marks]
    assert marked == ["row 17", "row 18"]


def test_a_long_table_is_a_table_in_every_slice() -> None:
    text = "| name | value |\n| --- | --- |\n" + "".join(
        f"| row {n} | some value of it {n} |\n" for n in range(2_000)
    )
    document = DocumentText(text, TextForm.MARKDOWN)
    assert len(document.slices) > 3
    found = []
    for number in range(len(document.slices)):
        blocks = document.render_slice(number).blocks
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
def test_the_media_type_decides_the_form(media_type: str, form: TextForm) -> None:
    assert text_form_of(media_type) is form


def test_short_lines_within_a_passage_are_marked(pytestconfig: pytest.Config) -> None:
    """Check this for numbers and escapes, too, which are shown differently from the source."""
    path = pytestconfig.rootpath / "tests/data/corpus/expected/house-rules.docx.txt"
    text = path.read_text("utf-8")
    blocks, marks = DocumentText(text, TextForm.MARKDOWN).render_slice(
        0, (0, text.index("\n\n[^1]"))
    )
    marked = [words(blocks[m.block])[m.start : m.end] for m in marks]
    assert {"Doors", "Keys", "Take the key.", "Bring it back.", "Last words.2"} < set(marked)


MARKED = """# Head

Some **bold** [words](https://a.b/c) here. And more.

- one
- two
  more of two

| a | b |
| --- | --- |
| 1 | two |
| 3 | x |

```py
x = 1

y
```

> said

The end.
"""


def marked_words(document: DocumentText, number: int, span: tuple[int, int]) -> list[str]:
    blocks, marks = document.render_slice(number, span)
    found = []
    for mark in marks:
        block = blocks[mark.block]
        cells = block.rows[mark.row] if mark.row >= 0 else (block.runs,)
        shown = "\t".join("".join(run.text for run in runs) for runs in cells)
        found.append(shown[mark.start : mark.end])
    return found


@pytest.mark.parametrize(
    ("passage", "expected"),
    [
        ("Head", ["Head"]),
        ("bold** [words](https://a.b/c) here.", ["bold words here."]),
        ("here. And", ["here. And"]),
        # A passage that cannot be located marks all of its block.
        ("words](https", ["Some bold words here. And more."]),
        ("one", ["one"]),
        ("two\n  more", ["two\u2028more"]),
        ("more of", ["more of"]),
        ("a |", ["a\tb"]),
        ("---", ["a\tb"]),
        ("1 | t", ["1\ttwo"]),
        ("x |\n\n```", ["3\tx"]),
        ("| 1 | two |\n| 3 | x |", ["1\ttwo", "3\tx"]),
        ("x = 1", ["x = 1"]),
        ("\n\ny", ["y"]),
        ("> said", ["said"]),
        ("end", ["end."]),
        ("# Head\n\nSome", ["Head", "Some"]),
    ],
)
def test_the_words_of_a_passage_are_marked(passage: str, expected: list[str]) -> None:
    start = MARKED.index(passage)
    document = DocumentText(MARKED, TextForm.MARKDOWN)
    assert marked_words(document, 0, (start, start + len(passage))) == expected


def test_a_passage_elsewhere_marks_nothing() -> None:
    document = DocumentText(MARKED, TextForm.MARKDOWN)
    for span in (None, (0, 0), (len(MARKED), len(MARKED) + 5)):
        assert document.render_slice(0, span).marks == ()


@pytest.fixture
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document_text, "SLICE_LENGTH", 20)
    monkeypatch.setattr(document_text, "_MAX_SLICE_LENGTH", 40)


@pytest.mark.usefixtures("small_slices")
@pytest.mark.parametrize(
    "slices",
    [
        # A line longer than 40 characters is cut after 20, at a space of the second ten.
        ["a" * 20, "a" * 25],
        ["a" * 9 + " " + "b" * 10, "b" * 25],
        ["a" * 10 + " ", "b" * 35],
        ["a" * 19 + " ", "b" * 35],
        ["a" * 20, " " + "b" * 35],
        ["a" * 12 + " b ", "c" * 40],
        ["a" * 40],
        ["one line\ntwo lines here\n", "three\n"],
        ["a" * 19 + "\nb\n"],
        ["a" * 20 + "\n", "b\n"],
        ["a" * 39 + "\n", "b"],
        ["a" * 20, "a" * 20 + "\n", "b"],
        [],
    ],
)
def test_lines_are_cut_at_the_slice_length(slices: list[str]) -> None:
    text = "".join(slices)
    document = DocumentText(text, TextForm.LINES)
    assert [text[one.start : one.end] for one in document.slices] == slices


X_LINE = "x = 1234567\n"


@pytest.mark.usefixtures("small_slices")
@pytest.mark.parametrize(
    "slices",
    [
        [
            ("A first paragraph of it.\n\n", ""),
            ("Another one.\n\n  And indented.\n\n", ""),
            ("End", ""),
        ],
        [("A first paragraph of it.\n\n  indented\n\n", ""), ("End.\n", "")],
        [("a\n\nb\n\nc\n\nd\n\ne\n\nf\n\ng\n\n", ""), ("hhh\n\niii", "")],
        # After forty characters it is cut between lines.
        [("line one of it\n" * 3, ""), ("line one of it\n", "")],
        [("x" * 40, ""), ("x" * 10 + "\n\ny", "")],
        [
            (f"```py\n{X_LINE}\n{X_LINE}\n{X_LINE}", ""),
            (f"\n{X_LINE * 2}```\n\n", "```py\n"),
            ("End.", ""),
        ],
        [(f"~~~~\n{X_LINE * 3}", ""), ("~~~\n~~~~\n\nEnd of it all.\n\n", "~~~~\n"), ("End.", "")],
        [("```\nx\n``` y\n" + "zzzzzz\n" * 4, ""), ("zzzzzz\n```", "```\n")],
        [
            ("| a | b |\n|---|---|\n| 1 | 22222 |\n| 1 | 22222 |\n", ""),
            ("| 1 | 22222 |\n| 1 | 22222 |\n\n", "| a | b |\n|---|---|\n"),
            ("End.\n", ""),
        ],
        [("```\n" + "| a |\n" * 6, ""), ("| a |\n```\n", "```\n")],
        [("Some ```code``` in it.\n\n", ""), ("Another paragraph.\n\n", ""), ("End.", "")],
        # These are not tables, so no head is repeated.
        [("| a |\n" * 7, ""), ("| a |\n", "")],
        [("| a | b |\n|---|\n" + "| a |\n" * 4, ""), ("| a |\n", "")],
    ],
)
def test_markdown_is_cut_between_paragraphs(slices: list[tuple[str, str]]) -> None:
    text = "".join(piece for piece, _ in slices)
    document = DocumentText(text, TextForm.MARKDOWN)
    assert [(text[one.start : one.end], one.head) for one in document.slices] == slices
    shown = [
        block for number in range(len(slices)) for block in document.render_slice(number).blocks
    ]
    assert letters_of("".join(map(words, shown))) == letters_of(
        re.sub(r"(?m)^(```|~~~~)(py)?$", "", text)
    )


@pytest.mark.usefixtures("small_slices")
def test_a_passage_below_a_repeated_head_is_marked() -> None:
    text = "| a | b |\n|---|---|\n" + "".join(f"| {n} | 22222 |\n" for n in range(5)) + "\nEnd.\n"
    document = DocumentText(text, TextForm.MARKDOWN)
    start = text.index("| 2 |")
    span = (start, text.index("End") + 3)
    found = [marked_words(document, number, span) for number in range(len(document.slices))]
    assert found == [[], ["2\t22222", "3\t22222", "4\t22222"], ["End."]]


@pytest.mark.usefixtures("small_slices")
def test_a_passage_in_a_paragraph_after_a_repeated_head_is_marked() -> None:
    text = "| a | b |\n|---|---|\n" + "| 1 | 22222 |\n" * 3 + "\none\ntwo\nsix"
    document = DocumentText(text, TextForm.MARKDOWN)
    start = text.index("six")
    last = document.slices[-1]
    assert (last.head, text[last.start : last.end]) == (
        "| a | b |\n|---|---|\n",
        "| 1 | 22222 |\n\none\ntwo\nsix",
    )
    number = len(document.slices) - 1
    assert marked_words(document, number, (start, start + 3)) == ["six"]


def test_code_becomes_a_code_block_and_lines_a_paragraph() -> None:
    kinds = [
        [block.kind for block in DocumentText("a\n", form).render_slice(0).blocks]
        for form in (TextForm.CODE, TextForm.LINES)
    ]
    assert kinds == [[Kind.CODE], [Kind.PARAGRAPH]]


def test_a_table_is_shown_in_blocks_of_eight_rows() -> None:
    text = "| a |\n|---|\n" + "| 1 |\n" * 20
    blocks, _ = DocumentText(text, TextForm.MARKDOWN).render_slice(0)
    assert [len(block.rows) for block in blocks] == [8, 8, 5]
