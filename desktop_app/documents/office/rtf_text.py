"""The text of an RTF document, or of a note or a text box in it, while it is being read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import attrgetter
from typing import Final, NamedTuple

from desktop_app.documents.office import markdown_text as md
from desktop_app.documents.office.markdown_text import MarkdownBlock
from desktop_app.documents.office.rtf_table import Row, table_block

# The outline level of body text; headings have the levels 0 to 8.
_NO_OUTLINE: Final = 9


class _Run(NamedTuple):
    """Adjacent words of the same weight."""

    text: str
    is_bold: bool


@dataclass
class _Paragraph:
    """The current paragraph."""

    runs: list[_Run] = field(default_factory=list)
    style: int | None = None
    outline: int | None = None
    level: int = 0
    label: str = ""
    is_in_table: bool = False

    @property
    def number(self) -> str:
        """Return the label and a space; "" without a label, or if it is a bullet."""
        return "" if self.label in ("", "-") else f"{self.label} "


class RtfText:
    """Builder of the paragraphs, list items and tables of a text.

    Args:
        heading_levels: the level of each heading style by its number; 0 is the highest.
    """

    def __init__(self, heading_levels: Mapping[int | None, int]) -> None:
        self._heading_levels = heading_levels
        self._blocks: list[MarkdownBlock] = []
        self._paragraph = _Paragraph()
        self._cell: list[str] = []  # the paragraphs of the current cell
        self._row = Row()
        self._rows: list[Row] = []

    @property
    def run_count(self) -> int:
        """Return the number of runs in the current paragraph."""
        return len(self._paragraph.runs)

    def add_run(self, text: str, *, is_bold: bool = False) -> None:
        """Add words to the current paragraph."""
        self._paragraph.runs.append(_Run(text, is_bold))

    def link_runs(self, first: int, address: str) -> None:
        """Make the current paragraph's runs from `first` on a link."""
        runs = self._paragraph.runs
        if address and runs[first:]:
            linked_text = "".join(run.text for run in runs[first:])
            runs[first:] = [_Run(md.link(linked_text, address), is_bold=False)]

    def set_label(self, label: str) -> None:
        """Make the current paragraph a list item; its label is "-" or its number."""
        self._paragraph.label = label

    def process_word(self, word: str, number: int | None) -> None:
        """Process a control word of paragraphs and tables."""
        paragraph = self._paragraph
        value = number or 0
        match word:
            case "par" | "sect" | "page" | "column":
                self._end_paragraph()
            case "pard":
                self._paragraph = _Paragraph(paragraph.runs, label=paragraph.label)
            case "s":
                paragraph.style = value
            case "outlinelevel":
                paragraph.outline = value
            case "ilvl":
                paragraph.level = min(max(value, 0), _NO_OUTLINE)
            case "intbl":
                paragraph.is_in_table = True
            case "cell":
                self._end_paragraph(is_cell=True)
                self._row.texts.append(" ".join(self._cell))
                self._cell = []
            case "row":
                self._rows.append(self._row)
                self._row = Row(edges=list(self._row.edges))
            case "trowd":
                self._row = Row(texts=self._row.texts)
            case "cellx":
                self._row.edges.append(value)
            case "clvmrg" | "clmrg":
                self._row.merged.add(len(self._row.edges))

    def prepare_nested_text(self) -> None:
        """End the table before a note or a text box, unless that is in a cell."""
        if not self._paragraph.is_in_table:
            self._end_table()

    def add_text_box(self, blocks: list[MarkdownBlock]) -> None:
        """Add the blocks of a text box to the current cell, or after the last block."""
        if self._paragraph.is_in_table:
            self._cell += [block.text.strip() for block in blocks]
        else:
            self._blocks += blocks

    def finish(self) -> list[MarkdownBlock]:
        """End the last paragraph and table, and return all blocks."""
        self._end_paragraph()
        self._end_table()
        return self._blocks

    def _end_paragraph(self, *, is_cell: bool = False) -> None:
        paragraph = self._paragraph
        self._paragraph = replace(paragraph, runs=[], label="")
        plain = "".join(run.text for run in paragraph.runs).strip("\n ")
        if is_cell or paragraph.is_in_table:
            self._cell += [paragraph.number + plain] if plain else []
        elif plain:
            self._end_table()
            self._blocks.append(self._block(paragraph, plain))

    def _block(self, paragraph: _Paragraph, plain: str) -> MarkdownBlock:
        """Return the block of a paragraph; `plain` is its text without bold marks."""
        outline = paragraph.outline
        if outline is None:
            outline = self._heading_levels.get(paragraph.style)
        if outline is not None and 0 <= outline < _NO_OUTLINE:
            return md.heading(paragraph.number + plain, outline + 1)
        text = "".join(_join_runs(paragraph.runs)).strip("\n ")
        if paragraph.label:
            return md.item(paragraph.label, text, paragraph.level)
        return MarkdownBlock(text)

    def _end_table(self) -> None:
        rows = self._rows
        row = self._row
        cell = self._cell
        self._rows = []
        self._row = Row()
        self._cell = []
        if not rows and not any(row.texts):  # no row has ended, nor a cell with text
            self._blocks += map(MarkdownBlock, cell)
            return
        if unfinished := [text for text in (*row.texts, " ".join(cell)) if text]:
            rows.append(Row(texts=unfinished))
        self._blocks.append(table_block(rows))


def _join_runs(runs: list[_Run]) -> Iterator[str]:
    """Join adjacent runs of the same weight, and yield them as Markdown."""
    for is_bold, group in groupby(runs, key=attrgetter("is_bold")):
        text = "".join(run.text for run in group)
        yield md.bold(text) if is_bold else text
