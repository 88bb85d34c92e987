"""Prepares a conversation for office files: headings, blocks and whole tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from desktop_app.domain.conversations.answer_sources import sources_markdown
from desktop_app.domain.conversations.conversation import Message, Role
from desktop_app.domain.conversations.message_facts import heading_of, sent_passages
from desktop_app.domain.conversations.message_parts import tool_calls
from desktop_app.markdown.block_model import (
    FORMULA_END,
    FORMULA_START,
    LINE_BREAK,
    Block,
    Kind,
    Run,
    Runs,
    source_text,
    starting_side,
)
from desktop_app.markdown.export.html_writer import group_blocks
from desktop_app.markdown.incremental.block_stream import render
from desktop_app.markdown.processes.diagram_drawing import Diagram, DrawDiagram
from desktop_app.markdown.structured_answer import with_rendered_form
from desktop_app.writers.markdown_file import call_as_markdown, ending_lines

MAX_PROPERTY_CHARS: Final = 255
"""The limit for a document's title among its properties."""
_CM_PER_PIXEL: Final = 2.54 / 96
_MAX_PICTURE_CM: Final = (15.0, 20.0)
# Characters that XML forbids or discourages, and the invisible FORMULA_START and FORMULA_END.
_NOT_IN_XML: Final = re.compile(
    f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff{FORMULA_START}{FORMULA_END}]"
)


@dataclass(frozen=True)
class OfficeMessage:
    """A message as office files show it: heading, notes, tool calls, blocks, endings."""

    heading: str
    blocks: tuple[Block, ...]
    notes: tuple[str, ...]
    is_answer: bool
    calls: tuple[Block, ...] = ()
    endings: tuple[str, ...] = ()


@dataclass(frozen=True)
class OfficeTable:
    """A whole table; the first row is its header.

    Attributes:
        from_right: its first column is at the right.
        aligns: the alignment of each column, "" for the usual one.
        cells: the texts of the rows with their formats.
    """

    rows: tuple[tuple[str, ...], ...]
    from_right: bool = False
    aligns: tuple[str, ...] = ()
    cells: tuple[tuple[Runs, ...], ...] = ()

    @property
    def columns(self) -> int:
        """Return the number of columns of the longest row."""
        return max(map(len, self.rows))

    def aligned_rows(self) -> Iterator[list[tuple[str, str]]]:
        """Yield each row, as long as the longest, as texts with their alignments."""
        usual = "right" if self.from_right else ""
        padding = [""] * self.columns
        for row in self.rows:
            cells = zip([*row, *padding], [*self.aligns, *padding], padding, strict=False)
            yield [(text, align or usual) for text, align, _ in cells]


def messages_of(
    path: Iterable[Message], name_of_model: Callable[[str], str]
) -> Iterator[OfficeMessage]:
    """Yield the messages of a path as office files show them."""
    for message in path:
        calls = [call_as_markdown(call) for call in tool_calls(message.parts)]
        sources = [f"[{passage.number}] {passage.source}" for passage in sent_passages(message)]
        notes = (*(part.name for part in message.attachments), *sources)
        # Only an answer is Markdown, as in the window.
        blocks: Iterable[Block] = render(with_rendered_form(message, as_text=False).text)
        if message.role is Role.USER:
            blocks = (Block(Kind.PARAGRAPH, (Run(line),)) for line in message.text.split("\n"))
        yield OfficeMessage(
            heading=to_office_text(heading_of(message, name_of_model)),
            blocks=(*blocks, *render(sources_markdown(message))),
            notes=tuple(map(to_office_text, notes)),
            is_answer=message.role is Role.ASSISTANT,
            calls=tuple(render("\n\n".join(calls))),
            endings=tuple(map(to_office_text, ending_lines(message))),
        )


def document_parts(
    blocks: Iterable[Block], draw: DrawDiagram
) -> Iterator[Block | OfficeTable | Diagram]:
    """Yield the blocks; adjacent blocks of a table become one table, and a diagram its picture."""
    for members in group_blocks(blocks, (Kind.CODE, Kind.TABLE)):
        diagram = None
        if members[0].kind is Kind.CODE_HEAD:
            source = "\n".join(block.text for block in members[1:])
            diagram = draw(members[0].language, source)
        if diagram is not None:
            yield diagram
        else:
            yield from tables_of(members) if members[0].kind is Kind.TABLE else members


def picture_size_cm(diagram: Diagram) -> tuple[float, float]:
    """Return the width and the height of a picture on a page with common margins."""
    width, height = diagram.width * _CM_PER_PIXEL, diagram.height * _CM_PER_PIXEL
    scale = min(1.0, _MAX_PICTURE_CM[0] / width, _MAX_PICTURE_CM[1] / height)
    return width * scale, height * scale


def is_same_code(part: Block, below: Block | OfficeTable | Diagram | None) -> bool:
    """Return True if the next line of the same code block follows."""
    return part.kind is Kind.CODE and isinstance(below, Block) and below.kind is Kind.CODE


def tables_of(blocks: Iterable[Block]) -> Iterator[OfficeTable]:
    """Yield the tables among the blocks; a long table is several blocks in sequence."""
    rows: list[tuple[str, ...]] = []
    cells: list[tuple[Runs, ...]] = []
    from_right = False
    aligns: tuple[str, ...] = ()
    for block in blocks:
        if rows and (block.kind is not Kind.TABLE or block.head):
            yield OfficeTable(tuple(rows), from_right, aligns, tuple(cells))
            rows, cells = [], []
        if block.kind is Kind.TABLE:
            rows += [tuple(map(cell_text, row)) for row in block.rows]
            cells += [tuple(row) for row in block.rows]
            from_right = block.from_right
            aligns = block.aligns
    if rows:
        yield OfficeTable(tuple(rows), from_right, aligns, tuple(cells))


def is_from_left(text: str) -> bool:
    """Return True if a text is read from left to right."""
    return starting_side((Run(text),)) == "left"


def is_from_right(text: str) -> bool:
    """Return True if a text is read from right to left. Office programs do not detect it."""
    return starting_side((Run(text),)) == "right"


def cell_text(runs: Runs) -> str:
    """Return the text of a cell, with line breaks."""
    return to_office_text("".join(map(source_text, runs)))


def run_text(run: Run, *, display: bool = False) -> str:
    """Return the text of a run; a formula is between dollar signs."""
    mark = "$$" if display else "$"
    text = to_office_text(source_text(run))
    return f"{mark}{text}{mark}" if run.math else text


def to_office_text(text: str) -> str:
    """Return the text with "\\n" for line breaks, without characters that office files forbid."""
    return _NOT_IN_XML.sub("", text.replace(LINE_BREAK, "\n"))
