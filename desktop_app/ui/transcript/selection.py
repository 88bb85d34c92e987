"""What is copied: the selected part of the conversation as HTML, Markdown and plain text at once."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtCore import QMimeData

from desktop_app.rendering.citations import is_citation
from desktop_app.rendering.model import Block, Kind, Run, Runs
from desktop_app.ui.transcript.items import Part
from desktop_app.ui.transcript.page import head_length
from desktop_app.ui.transcript.section import is_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from PySide6.QtGui import QTextBlock, QTextCursor

    from desktop_app.ui.transcript.document import DocumentWriter
    from desktop_app.ui.transcript.items import Item
    from desktop_app.ui.transcript.section import Section


# As browsers begin what they copy: without it, who pastes may take the bytes for another encoding.
_IN_UTF8: Final = '<meta charset="utf-8">'


def mime_data(blocks: Sequence[Block], source: str | None = None) -> QMimeData:
    """The clipboard's content for blocks. Those of a whole answer are as it was written, which is
    also its plain text: the aim is to paste it where Markdown is read, or into a plain editor."""
    # Imported here: no start copies anything.
    from desktop_app.rendering.export_html import to_html
    from desktop_app.rendering.export_text import to_markdown, to_plain

    data = QMimeData()
    markdown = to_markdown(blocks) if source is None else source
    data.setHtml(_IN_UTF8 + to_html(blocks))
    data.setData("text/markdown", markdown.encode(errors="replace"))
    data.setText(to_plain(blocks) if source is None else source)
    return data


def code_mime_data(lines: Sequence[str]) -> QMimeData:
    """Code is copied as code: as plain text alone."""
    data = QMimeData()
    data.setText("\n".join(lines))
    return data


def selected(writer: DocumentWriter, cursor: QTextCursor) -> QMimeData:
    """What a selection in the document puts on the clipboard."""
    spans = list(_spans(writer, cursor))
    blocks = [made for span in spans if (made := _selected_part(span)) is not None]
    if blocks and all(block.kind is Kind.CODE for block in blocks):
        return code_mime_data([block.text for block in blocks])
    if not blocks or _is_in_one_cell(spans, cursor):
        data = QMimeData()
        data.setText(cursor.selection().toPlainText().strip("\n"))
        return data
    return mime_data(blocks)


def is_all(cursor: QTextCursor) -> bool:
    """Whether everything in the document is selected."""
    last = cursor.document().characterCount() - 1
    return 0 == cursor.selectionStart() < last <= cursor.selectionEnd()


class _Span(NamedTuple):
    """The selected part of an item: UTF-16 units [start, end) of its text; of a table the rows
    from number `start` up to `end`."""

    item: Item
    start: int
    end: int


def _spans(writer: DocumentWriter, cursor: QTextCursor) -> Iterator[_Span]:
    """What is selected of each item, top to bottom."""
    first, last = cursor.selectionStart(), cursor.selectionEnd()
    block = cursor.document().findBlock(first)
    found = writer.section_at(block.blockNumber())
    if found is None:
        return
    section, number = found
    at = section.item_at(number)
    passed = number - section.offset(at)
    while block.isValid() and block.position() < max(last, first + 1):
        start = end = -1
        while passed < section.counts[at] and block.position() < max(last, first + 1):
            least, most = _place(section, at, passed, block, first, last)
            start, end = (least if start < 0 else start), most
            block, passed = block.next(), passed + 1
        if not section.counts[at]:  # between two that are written
            start, end = 0, sys.maxsize
        yield _Span(section.items[at], start, end)
        at, passed = at + 1, 0
        while at == len(section.items):
            following = writer.sections.index(section) + 1
            if following == len(writer.sections):
                return
            section, at = writer.sections[following], 0


def _place(
    section: Section, at: int, number: int, block: QTextBlock, first: int, last: int
) -> tuple[int, int]:
    """Which part of item `at` is selected in its block `number`."""
    if is_table(section.items[at]):
        columns = max(1, len(section.items[at].aligns))  # type: ignore[union-attr]
        row = number if section.is_ruled(at) else max(0, number - 1) // columns
        return row, row + 1
    passed = section.shapes[at][number - 1] if number else 0
    if not number:
        passed = -head_length(section.items[at])
    least = passed + max(0, first - block.position())
    return max(0, least), max(0, passed + min(last - block.position(), block.length() - 1))


def _is_in_one_cell(spans: list[_Span], cursor: QTextCursor) -> bool:
    """Whether nothing but words of one cell are selected: they are no table."""
    text = cursor.selectedText()
    is_one = len(spans) == 1 and is_table(spans[0].item) and spans[0].end == spans[0].start + 1
    return (
        is_one and not set(text) & set("\t\u2029\ufdd0\ufdd1") and not cursor.hasComplexSelection()
    )


def _selected_part(span: _Span) -> Block | None:
    item, start, end = span
    if isinstance(item, Block):
        if item.kind is Kind.TABLE:
            return item._replace(rows=item.rows[start:end], head=item.head and start == 0)
        return item._replace(runs=cut_runs(item.runs, start, end))
    if item.part is Part.ATTACHMENT and is_citation(item.runs[0].link):
        return Block(Kind.PARAGRAPH, cut_runs(item.runs, start, end))
    if item.part is Part.ATTACHMENT and item.runs[0].link:
        return named(item.runs[0].text)
    if item.part is not Part.QUESTION:
        return None
    return Block(Kind.PARAGRAPH, cut_runs(item.runs, start, end))


def named(picture: str) -> Block:
    """What stands for a picture in a copy."""
    return Block(Kind.PARAGRAPH, (Run(f"[{picture}]"),))


def cut_runs(runs: Runs, start: int, end: int) -> Runs:
    """The runs of the characters [start, end), counted in UTF-16 units as Qt counts."""
    cut: list[Run] = []
    at = 0
    for run in runs:
        encoded = run.text.encode("utf-16-le", "replace")
        first, last = max(0, start - at), min(len(encoded) // 2, end - at)
        if first < last and run.math:  # a formula is copied whole
            cut.append(run)
        elif first < last:
            text = encoded[2 * first : 2 * last].decode("utf-16-le", "replace")
            cut.append(run._replace(text=text))
        at += len(encoded) // 2
    return tuple(cut)
