"""Writes what becomes of random Markdown: shown half-written, streamed, and exported.

    python -m tests.data.make_markdown_samples

After a change of a rule, read the difference.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from desktop_app.rendering.block_model import Block
from desktop_app.rendering.document_text import DocumentText, TextForm
from desktop_app.rendering.export.html_writer import to_html
from desktop_app.rendering.export.text_writer import plain_pieces, to_markdown
from desktop_app.rendering.incremental.block_stream import BlockStream, render
from desktop_app.rendering.provisional.provisional_inline import closers_of

EXPECTED: Final = Path(__file__).with_name("markdown")
_INLINE: Final = (
    *("word", "two words", " ", " ", " ", ", ", ".", "\n", "*", "*", "**", "**", "***", "_", "__"),
    *("~", "~~", "~~~", "`", "``", "`code`", "[", "]", "](", ")", "![", "!", "(", "](u)", "][x]"),
    *("[^1]", "[^", "$", "$$", "$5", "$x$", "$a_b", "\\", "\\(", "\\)", "\\[", "\\]", "\\*", "<"),
    *("<b", "<https://a.b", ">", "<me@a.b", "&", "&am", "&amp;", "&#12", "h", "htt", "www.a.b"),
    *(
        "https://a.b/c_d",
        "https://a.b/(c",
        "me@a.b",
        "_c",
        "文字",
        "「強調」",
        "é",
        "🙂",
        '"t"',
        "5",
    ),
)
_BLOCKS: Final = (
    *("words\n", "*some* words", "\n", "\n", "\n\n", "# H\n", "## *H* #\n", "===\n", "---\n"),
    *("- item\n", "* item\n", "- [x] done\n", "1. one\n", "7) seven\n", "  - nested\n", "-\n"),
    *("   more\n", "      code\n", "> quote\n", "> - item\n", "> > deep\n", ">\n", "- > q\n"),
    *("```py\nx = 1\n", "```\n", "~~~\n", "| a | b |\n|---|:-:|\n| 1 | [x] |\n", "| c | *d* |\n"),
    *("| long cell | \\| |\n", "[x]: /url 't'\n", "[x]", "[^1]", "[^1]: note\n", "    indented\n"),
    *("$$\na^2\n$$\n", "$x$", "\\[b\\]\n", "**b", "**", "`c`", "  \n", "![p](u.png)", "<br>"),
    *("https://a.b/c", "[l](https://a.b)", "[l](javascript:x)", "~~s~~", "\\*", "1986. year\n"),
    *(
        "***\n",
        "+ p\n",
        "- # h\n",
        "1. ```\n",
        "   text\n",
        "\t- tab\n",
        "&copy;",
        "a_b_c ",
        "שלום\n",
    ),
)


def half_written() -> Iterator[str]:
    """Yield texts with what is shown of them and the marks that close it."""
    chance = random.Random("half-written")
    for _ in range(1_500):
        content = "".join(chance.choices(_INLINE, k=chance.randint(2, 9)))
        is_word = chance.random() < 0.8
        yield json.dumps(
            [content, is_word, *closers_of(content, is_word=is_word)], ensure_ascii=False
        )


def streamed() -> Iterator[str]:
    """Yield sources with the patches of a stream: index-removed+added, and the shown words."""
    chance = random.Random("streamed")
    for _ in range(150):
        source, at, steps = _source(chance), 0, []
        stream = BlockStream()
        while at < len(source):
            size = chance.randint(1, 12)
            patches = stream.feed(source[at : at + size])
            at += size
            added = "".join(f"{p.at}-{p.removed}+{len(p.added)} " for p in patches)
            steps.append(added + (_words(stream.blocks[-1]) if stream.blocks else ""))
        yield json.dumps([source, steps], ensure_ascii=False)


def exported() -> Iterator[str]:
    """Yield sources with their HTML, Markdown and plain text."""
    chance = random.Random("exported")
    for _ in range(250):
        source = _source(chance)
        blocks = render(source)
        texts = [to_html(blocks), to_markdown(blocks), "".join(plain_pieces(blocks))]
        yield json.dumps([source, *texts], ensure_ascii=False)


def passages() -> Iterator[str]:
    """Yield documents with the slices and marks of a passage."""
    chance = random.Random("passages")
    for _ in range(120):
        form = chance.choice(list(TextForm))
        text = "".join(chance.choices((*_BLOCKS, "[page 3]\n", "long words " * 400), k=12))
        document = DocumentText(text, form)
        start = chance.randrange(len(text))
        span = (start, min(len(text), start + chance.choice((1, 20, 300))))
        at = document.slice_at(start)
        marks = [list(mark) for mark in document.shown(at, span).marks]
        slices = [[one.start, one.end] for one in document.slices]
        yield json.dumps([text.replace("long words " * 400, "…"), form.name, span, slices, marks])


def _source(chance: random.Random) -> str:
    return "".join(chance.choices(_BLOCKS, k=chance.randint(2, 9)))


def _words(block: Block) -> str:
    cells = (cell for row in block.rows[-1:] for cell in row)
    return block.text or " | ".join("".join(run.text for run in cell) for cell in cells)


SAMPLES: Final[dict[str, Callable[[], Iterator[str]]]] = {
    "half-written": half_written,
    "streamed": streamed,
    "exported": exported,
    "passages": passages,
}

if __name__ == "__main__":
    for name, lines in SAMPLES.items():
        (EXPECTED / f"{name}.jsonl").write_text("".join(f"{line}\n" for line in lines()), "utf-8")
