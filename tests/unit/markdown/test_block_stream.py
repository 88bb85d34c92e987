"""A growing source renders like the whole source, and a piece changes only its end."""

from __future__ import annotations

import re
from itertools import cycle, pairwise
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from desktop_app.markdown.block_model import (
    MAX_TABLE_ROWS,
    MAX_TABLE_SOURCE_CHARS,
    Block,
    Kind,
    Run,
)
from desktop_app.markdown.incremental.block_stream import BlockStream, render
from desktop_app.markdown.incremental.open_tail import Parse, ParserContext
from desktop_app.markdown.parsing.loose_lists import mark_loose_lists
from desktop_app.markdown.parsing.own_links import link_to_note
from desktop_app.markdown.parsing.parser import parser
from tests.helpers.examples import examples
from tests.unit.markdown.streams import streamed_blocks

PIECES = [
    "para text", "**bold", "* item\n", "- item\n", "  - nested\n", "1. one\n", "2. two\n", "7) x\n",
    "\n", "\n\n", "# H\n", "===\n", "---\n", "```py\n", "```\n", "~~~\n", "    code\n",
    "| a | b |\n", "|---|:-:|\n", "| 1 | [x] |\n", "> quote\n", ">\n", "[x]: /url\n",
    '[x]: /u2 "t"\n', "[x]", "[^1]", "[^1]: note\n", "    more\n", "[a][x]", "`", "*", "_", "$$\n",
    "$$", "$x$", "$", "\\[\n", "\\]\n", "  ", "\t", "![i](u)", "www.x.com ", "http://a.b/c ", "~~",
    "~", "<br>", "- [ ] t\n", "-\n", "| c |\n", "a", "- $$\n", "\r", "\r\n", "   ```\n", ": ",
    "  text\n", "- ```\n", "[x]:\n", "'t'\n", "***\n", "+ p\n", "1.\n", "\0", "\u2028", "🙂",
    "\u202e", "\u200b", "\u200d", "\u3164", "```markdown\n", "````md\n", "```math\n",
    "\\begin{align}\n", "\\end{align}\n", "x<sub>", "</sub>", "<kbd>", "<br/>", "$ a $", "$`x`$",
    "\\[1\\]", "| `a|b` | c | d |\n", "## A | B\n",
]  # fmt: skip
WORDS = [
    "word ", "**bold** ", "*it* ", "`c` ", "a*b ", "x_y ", "[x] ", "see [l](u) ", "\n", "* ", "5 ",
    "\\", "| a", "~~s~~ ", "![i](u) ", "http://a.b/c ", "\\* ", "&amp; ", "<b> ", "word word word ",
]  # fmt: skip
LINES = [
    "para text\n", "word **b** more\n", "* item\n", "- item\n", "1. one\n", "7) x\n", "\n", "# H\n",
    "```py\n", "```\n", "code [x]\n", "    code\n", "| a | b |\n", "|---|:-:|\n", "| 1 | [x] |\n",
    "> q\n", ">\n", "[x]: /url\n", "[x] and [^1]\n", "[^1]: note\n", "    more\n", "$$\n",
    "x = 1\n", "- [ ] t\n", "***\n", "===\n", "---\n", "~~~\n", "- ```\n", "1. > a\n", "- - x\n",
    "> - y\n", "```md\n", "```math\n", "\\begin{gather*}\n", "\\end{gather*}\n",
    "| a | b | c | d |\n",
]  # fmt: skip
ROWS = [
    "| a | b |\n", "|one|two|three|\n", "| *i* **b** `c` |\n", "| $x$ | $5 |\n", "||\n", "|\n",
    "| a ", "b", " | ", "www.x.com", "http://a.b/c", "me@b.c", "\\|", "[x]", "[^1]", "\t",
    "  | i |\n", "1. x\n", "\n", "&amp;", "<br>", "\0", "🙂", "\u202e", "~~", "~", "`", "**", "!",
    ":", "> q\n", "\xa0|\n", "| `a|b` | c |\n", "$a|b$", "|1|2|3|4|\n", "<sub>", "</sub>",
]  # fmt: skip
CONTAINERS = {
    "> ": "> ", ">": ">", "- ": "  ", "3. ": "   ", "-   ": "    ", " 12) ": "     ",
    ">\n> ": "> ", "-\n  ": "  ", " 4.  \n    ": "    ", "- >\n  > ": "  > ",
}  # fmt: skip
"""Prefixes of a container: of its first line, and of the lines below."""
CODE = [
    "> ```\n", "- ```\n", "1. > ```\n", "```\n", "> - ```\n> code\n", "> ~~~ py\n>  a\n",
    "- x\n\n      code\n", "[^1]: ```\n", "> > ```\n> > c\n", "- > ```\n",
]  # fmt: skip
LONG_LINES = [
    "x" * 900, "w " * 600, "*a* " * 300, "- " + "y " * 500, "> " + "z" * 1000,
    "[l]: /u " + "t" * 900, "  " + "x " * 500, "    " + "x " * 500, "| a " * 300, "```" + "q" * 900,
    "1. " + "n" * 900, "\u202eab" * 400, "[a](b) " * 150, f"${'m' * 900}$", "# " + "h " * 500,
    "~~~ " + "h" * 900, "> > " + "z " * 500,
]  # fmt: skip
BELOW = [
    "", "\n", "\nend", "\n===\n", "\n---\n", "\n\nend", "\n|---|\n|a|\n", "\n> q\n", "\n- i\n",
    "\n```\n", "\n  more\n", "more " * 300 + "\nend", "\n[l]: /u\n",
]  # fmt: skip
ENDS = ["", "\n---\n", "\n|--|\n", "\n--|--\n", "\n\nfoo", "\n\n[x]: /u\n"]


def at_once(source: str) -> list[Block]:
    """Parse the whole source at once."""
    source = source.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
    packed: list[Block] = []
    env: dict[str, Any] = {}
    tokens = parser().parse(source, env)
    mark_loose_lists(tokens, source, env)
    for _, block in Parse(tokens, ParserContext(), source).placed:
        last = packed[-1] if packed else None
        source_chars = last.source_chars + block.source_chars if last else 0
        if (
            last is not None
            and block.kind is last.kind is Kind.TABLE
            and not block.head
            and len(last.rows) < MAX_TABLE_ROWS
            and ((last.head and len(last.rows) < 2) or source_chars <= MAX_TABLE_SOURCE_CHARS)
            and (last.depth, last.quote) == (block.depth, block.quote)
        ):
            packed[-1] = last._replace(rows=last.rows + block.rows, source_chars=source_chars)
        else:
            packed.append(block)
    return with_equal_rows(packed)


def with_equal_rows(blocks: list[Block]) -> list[Block]:
    """Give each row of a table as many cells as its longest row has."""
    tables: list[list[Block]] = []
    for block in blocks:
        above = tables[-1][-1] if tables else None
        continues = above is not None and block.kind is above.kind is Kind.TABLE and not block.head
        if (
            above is None
            or not continues
            or (above.depth, above.quote) != (block.depth, block.quote)
        ):
            tables.append([])
        tables[-1].append(block)
    equal = []
    for table in tables:
        longest = max((len(row) for block in table for row in block.rows), default=0)
        for block in table:
            rows = tuple(row + ((),) * (longest - len(row)) for row in block.rows)
            missing = longest - len(block.aligns)
            columns = longest - len(table[0].aligns) if block.rows else 0
            aligns = block.aligns + ("",) * missing
            equal.append(block._replace(rows=rows, aligns=aligns, extra_columns=columns))
    return equal


def streamed(source: str, cuts: list[int]) -> list[Block]:
    """Return the blocks of a source cut at these places."""
    return streamed_blocks(BlockStream(), source, cuts)


cuts_anywhere = st.lists(st.integers(0, 10_000), max_size=40)


@given(st.lists(st.sampled_from(PIECES), max_size=16).map("".join), cuts_anywhere)
@example("[x]\n\n- [x]\n- b\n\n[x]: /url\n", [])
@example("| a | b |\n|---|--:|\n$$\ny\n$$\n", [])
@example("a[^1]\n\n| [x] | [x] |\n|---|---|\n" + "| [x] | b |\n" * 20 + "\n[x]: /u\n", [7, 90, 200])
def test_the_final_blocks_equal_those_of_the_whole_source(source: str, cuts: list[int]) -> None:
    assert streamed(source, cuts) == at_once(source)
    assert streamed(source, list(range(len(source)))) == at_once(source)
    assert render(source) == at_once(source)


@given(st.sampled_from(CODE), st.sampled_from(LONG_LINES), st.sampled_from(BELOW), cuts_anywhere)
@example("> ```\n", "  " + "x " * 500, "", [871])
@example("> ```\n", "# " + "h " * 500, "\n---\n", [104, 605, 967])
def test_a_long_line_below_code_renders_like_the_whole(
    code: str, line: str, below: str, cuts: list[int]
) -> None:
    source = code + line + below
    assert streamed(source, cuts) == at_once(source)
    assert render(source) == at_once(source)


@pytest.mark.slow
@pytest.mark.parametrize("code", ["> ```\n", "> - ```\n> code\n", "[^1]: ```\n"])
def test_a_very_long_line_below_code_is_not_parsed_with_every_piece(code: str) -> None:
    stream = BlockStream()
    stream.feed(code)
    for _ in range(60):
        stream.feed("\u202eab" * 500)
    assert len(stream._source) < 30_000


@st.composite
def nested_lines(draw: st.DrawFn, depth: int = 3) -> list[str]:
    """Return lines within quotes and items; some are lazy, or begin the next item."""
    lines = draw(st.lists(st.sampled_from(LINES), min_size=1, max_size=7))
    if depth and draw(st.booleans()):
        lines += draw(nested_lines(depth - 1))
        lines += draw(st.lists(st.sampled_from(LINES), max_size=3))
    first, below = draw(st.sampled_from(sorted(CONTAINERS.items())))
    begins = [first]
    for line in lines[1:]:
        chance = draw(st.integers(0, 9))
        is_bare = chance == 0 or (line == "\n" and ">" not in first)
        begins.append("" if is_bare else first if chance == 1 else below)
    return [begin + line for begin, line in zip(begins, lines, strict=True)]


@settings(max_examples=examples(60))
@given(st.lists(nested_lines(), min_size=1, max_size=3), cuts_anywhere)
@example([[">\n", "    >>\n"]], [])
@example([["-\n", "  [x]\n", "\n", "      code\n", "\n", "  more\n"]], [])
@example([["3. [x]: /u\n", "   words\n"]], [])
@example([["$$\n", ">\n", "m\n", "$$"]], [])
@example([["> ```\n", "$$\n", "> ~~~\n", ">\n", "$$"]], [])
@example([[">|||\n", ">-|-\n", "|\n"]], [])
@example([["- | a |\n", "  |---|\n", "| b |\n"]], [])
@example([["-\n", "- |@\n", "-|-\n", "___\n"]], [])
@example([["+  -\n", "    7)  \xa0\n", "\n", "       x\n"]], [])
@example([["- [ ] a\n", "\n", "  [x][^1]\n", "  - b\n", "\n", "[x]: /u\n\n[^1]: note\n"]], [])
def test_quotes_and_items_render_like_the_whole(lines: list[list[str]], cuts: list[int]) -> None:
    source = "".join(line for part in lines for line in part)
    assert streamed(source, cuts) == at_once(source)
    assert streamed(source, list(range(len(source)))) == at_once(source)
    ends = [match.end() for match in re.finditer("\n", source)]
    assert streamed(source, ends) == at_once(source)


@given(
    st.sampled_from("aא"), st.lists(st.sampled_from(ROWS), max_size=16).map("".join), cuts_anywhere
)
@example("a", "| a |\n" * 20 + "|\n\n[x]: /u\n", [30, 40, 55])
@example("א", "| a |\n" * 20 + "|\n\n[x]: /u\n", [30, 40, 55])
def test_table_rows_render_like_the_whole(head: str, rows: str, cuts: list[int]) -> None:
    source = f"| {head} | b |\n|---|:-:|\n{rows}"
    assert streamed(source, cuts) == at_once(source)
    assert streamed(source, list(range(len(source)))) == at_once(source)


@settings(max_examples=examples(20))
@given(
    st.lists(st.sampled_from(WORDS), min_size=60, max_size=250).map("".join),
    st.sampled_from(ENDS),
    cuts_anywhere,
    st.sampled_from(["", "> ", "4. ", "- [x] ", "- a\n\n  > 1. "]),
)
def test_a_long_paragraph_renders_like_the_whole(
    words: str, end: str, cuts: list[int], opener: str
) -> None:
    words = opener + words
    assert streamed(words + end, cuts) == at_once(words + end)
    assert streamed(words + end, list(range(0, len(words), 20))) == at_once(words + end)


@pytest.mark.parametrize("end", ["\n---\n", " | last\n--|--\n| 1 | 2 |\n"])
def test_a_long_paragraph_that_becomes_a_table_or_heading_is_reparsed(end: str) -> None:
    """Check that a long paragraph keeps its words when its next line makes it something else."""
    source = "more *words* in one line " * 100 + "end" + end
    assert streamed(source, list(range(0, len(source), 25))) == at_once(source)


@given(st.text(max_size=200), cuts_anywhere)
def test_any_text_in_pieces_renders_like_the_whole(source: str, cuts: list[int]) -> None:
    assert streamed(source, cuts) == at_once(source)


PROSE = [
    "word ", " word", "h", "ttp", "ttps://a.b/c", "ww", "w.x.y", " ", ", ", "5", "$5", "$", "a.b",
    "@c.d", "é", "字", "カ", "**", "*", "_", "`", "[x]", "[", "](u)", "(", ")", "&am", "p;", "<b",
    ">", "\\", "\\(", "\n", "\n\n", "- ", "1", ". ", "# ", "> ", "| ", "~~", "!", "[^1]", "  ",
    "=", "- [ ", "] ", "args", "```\n", "---", ":", "[a](http://b.com)", "x" * 300, "$$", "\r",
    "www", "word\r", "end. ", "a", "Next", "?", "it's",
]  # fmt: skip


@settings(max_examples=examples(200))
@given(
    st.sampled_from([[], ["```py\n", "x"], ["- > ~~~\n", "x"], ["> ~~~\n", "~~~"]]).flatmap(
        lambda begin: st.lists(st.sampled_from(PROSE), max_size=25).map(lambda end: begin + end)
    )
)
@example(["> ~~~\n", "~~~me", "rmaid"])
@example(["see ", "h", "ttp", "s"])
@example(["é", "ww"])
@example(["```\nx\n```\n3", ". "])
@example(["| a |\n|---|\n| 1 |\n", "\n| c", " "])
@example(["word\r", "word "])
@example(["[a](http://b.com)", "word ", "word "])
@example(["a*", "b ", "c", "*"])
@example(["1", "5", ". ", "word "])
def test_words_and_code_that_extend_a_run_show_what_parsing_shows(pieces: list[str]) -> None:
    stream = BlockStream()
    parsed = BlockStream()
    for piece in pieces:
        stream.feed(piece)
        parsed.cited = frozenset()  # so that the next piece is parsed
        parsed.feed(piece)
        assert stream.blocks == parsed.blocks


@pytest.mark.parametrize(
    "source",
    ["see http://a.b/\ud83d\ud83d x", "see http://a.b/\ud83d\udc00 and [x](http://a.b/\ud83d) y"],
)
def test_lone_surrogates_in_an_address_are_accepted(source: str) -> None:
    assert streamed(source, list(range(len(source)))) == render(source)
    assert render(source)[0].text.startswith("see http://a.b/")


def test_characters_special_to_qt_are_removed() -> None:
    source = "a\u2029b \ufdd0 \ufffc\n\n```\n\ud800 \x00\n```\n\n| \u2029 |\n|---|\n"
    for block in render(source):
        texts = [block.text] + ["".join(r.text for c in row for r in c) for row in block.rows]
        assert not re.search("[\n\r\u2029\ufdd0\ufdd1\ufffc\ud800-\udfff\0]", "".join(texts))


LONG = {
    "code": ("```python\n", "value = 1\n"),
    "table": ("| a | b |\n|---|---|\n", "| c | *d* |\n"),
    "list": ("", "- an item with *words*\n"),
    "numbers": ("", "1. an item with *words*\n"),
    "paragraph": ("", "more **words** and `code` in one paragraph, "),
    "quote": ("", "> a line with *words*\n>\n"),
    "item": ("3. x\n", "   a paragraph with *words*\n\n"),
    "items of an item": ("- x\n", "  - an item with *words*\n"),
    "code in a quote in an item": ("- > ```\n", "  > value = 1\n"),
    "table in an item": ("- | a | b |\n  |---|---|\n", "  | c | *d* |\n"),
    "paragraph in a quote": ("> ", "more **words** and `code` in one paragraph, "),
    "deep": ("- > 1. > - x\n", "  >    > - word\n"),
    "quote that begins bare": (">\n", "> a line with *words*\n>\n"),
    "item that begins bare": ("-\n", "  a paragraph with *words*\n\n"),
    "indented code": ("words\n\n", "    value = 1\n"),
    "indented code in an item": ("3. words\n\n", "       value = 1\n"),
}


@pytest.mark.parametrize("kind", LONG)
def test_the_cost_of_a_piece_does_not_grow(kind: str) -> None:
    """Check that a piece changes only the last block, and leaves a short open tail."""
    start, line = LONG[kind]
    stream = BlockStream()
    stream.feed(start)
    for _ in range(50):
        stream.feed(line * 5)
    before = len(stream.blocks)
    first = min(stream.feed(piece) for piece in line)
    assert before - 1 <= first < len(stream.blocks) <= before + 2
    assert len(stream._source) < (8_000 if "paragraph" in kind else 1_200)


@pytest.mark.parametrize("begin", ["```\n", "> - ```\n>   ", "a[^1]\n\n~~~py\nx\n"])
@pytest.mark.parametrize("end", ["", "\n", "\r", "\nmore\n```\nwords"])
@pytest.mark.parametrize(
    "unit", [" ", "a `b` ~~~ ", "\t", "\u202e\ud800\0x", "x", "aé\u200d\u200b"]
)
def test_an_endless_line_of_code_renders_like_the_whole(begin: str, end: str, unit: str) -> None:
    source = begin + unit * (3_000 // len(unit)) + end
    assert streamed(source, list(range(0, len(source), 70))) == streamed(source, [])


CELLS = st.sampled_from(
    ["w" * 3000, "a [b][docs] " * 20, "`c` " * 20, "[^1]" + "w " * 1500, "é \\| " * 500]
)
LONG_ROWS = st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=10)


@settings(max_examples=examples(25))
@given(LONG_ROWS, st.sampled_from(["", "> ", "- "]), cuts_anywhere)
def test_blocks_of_long_cells_have_few_rows(
    rows: list[tuple[str, str]], opener: str, cuts: list[int]
) -> None:
    cuts = cuts[:12]
    below = "  " if opener == "- " else opener
    lines = ["| a | b |", "|---|---|", *(f"| {a} | {b} |" for a, b in rows)]
    end = "\n\nEnd.\n\n[docs]: /u\n\n[^1]: The note.\n"
    source = opener + f"\n{below}".join(lines) + end
    blocks = streamed(source, cuts)
    assert blocks == render(source)
    parts = [block for block in blocks if block.kind is Kind.TABLE]
    assert sum(len(part.rows) for part in parts) == 1 + len(rows)
    for part in parts:
        assert part.source_chars <= MAX_TABLE_SOURCE_CHARS or len(part.rows) == 1 + part.head
    for part, following in pairwise(parts):
        assert (
            part.source_chars + following.source_chars > MAX_TABLE_SOURCE_CHARS
            or len(part.rows) == MAX_TABLE_ROWS
        )
    assert not any(part.head and len(part.rows) < 2 for part in parts)


def test_a_late_definition_rerenders_the_text_that_names_it() -> None:
    stream = BlockStream()
    stream.feed("See [docs] and a note[^1].\n\n# Next\n\n")
    assert Run("See [docs] and a note") in stream.blocks[0].runs
    changed = stream.feed("[docs]: https://example.com\n\n[^1]: The note.\n\nMore")
    assert min(changed, stream.finish()) == 0
    assert Run("docs", link="https://example.com") in stream.blocks[0].runs
    assert Run("1", note=True, link=link_to_note("1")) in stream.blocks[0].runs
    assert [block.marker for block in stream.blocks if block.marker] == ["1"]


def test_a_row_completed_together_with_a_definition_is_shown_once() -> None:
    table, end = "| a |\n|---|\n| [x] |\n| b", " c |\n> [x]: /u\n\n"
    stream = BlockStream()
    stream.feed(table)
    stream.feed(end)
    stream.finish()
    assert stream.blocks == render(table + end)
    assert [row[0][0].text for row in stream.blocks[0].rows] == ["a", "x", "b c"]


@pytest.mark.slow
@pytest.mark.parametrize("end", ["[x]: /u\n", "words[^1] [x]\n\n[^1]: note\n\n[x]: /u\n", "[x]"])
def test_a_late_definition_rerenders_long_text(end: str) -> None:
    source = "words [x] and[^2] more\n\n" * 1200 + end
    shown = streamed_blocks(BlockStream(), source, [])
    assert shown == render(source)
    assert shown[0] == render("words [x] and[^2] more\n\n" + end)[0]


def test_numbering_continues_in_a_list_that_is_cut() -> None:
    stream = BlockStream()
    for number in range(5, 12):
        stream.feed(f"{number}. item\n")
    stream.finish()
    assert [block.marker for block in stream.blocks] == [f"{n}." for n in range(5, 12)]


HALF_WRITTEN = {
    "a **bo": [Run("a "), Run("bo", bold=True)],
    "a **": [Run("a ")],
    "an *emphasis that": [Run("an "), Run("emphasis that", italic=True)],
    "some `co": [Run("some "), Run("co", code=True)],
    "some `": [Run("some ")],
    "see [the docs](https://exa": [Run("see "), Run("the docs", link="#")],
    "costs $5 and": [Run("costs $5 and")],
    "so $x_1 + ": [Run("so")],
    r"so \(x_1 + ": [Run("so")],
    r"a *b \(x": [Run("a "), Run("b", italic=True)],
    "in `$x": [Run("in "), Run("$x", code=True)],
}


@pytest.mark.parametrize("source", HALF_WRITTEN)
def test_incomplete_marks_do_not_flicker(source: str) -> None:
    stream = BlockStream()
    stream.feed(source)
    shown = [run._replace(text=run.text.rstrip()) for run in stream.blocks[0].runs]
    assert shown == [run._replace(text=run.text.rstrip()) for run in HALF_WRITTEN[source]]


@pytest.mark.parametrize(
    ("source", "kinds"),
    [
        ("Text\n\n#", [Kind.PARAGRAPH]),
        ("Text\n\n```py", [Kind.PARAGRAPH]),
        ("Text\n\n| a | b |\n", [Kind.PARAGRAPH]),
        ("Text\n\n| a | b |\n|--", [Kind.PARAGRAPH]),
        ("Text\n\n| a | b |\n|---|---|\n", [Kind.PARAGRAPH, Kind.TABLE]),
        ("Text\n-", [Kind.PARAGRAPH]),
        ("Text\n\n1.", [Kind.PARAGRAPH]),
        ("```\ncode\n``", [Kind.CODE_HEAD, Kind.CODE]),
        ("- a\n\n  ```\n  x\n  -", [Kind.PARAGRAPH, Kind.CODE_HEAD, Kind.CODE, Kind.CODE]),
    ],
)
def test_undecided_text_is_held_back(source: str, kinds: list[Kind]) -> None:
    stream = BlockStream()
    for character in source:
        stream.feed(character)
    assert [block.kind for block in stream.blocks] == kinds


def test_text_that_was_held_back_is_shown_at_the_end() -> None:
    stream = BlockStream()
    stream.feed("Text\n\n| a | b |\n")
    assert stream.finish() == 1
    assert stream.blocks[1:] == [Block(Kind.PARAGRAPH, (Run("| a | b |"),))]


def test_a_piece_without_words_changes_nothing() -> None:
    stream = BlockStream()
    assert stream.feed("A sentence.") == 0
    assert [stream.feed(""), stream.feed("\n"), stream.finish()] == [1, 1, 1]


def test_a_long_line_of_code_is_parsed_when_it_has_grown_by_a_quarter() -> None:
    stream = BlockStream()
    stream.feed("```\n" + "x" * 8_000)
    assert stream.feed("x" * 1_000) == len(stream.blocks)
    assert stream.feed("x" * 1_000) == 1
    assert stream.blocks[1].text == "x" * 10_000


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit",
    [
        "[1] and [2, 3] ", "これは**「強調」**です", "\\[\\]", "[a]: <", "[", "![[]()", "$", "|",
        "- ", "http://a.b/x", "$x_1$ ", "<!-- a ", "word *a `b ", "a\u2028", "[a\n",
        "~~a*b_c`d ", "| a\n",
    ],
)  # fmt: skip
@pytest.mark.parametrize("before", ["", "- ", "Words.\n\n> "])
@pytest.mark.usefixtures("quarter_limits")
def test_an_oversized_open_tail_renders_like_the_whole(unit: str, before: str) -> None:
    """Check that the limit depends on the source, not on its pieces."""
    source = before + unit * (3_500 // len(unit)) + "\n\nEnd.\n"
    whole = render(source)
    for lengths in ((751,), (15, 2, 201, 425)):
        assert in_pieces(source, lengths) == whole


def in_pieces(source: str, lengths: tuple[int, ...]) -> list[Block]:
    """Return the blocks of a source that arrives in pieces of these repeating lengths."""
    stream, at = BlockStream(), 0
    for length in cycle(lengths):
        if at >= len(source):
            break
        stream.feed(source[at : at + length])
        at += length
    stream.finish()
    return stream.blocks


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["[", "![a](b) ", "*a_ ", "http://", "<x "])
def test_a_paragraph_of_marks_is_split_without_loss(unit: str) -> None:
    stream, source = BlockStream(), unit * (30_000 // len(unit))
    for at in range(0, len(source), 1200):
        stream.feed(source[at : at + 1200])
        assert len(stream._source) < 14_000
    stream.finish()
    text = "".join(block.text for block in stream.blocks)
    assert [c for c in text if c.isalnum()] == [c for c in source if c.isalnum()]


FORMULAS = [
    "So $x_1 + y$ and then.",
    r"So \(x_1 + y\) and then.",
    "Before\n\n$$\nx = y\n$$\n\nAfter",
    "Before\n$$\nx\n= y\n$$\nAfter",
    "\\[\nx\n\\]\n\nAfter",
    "- item\n\n  $$\n  x\n  $$\n",
    "It costs $5 and then $10, or $x$ in `$HOME`.",
]


@pytest.mark.parametrize("source", FORMULAS)
def test_an_incomplete_formula_is_not_shown_as_text(source: str) -> None:
    """Check that no delimiter and no TeX of a formula is shown as text while it arrives."""
    stream = BlockStream()
    ends = {run.text for block in render(source) for run in block.runs if run.math}
    for character in source:
        stream.feed(character)
        for block in stream.blocks:
            for run in block.runs:
                if run.math:
                    assert run.text in ends
                elif not run.code:
                    assert not re.search(r"\$(?!\d)|\\|x", run.text), run.text
    stream.finish()
    assert stream.blocks == render(source)


INLINE = st.lists(
    st.sampled_from(
        ["word ", "**bold** ", "*it* ", "`code` ", "[text](http://a.example) ", "~~gone~~ ",
         "$x_1$ ", "![alt](u) ", "***both*** ", "**bold *it* bold** ", "costs $5 ", "\n", "so. "]
    ),
    max_size=12,
).map("".join)  # fmt: skip


@settings(max_examples=examples(50))
@given(INLINE)
def test_marks_that_are_closed_later_are_never_shown(source: str) -> None:
    """Check that no prefix shows the marks of constructs that the source closes."""
    stream = BlockStream()
    for character in source:
        stream.feed(character)
        text = "".join(run.text for block in stream.blocks for run in block.runs if not run.math)
        assert not set(text) & set("*`~[]"), (source, text)
        assert "http" not in text
        assert "$" not in text.replace("$5", "").replace("$ ", "").removesuffix("$")


def test_a_return_at_the_end_of_a_piece_ends_its_line() -> None:
    for pieces in (["# a\r", "b"], ["# a\r", "\nb"], ["# a\r\n", "b"]):
        stream = BlockStream()
        for piece in pieces:
            stream.feed(piece)
        stream.finish()
        assert stream.blocks == render("# a\nb")
