"""The parts of HTML that become Markdown once they are whole: blocks, lists, tables, marks."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from desktop_app.documents.office import markdown_text as md
from desktop_app.documents.office.markdown_text import MarkdownBlock

_BACKTICKS: Final = re.compile("`+")
# A page of 100 kB whose cells span 100 rows and columns would become 120 MB of text.
_MAX_SPANNED_CELLS: Final = 100_000


@dataclass(frozen=True, slots=True)
class HtmlCell:
    """A table cell: its paragraphs joined by spaces, its content as blocks, and its spans."""

    text: str
    blocks: list[MarkdownBlock]
    columns: int
    rows: int


@dataclass
class HtmlTable:
    """A table; `is_layout` means that it only lays out text."""

    is_layout: bool
    rows: list[list[HtmlCell]] = field(default_factory=list)

    def mark_as_layout(self) -> None:
        """Have `blocks` return the blocks of the cells instead of a table."""
        self.is_layout = True

    def blocks(self) -> list[MarkdownBlock]:
        """Return the table, or only the blocks of its cells.

        Only the blocks are returned if the table is layout, has one column, or would be too large
        because of spans.
        """
        is_table = not self.is_layout and any(row[1:] for row in self.rows)
        grid = self._grid() if is_table else None
        if grid is None:
            return [block for row in self.rows for cell in row for block in cell.blocks]
        table = md.table(grid)
        return [table] if table.text else []

    def _grid(self) -> list[list[str]] | None:
        """Return the texts by row and column. A spanning cell has its text in its first position.

        Returns None if the grid would be much larger than the table's cells.
        """
        # A cell alone in its row often states more columns than the table has.
        width = max(sum(cell.columns for cell in row) for row in self.rows if row[1:])
        limit = max(_MAX_SPANNED_CELLS, 10 * sum(map(len, self.rows)))
        if width * len(self.rows) > limit:
            return None
        grid: list[list[str]] = []
        # The number of rows that a cell above still covers, by column.
        covered_rows: dict[int, int] = {}
        for row in self.rows:
            texts: list[str] = []
            for cell in row:
                while len(texts) in covered_rows:
                    texts.append("")
                columns = min(cell.columns, width)
                covered_rows |= dict.fromkeys(range(len(texts), len(texts) + columns), cell.rows)
                texts += [cell.text, *[""] * (columns - 1)]
            if len(texts) * len(self.rows) > limit:
                return None
            grid.append(texts)
            covered_rows = {column: rows - 1 for column, rows in covered_rows.items() if rows > 1}
        return grid


@dataclass
class InlineMark:
    """An open inline mark, such as bold or a link.

    Attributes:
        sign: the characters on both sides of the marked words; "" for a link.
        start: index of its first piece in the flow's `line`.
        address: the address of a link; "" for other marks, and once words have been linked.
    """

    sign: str
    start: int
    address: str = ""


@dataclass
class BlockFlow:
    """The blocks of a container: the document, a list item, a quote, a cell.

    Attributes:
        blocks: the finished blocks; lists are marked as items.
        line: the pieces of the unfinished paragraph.
        marks: the open marks.
    """

    blocks: list[MarkdownBlock] = field(default_factory=list)
    line: list[str] = field(default_factory=list)
    marks: list[InlineMark] = field(default_factory=list)

    def text(self, *, is_item: bool = False) -> str:
        """Join the blocks; in a list item, a list follows the words without an empty line."""
        texts = [block.text for block in self.blocks]
        if is_item and len(texts) > 1 and self.blocks[1].is_item and not self.blocks[0].is_item:
            texts[:2] = [f"{texts[0]}\n{texts[1]}"]
        return "\n\n".join(texts)

    def end_line(self) -> str:
        """Return and clear the paragraph's text. Its open marks continue in the next paragraph."""
        for mark in reversed(self.marks):
            self.apply_mark(mark)
            mark.start = 0
        text = "".join(self.line).strip()
        self.line.clear()
        return text

    def apply_mark(self, mark: InlineMark) -> None:
        """Apply a mark to the words since its start; the space around them stays outside."""
        text = "".join(self.line[mark.start :])
        marked_text = text.strip()
        if not marked_text:
            return
        start = text.index(marked_text)
        space_before = text[:start]
        space_after = text[start + len(marked_text) :]
        if mark.address:
            markdown = md.link(marked_text, mark.address)
        elif mark.sign == "`":
            longest = max(map(len, _BACKTICKS.findall(marked_text)), default=0)
            # A row of as many backticks as open the code would end it.
            fence = "`" * (longest + 1)
            space = " " if longest else ""
            markdown = f"{fence}{space}{marked_text}{space}{fence}"
        else:
            markdown = f"{mark.sign}{marked_text}{mark.sign}"
        mark.address = ""
        self.line[mark.start :] = [
            piece for piece in (space_before, markdown, space_after) if piece
        ]


@dataclass
class HtmlList:
    """A list.

    Attributes:
        bullet: the marker of its items; "" if they are numbered.
        number: the number of its first item.
        level: the level of a list from Word, from 1; 0 for other lists.
        stated: the numbers that items state, by index.
    """

    bullet: str
    number: int = 1
    items: list[BlockFlow] = field(default_factory=list)
    level: int = 0
    stated: dict[int, int] = field(default_factory=dict)

    def use_numbers(self) -> None:
        """Number the items."""
        self.bullet = ""

    def text(self) -> str:
        """Return the items, each below the previous."""
        lines = []
        number = self.number - 1
        for index, item in enumerate(self.items):
            number = self.stated.get(index, number + 1)
            marker = self.bullet or f"{number}."
            indent = " " * (len(marker) + 1)
            first_line, *more_lines = item.text(is_item=True).split("\n")
            lines.append(f"{marker} {first_line}".rstrip())
            lines += [indent + line if line else "" for line in more_lines]
        return "\n".join(lines)
