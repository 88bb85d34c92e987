"""What is copied: the selected part of the conversation as HTML, Markdown and plain text at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData

from desktop_app.rendering.export_html import to_html
from desktop_app.rendering.export_text import to_markdown, to_plain
from desktop_app.rendering.model import Block, Kind, Run, Runs
from desktop_app.ui.transcript.items import Part

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from PySide6.QtGui import QTextBlock, QTextCursor

    from desktop_app.ui.transcript.document import DocumentWriter
    from desktop_app.ui.transcript.items import Item


def mime_data(blocks: Sequence[Block], *, as_markdown: bool = True) -> QMimeData:
    """The clipboard's content for blocks; plain text is Markdown where the aim is to paste it into
    a plain text editor."""
    data = QMimeData()
    markdown = to_markdown(blocks)
    data.setHtml(to_html(blocks))
    data.setData("text/markdown", markdown.encode())
    data.setText(markdown if as_markdown else to_plain(blocks))
    return data


def code_mime_data(lines: Sequence[str]) -> QMimeData:
    """Code is copied as code: as plain text alone."""
    data = QMimeData()
    data.setText("\n".join(lines))
    return data


def selected(writer: DocumentWriter, cursor: QTextCursor) -> QMimeData:
    """What a selection in the document puts on the clipboard."""
    start, end = cursor.selectionStart(), cursor.selectionEnd()
    blocks = list(_blocks(writer, cursor, start, end))
    if blocks and all(block.kind is Kind.CODE for block in blocks):
        return code_mime_data([block.text for block in blocks])
    if len(blocks) == 1 and blocks[0].kind is Kind.PARAGRAPH and not blocks[0].marker:
        return mime_data(blocks, as_markdown=False)
    if not blocks:
        data = QMimeData()
        data.setText(cursor.selection().toPlainText())
        return data
    return mime_data(blocks, as_markdown=False)


def _blocks(writer: DocumentWriter, cursor: QTextCursor, start: int, end: int) -> Iterator[Block]:
    """The selected items as blocks, the first and the last cut to what is selected of them."""
    block = cursor.document().findBlock(start)
    seen: tuple[object, int] | None = None
    while block.isValid() and block.position() < max(end, start + 1):
        found = writer.section_at(block.blockNumber())
        if found is None:
            return
        section, number = found
        at = section.item_at(number)
        if seen != (section, at):
            seen = (section, at)
            made = _selected_part(section.items[at], block, start, end)
            if made is not None:
                yield made
        block = block.next()


def _selected_part(item: Item, block: QTextBlock, start: int, end: int) -> Block | None:
    if isinstance(item, Block):
        if item.kind is Kind.TABLE:
            return item
        prefix = len(item.marker) + 1 if item.marker else 0
        first = max(0, start - block.position() - prefix)
        last = max(0, end - block.position() - prefix)
        return item._replace(runs=cut_runs(item.runs, first, last))
    if item.part is Part.ATTACHMENT and item.runs[0].link:
        return named(item.runs[0].text)
    if item.part is not Part.QUESTION:
        return None
    runs = cut_runs(item.runs, max(0, start - block.position()), end - block.position())
    return Block(Kind.PARAGRAPH, runs)


def named(picture: str) -> Block:
    """What stands for a picture in a copy."""
    return Block(Kind.PARAGRAPH, (Run(f"[{picture}]"),))


def cut_runs(runs: Runs, start: int, end: int) -> Runs:
    """The runs of the characters [start, end), counted in UTF-16 units as Qt counts."""
    cut: list[Run] = []
    at = 0
    for run in runs:
        units = run.text.encode("utf-16-le", "replace")
        length = len(units) // 2
        first, last = max(0, start - at), min(length, end - at)
        if first < last:
            text = units[2 * first : 2 * last].decode("utf-16-le", "replace")
            cut.append(run._replace(text=text))
        at += length
    return tuple(cut)
