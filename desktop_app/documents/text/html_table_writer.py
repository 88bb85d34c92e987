"""Writes the tables of HTML."""

from __future__ import annotations

from typing import Final

from desktop_app.documents.office.package import whole_number
from desktop_app.documents.text.html_blocks import HtmlCell, HtmlTable
from desktop_app.documents.text.html_elements import CELLS, Element, OpenElements
from desktop_app.documents.text.html_flow_writer import HtmlFlowWriter

_MAX_SPAN: Final = 100


class HtmlTableWriter:
    """A writer of the open tables."""

    def __init__(self, elements: OpenElements, flows: HtmlFlowWriter) -> None:
        self._elements = elements
        self._flows = flows
        self._tables: list[HtmlTable] = []

    def mark_as_layout(self) -> None:
        """Write the blocks of the cells of all open tables, instead of tables."""
        for table in self._tables:
            table.mark_as_layout()

    def start_table(self, tag: str, attributes: dict[str, str]) -> None:
        """Start a table. A table with another table in it is layout."""
        self.mark_as_layout()
        self._tables.append(HtmlTable(attributes.get("role") in ("presentation", "none")))
        self._elements.push(Element(tag, self._end_table))

    def start_part(self, tag: str, attributes: dict[str, str]) -> None:
        """Start a row, a cell or a group of rows. A cell outside a table is a paragraph."""
        self._flows.end_paragraph()
        if not self._tables or tag not in CELLS | {"tr"}:
            self._elements.push(Element(tag, self._flows.end_paragraph))
            return
        table = self._tables[-1]
        if tag == "tr" or not table.rows:
            table.rows.append([])
        if tag == "tr":
            self._elements.push(Element(tag))
            return
        columns = _span(attributes, "colspan")
        rows = _span(attributes, "rowspan")
        self._flows.open_cell()
        self._elements.push(Element(tag, lambda: self._end_cell(table, columns, rows)))

    def _end_cell(self, table: HtmlTable, columns: int, rows: int) -> None:
        text, flow = self._flows.close_cell()
        table.rows[-1].append(HtmlCell(text, flow.blocks, columns, rows))

    def _end_table(self) -> None:
        self._flows.end_paragraph()
        self._flows.flow.blocks.extend(self._tables.pop().blocks())


def _span(attributes: dict[str, str], name: str) -> int:
    """Return how many columns or rows a cell spans; 1 if that is missing or out of range."""
    count = whole_number(attributes.get(name))
    return count if 1 <= count <= _MAX_SPAN else 1
