"""For any input, the parsing per piece stays small and no word is lost."""

from __future__ import annotations

import re
from typing import Final

import pytest

from desktop_app.markdown.block_model import Block, Kind, source_text
from desktop_app.markdown.incremental import block_stream
from desktop_app.markdown.incremental.block_stream import BlockStream
from desktop_app.markdown.parsing.inline_runs import wide_table_note
from desktop_app.markdown.parsing.links import is_openable
from desktop_app.markdown.parsing.parser import is_too_dense
from desktop_app.markdown.parsing.tables import MAX_COLUMNS

_SIZE: Final = 10_000
_MOST_OPEN: Final = 7_500

GROWS: Final = {
    "quote": "> some words w{n} in a quote\n",
    "nested list": "- a{n}\n" + "  - nested w{n}\n" * 40,
    "long item": "- " + "word w{n} " * 225,
    "heading": "# " + "word w{n} " * 225,
    "cell": "| a |\n|---|\n| " + "word w{n} " * 225,
    "lines": "w{n}\n",
    "no gap": "*w{n}*_/",
    "open bracket": "[ w{n} ",
    "note": "[^a]: x\n" + "    words w{n}\n\n" * 40,
    "indented": "    code w{n}\n",
    "mathematics": "$$\nw{n} + 1\n",
    "fence in a quote": "> ```py\n" + "> code = w{n}\n" * 40,
}


def _source(kind: str) -> str:
    unit = GROWS[kind]
    return "".join(unit.replace("{n}", str(n)) for n in range(_SIZE // len(unit)))


def _words(block: Block) -> str:
    cells = [run for row in block.rows for cell in row for run in cell]
    return " ".join(source_text(run) for run in (*block.runs, *cells))


@pytest.mark.parametrize("kind", GROWS)
@pytest.mark.usefixtures("quarter_limits")
def test_the_open_tail_stays_small_and_no_word_is_lost(kind: str) -> None:
    source, stream = _source(kind), BlockStream()
    for start in range(0, len(source), 375):
        stream.feed(source[start : start + 375])
        assert len(stream._source) < _MOST_OPEN
    stream.finish()
    shown = "".join(map(_words, stream.blocks))
    missing = {w for w in re.findall(r"w\d+", source) if w not in shown}
    # A word may be split if its line alone is too long.
    assert len(missing) <= len(source) // block_stream._MAX_OPEN_CHARS


def test_a_table_of_too_many_columns_is_text() -> None:
    head = "|" + "h|" * (MAX_COLUMNS + 1)
    stream = BlockStream()
    stream.feed(f"{head}\n|{'-|' * (MAX_COLUMNS + 1)}\n{head}\n")
    stream.finish()
    assert [block.kind for block in stream.blocks] == [Kind.PARAGRAPH]
    assert stream.blocks[0].runs[0] == wide_table_note()
    assert str(MAX_COLUMNS) in wide_table_note().text
    assert stream.blocks[0].text.strip().startswith(head)
    stream = BlockStream()
    head = "|" + "h|" * MAX_COLUMNS
    stream.feed(f"{head}\n|{'-|' * MAX_COLUMNS}\n{head}\n")
    stream.finish()
    assert [block.kind for block in stream.blocks] == [Kind.TABLE]


def test_deep_brackets_are_too_dense() -> None:
    assert is_too_dense("[a][" * 100 + "x" + "]" * 100)
    assert not is_too_dense("[a](b) and [c [d]](e) " * 20)


@pytest.mark.parametrize(
    ("most", "over"),
    [
        ("[a] " * 300, "[a] " * 301),
        ("]" + "[" * 12 + "a", "]" + "[" * 13 + "a"),
        ("[[]" * 11 + "[", "[[]" * 12 + "["),
        ("<" * 200, "<" * 201),
        ("a://b www.c " * 100, "a://b www.c " * 100 + "<"),
        ("$" * 400, "$" * 401),
        ("*a " * 3_000, "*a " * 3_001),
    ],
)
def test_a_text_is_parsed_up_to_each_limit_of_marks(most: str, over: str) -> None:
    assert not is_too_dense(most)
    assert is_too_dense(over)


def test_a_long_host_of_marks_cannot_be_opened() -> None:
    assert not is_openable(f"http://a{chr(0x315) * 24_000}{chr(0x300) * 24_000}")
