"""Growth of the time that work on large or hostile input takes, with the size of the input.

Each work runs with an input and with one that is four times as large: "growth" is the ratio of the
two CPU times, about 4 for linear and 16 for quadratic work. Times are the least of `rounds`,
because other processes take the caches.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial, reduce
from typing import Any, Final

from PySide6.QtCore import QMimeData

from desktop_app.backend.log_file import redacted
from desktop_app.chat.attachments.chunked_reading import ChunkPositions, placed_pages
from desktop_app.composer.dropped_content import has_attachable_content
from desktop_app.composer.written_field import text_of_html
from desktop_app.documents.index.chunks import chunks, passages
from desktop_app.documents.text.web_page import convert_selection, to_markdown
from desktop_app.domain.answering.reply import Reply, accumulate
from desktop_app.domain.answering.stream_events import TextDelta
from desktop_app.domain.conversations.message_parts import DocumentPart, PageImage, parts_to_json
from desktop_app.domain.documents.passage_matching import find_passage
from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.domain.models.token_counts import TileTokens
from desktop_app.domain.network.origin import origin
from desktop_app.domain.tools.tool import ToolError
from desktop_app.i18n.formatting import parse_amount
from desktop_app.markdown.incremental.block_stream import render
from desktop_app.markdown.parsing.inline_runs import runs_of
from desktop_app.markdown.parsing.links import is_openable
from desktop_app.markdown.parsing.parser import parser
from desktop_app.markdown.provisional.provisional_blocks import without_undecided_end
from desktop_app.markdown.provisional.provisional_inline import complete_inline
from desktop_app.markdown.spoken_sentences import SentenceSplitter
from desktop_app.markdown.text_search import differing_words
from desktop_app.providers.errors.error_body import parse_error
from desktop_app.providers.errors.error_replies import error_from
from desktop_app.providers.http.sse import SSEDecoder
from desktop_app.tools.built_in.tool_process import tables_of
from desktop_app.tools.built_in.web_tools import WebPageTool
from desktop_app.tools.schema_check import UnusableSchemaError, require_schema
from desktop_app.tools.servers.tool_server import ServerSecrets, ToolServer, referenced_variables
from desktop_app.writers.markdown_file import unique_footnotes

LARGER: Final = 4
"""The size of the larger input, relative to the smaller."""

Work = Callable[[], object]
"""Work on an input that is already made."""


def main(scale: float = 1.0, rounds: int = 2) -> Iterator[dict[str, Any]]:
    """Yield the times of each work, with inputs of `scale` times their usual sizes."""
    for name, (usual_size, prepare) in WORKS.items():
        size = max(1, int(usual_size * scale))
        small, large = (_seconds(prepare, each, rounds) for each in (size, LARGER * size))
        yield {
            "benchmark": "growth",
            "work": name,
            "size": size,
            "ms": round(small * 1000, 2),
            "larger_ms": round(large * 1000, 2),
            "growth": round(large / small, 1),
        }


def _seconds(prepare: Callable[[int], Work], size: int, rounds: int) -> float:
    """Return the least CPU time of the work."""
    times = []
    for _ in range(rounds):
        work = prepare(size)
        begin = time.process_time()
        work()
        times.append(time.process_time() - begin)
    return max(min(times), 1e-6)  # the clock may not have moved


# ---------------------------------------------------------------- replies and speech


def _server_sent_event(repeated: bytes, size: int) -> Work:
    """An event that arrives a byte at a time."""
    payload = b"data: " + repeated * size + b"\n\n"
    pieces = [payload[i : i + 1] for i in range(len(payload))]
    decoder = SSEDecoder()
    return lambda: [decoder.feed(piece) for piece in pieces]


def _reply(size: int) -> Work:
    deltas = [TextDelta("word ")] * size
    return lambda: reduce(accumulate, deltas, Reply())


def _spoken_code(size: int) -> Work:
    splitter = SentenceSplitter()
    splitter.feed("```json\n")
    return lambda: [splitter.feed("abcd") for _ in range(size)]


def _differing_words(size: int) -> Work:
    """Two texts that repeat the same few words; a limit bounds the work."""
    first = [f"w{number % 101}" for number in range(size)]
    second = [f"w{-number % 101}" for number in range(size)]
    return lambda: differing_words([first, second])


def _message_of_an_error(size: int) -> Work:
    body = parse_error({"error": {"message": "exceed" * size, "code": 400}})
    return lambda: error_from("Local", body, status=400)


# ---------------------------------------------------------------- Markdown


def _markdown(beginning: str, repeated: str, end: str, size: int) -> Work:
    text = beginning + repeated * size + end

    def show() -> None:
        render(text)
        complete_inline(text)

    return show


def _host_of_letters(size: int) -> Work:
    return _markdown(f"[a](http://{''.join(map(chr, range(0x4E00, 0x4E00 + size)))})", "", "", 0)


def _spaces_of_a_cell(source: str, size: int) -> Work:
    (inline,) = parser().parseInline(source.replace("{}", " " * size), {})
    return lambda: runs_of(inline.children)


def _undecided_end(repeated: str, size: int) -> Work:
    text = repeated * size + "x"
    return lambda: without_undecided_end(text)


# ---------------------------------------------------------------- documents


def _pages_without_marks(size: int) -> Work:
    """Every second image page has no mark in the text."""
    words = "some words here and there. " * 80
    text = "\n\n".join(f"[page {number}]\n{words}" for number in range(1, 2 * size, 2))
    pages = tuple(PageImage(number, 400, 400) for number in range(1, 2 * size))
    model = ModelInfo("m", "M", sees_images=True, image_tokens=TileTokens(85, 170))
    document = DocumentPart("0" * 64, "a.pdf", "application/pdf", 9, pictured=pages, detail="low")
    return lambda: placed_pages(document, text, model)


def _headers_of_chunks(size: int) -> Work:
    """A table of which every hundredth row begins a chunk."""
    head = "| n |\n|---|\n"
    text = head + "".join(f"| {number:06} |\n" for number in range(size))
    positions = ChunkPositions(text)
    row_length = len("| 000000 |\n")
    offsets = range(len(head) + 100 * row_length, len(text), 100 * row_length)
    return lambda: [positions.table_head(offset) for offset in offsets]


def _heading(filler: str, size: int) -> Work:
    text = f"# a{filler * size}b\n\ntext"
    return lambda: ChunkPositions(text).attributes(len(text) - 4)


def _short_paragraphs(size: int) -> Work:
    text = "One line of a long list.\n\n" * size
    return lambda: chunks(text, 150_000, lambda part: len(part.split()))


def _heading_of_brackets(size: int) -> Work:
    text = "# Lease" + "[" * size
    return lambda: list(passages(text, "lease.pdf", "text/markdown", len, 4))


def _style(repeated: str, size: int) -> Work:
    page = f"<span style='{repeated * size}'>x</span>"
    return lambda: to_markdown(page)


def _selection(size: int) -> Work:
    """Lists in lists, without end tags."""
    html = "<ul><li>" * size + "deep"
    return lambda: convert_selection(html)


def _short_lines(size: int) -> Work:
    """A page without any of the many short lines of a passage."""
    page = "abc" * size
    lines = "ab\n" * size
    return lambda: find_passage(page, lines, 0)


def _equal_headers(size: int) -> Work:
    table = f"{'a,' * size}a_5,b\n1\n"
    return lambda: list(tables_of("t.csv", "text/csv", table))


def _attachments(size: int) -> Work:
    parts = [DocumentPart(str(number), "a.txt", "text/plain", 3) for number in range(size)]
    return lambda: parts_to_json(parts)


# ---------------------------------------------------------------- what users paste, keep and export


def _paste(kind: str, text: str, repeated: str, size: int) -> Work:
    data = QMimeData()
    data.setData(kind, (text + repeated * size + "<img src=a>").encode())
    return lambda: has_attachable_content(data)


def _pasted_html(beginning: str, repeated: str, size: int) -> Work:
    html = beginning + repeated * size + "x"
    return lambda: text_of_html(html)


def _redaction(size: int) -> Work:
    text = "api-" * size
    return lambda: redacted(text)


def _footnote_names(size: int) -> Work:
    """Beginnings of names that do not end."""
    text = "One[^1].\n\n" + "[^" * size + "\n\n[^1]: First."
    return lambda: unique_footnotes(text, {"1"})


def _backticks(size: int) -> Work:
    """A line of `size` characters of backticks, in runs that are each longer than the last."""
    runs: list[str] = []
    while sum(map(len, runs)) < size:
        runs.append("`" * (len(runs) + 1))
    text = f"x[^1]\n\n{'a'.join(runs)}\n\n[^1]: note"
    return lambda: unique_footnotes(text, {"1"})


# ---------------------------------------------------------------- addresses, forms and cases


def _address_of_marks(size: int) -> Work:
    """Marks that Unicode sorts in quadratic time."""
    address = "http://a" + "\u0315" * size + "\u0300" * size
    return lambda: is_openable(address)


def _fetched_address_of_marks(size: int) -> Work:
    tool = WebPageTool(_read_nothing, ssl.create_default_context)
    address = "http://a" + "\u0315" * size + "\u0300" * size

    def fetch() -> None:
        with suppress(ToolError):
            asyncio.run(tool.fetch(address))

    return fetch


async def _read_nothing(_name: str, _data: bytes) -> str:
    return ""


def _origin_of_letters(size: int) -> Work:
    address = f"https://{''.join(map(chr, range(0x4E00, 0x4E00 + size)))}.example"
    return lambda: origin(address)


def _references(size: int) -> Work:
    """References of a tool server to variables, without an end."""
    server = ToolServer("demo", command=("${a:-$x" * size + "${b:-$5}",))
    return lambda: referenced_variables(server, ServerSecrets())


def _schema_pattern(size: int) -> Work:
    schema = {"type": "string", "pattern": "[a" * size + "\\"}

    def check() -> None:
        with suppress(UnusableSchemaError):
            require_schema(schema)

    return check


def _amount(size: int) -> Work:
    def read() -> None:
        with suppress(ValueError):
            parse_amount("1" * size + "x")

    return read


WORKS: Final[Mapping[str, tuple[int, Callable[[int], Work]]]] = {
    "event of one line": (80_000, partial(_server_sent_event, b"x")),
    "event of many lines": (10_000, partial(_server_sent_event, b"x\ndata: ")),
    "deltas of a reply": (8_000, _reply),
    "spoken line of code": (25_000, _spoken_code),
    "words that two texts repeat": (2_500, _differing_words),
    "message of an error": (416, _message_of_an_error),
    "openers of formulas": (400, partial(_markdown, "", "\\[ \\alpha\n", "")),
    "openers of inline formulas": (3_750, partial(_markdown, "", "\\(", "\\)")),
    "tabs after a wide head": (2_500, partial(_markdown, "x\n" + "|-" * 130, "\t", "x")),
    "dots of a host": (7_500, partial(_markdown, "www.", ".", "x")),
    "letters of a host": (2_048, _host_of_letters),
    "spaces of a formula in a cell": (15_000, partial(_spaces_of_a_cell, "$x{}y$")),
    "spaces of a cell": (15_000, partial(_spaces_of_a_cell, "x{}y")),
    "leading spaces": (15_000, partial(_undecided_end, " ")),
    "leading marks": (15_000, partial(_undecided_end, "> ")),
    "image pages without a mark": (600, _pages_without_marks),
    "headers of a table's chunks": (25_000, _headers_of_chunks),
    "heading of signs": (12_500, partial(_heading, "#")),
    "heading of spaces": (12_500, partial(_heading, " ")),
    "short paragraphs": (10_000, _short_paragraphs),
    "heading of brackets": (75_000, _heading_of_brackets),
    "style of font families": (5_000, partial(_style, "font-family:")),
    "style of decorations": (5_000, partial(_style, "text-decoration")),
    "selection of nested lists": (1_250, _selection),
    "short lines of a passage": (5_000, _short_lines),
    "equal headers": (750, _equal_headers),
    "attachments as JSON": (2_000, _attachments),
    "pasted address": (75_000, partial(_paste, "text/html", "<img src=", "a")),
    "pasted attributes": (12_500, partial(_paste, "text/html", "<img ", "src=a ")),
    "pasted comments": (500_000, partial(_paste, "text/html", "<!--" * 39, "x")),
    "pasted links": (500_000, partial(_paste, "text/html", "<a " * 38, "x")),
    "pasted media type": (250_000, partial(_paste, "text/plain", "data:image/png", ";a=b")),
    "pasted lists": (1_500, partial(_pasted_html, "", "<ul><li>")),
    "pasted styles": (
        1_500,
        partial(_pasted_html, f"<style>{'a{b:c}' * 6_000}</style>", "<a>x</a>"),
    ),
    "pasted open comments": (15_000, partial(_pasted_html, "", "<!--")),
    "pasted open tags": (15_000, partial(_pasted_html, "", "<a <")),
    "redacted text": (20_000, _redaction),
    "names of footnotes": (8_000, _footnote_names),
    "runs of backticks": (125_000, _backticks),
    "address of marks": (6_000, _address_of_marks),
    "fetched address of marks": (6_250, _fetched_address_of_marks),
    "origin of letters": (2_048, _origin_of_letters),
    "references of a tool server": (5_000, _references),
    "schema of open classes": (2_400, _schema_pattern),
    "digits of an amount": (10_000, _amount),
}
"""By name: the size of the smaller input, and a function that prepares the work."""
