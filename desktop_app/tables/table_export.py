"""Tables as files: CSV, XLSX, JSON Lines and Markdown, in the order that the user chose.

Rows are read and written a page at a time. Headings are in English on every system, so that scripts
can read them. No text is a formula in a spreadsheet.
"""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from desktop_app.domain.csv_cell import escape_cell
from desktop_app.i18n.translation import in_english
from desktop_app.tables.column_figures import ColumnFigures
from desktop_app.tables.stored_cells import WHOLE_VALUES
from desktop_app.tables.table import (
    WHOLE,
    Cell,
    CellState,
    Column,
    ColumnTotals,
    Field,
    FieldType,
    Row,
    RowOrder,
    Scalar,
    Table,
    is_unproven,
)
from desktop_app.tables.table_store import TableStore
from desktop_app.tables.template import asks_about_document
from desktop_app.tables.values import Value, ValueType
from desktop_app.writers.office.table_files import (
    Formatted,
    SheetCell,
    TypedSheet,
    write_typed_sheets,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_ROWS_AT_ONCE: Final = 100
_HTML_HEAD: Final = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
"""
_STYLE: Final = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem; color-scheme: light dark; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { border: 1px solid gray; padding: .4rem .6rem; text-align: start; vertical-align: top; }
td { white-space: pre-wrap; }
.failed { background: light-dark(#fff0f0, #401818); }
body:has(#only:checked) tr:has(td):not(.failed) { display: none; }
table:first-of-type tr { display: table-row !important; }
"""
Exported = Scalar | Value | list[str]
"""What a cell of an export is made of."""


class TableFormat(StrEnum):
    """The formats of exported tables."""

    CSV = "csv"
    XLSX = "xlsx"
    JSONL = "jsonl"
    MARKDOWN = "markdown"
    HTML = "html"

    @classmethod
    def of(cls, name: str) -> TableFormat | None:
        """Return the format of a file by its ending; None for another."""
        endings = {"md": cls.MARKDOWN, **{each.value: each for each in cls}}
        return endings.get(Path(name).suffix.lower().removeprefix("."))


@dataclass(frozen=True)
class _Heading:
    """A column of the file: its heading, and how its value is read from a row with its cells."""

    title: str
    read: Callable[[Row, Mapping[str, Cell]], Exported]


class ExportedTable:
    """A table to be exported, with what its columns need: see `of`."""

    def __init__(
        self,
        store: TableStore,
        table: Table,
        row_ids: Sequence[int],
        totals: Mapping[str, ColumnTotals],
        figures: Mapping[str, ColumnFigures],
        *,
        has_documents: bool,
    ) -> None:
        self._store = store
        self.table = table
        self.row_ids = row_ids
        self._totals = totals
        self._figures = figures
        self._headings = list(_headings(table, totals, has_documents=has_documents))

    @classmethod
    async def of(
        cls, store: TableStore, table: Table, order: RowOrder | None = None
    ) -> ExportedTable:
        """Read what is needed to export a table. Raises StorageError."""
        row_ids = await store.order(table.id, order or RowOrder())
        totals = {column.id: await store.totals(column.id) for column in table.questions}
        figures = {column.id: await store.figures(column) for column in table.questions}
        has_documents = await store.has_documents(table.id)
        return cls(store, table, row_ids, totals, figures, has_documents=has_documents)

    async def write(self, format_: TableFormat, file: Path) -> int:
        """Write the table to a file; return how many values were cut, as Excel's cells are short.

        Raises:
            OSError, StorageError: it cannot be written or read.
        """
        if format_ is TableFormat.XLSX:
            return await self._write_xlsx(file)
        # Without the byte order mark, spreadsheets assume the system's legacy encoding.
        encoding = "utf-8-sig" if format_ is TableFormat.CSV else "utf-8"
        with file.open("w", encoding=encoding, errors="replace", newline="") as stream:
            async for piece in self.pieces(format_):
                await asyncio.to_thread(stream.write, piece)
        return 0

    # -- text

    async def pieces(self, format_: TableFormat) -> AsyncIterator[str]:
        """Yield a text of the table in pieces.

        Args:
            format_: any but XLSX.
        """
        writer = {
            TableFormat.CSV: self._csv,
            TableFormat.JSONL: self._jsonl,
            TableFormat.MARKDOWN: self._markdown,
            TableFormat.HTML: self._html,
        }[format_]
        with in_english():  # not around a `yield`, whose caller uses the user's language
            head = "" if format_ is TableFormat.JSONL else "".join(writer(None))
        if head:
            yield head
        async for page in self._pages():
            with in_english():
                piece = "".join(writer(page))
            yield piece
        if format_ is TableFormat.MARKDOWN:
            with in_english():
                foot = self._markdown_totals()
            if foot:
                yield foot
        elif format_ is TableFormat.HTML:
            yield "</table>\n</html>\n"

    async def _pages(self) -> AsyncIterator[list[tuple[Row, Mapping[str, Cell]]]]:
        for start in range(0, len(self.row_ids), _ROWS_AT_ONCE):
            ids = list(self.row_ids[start : start + _ROWS_AT_ONCE])
            window = await self._store.window(ids, WHOLE_VALUES)
            yield [(row, window.cells[row.id]) for row in window.rows]

    def _csv(self, page: list[tuple[Row, Mapping[str, Cell]]] | None) -> Iterator[str]:
        stream = io.StringIO()
        writer = csv.writer(stream)
        if page is None:
            writer.writerow([escape_cell(each.title) for each in self._headings])
        for row, cells in page or ():
            texts = (_text(each.read(row, cells)) for each in self._headings)
            writer.writerow([escape_cell(text) for text in texts])
        yield stream.getvalue()

    def _markdown(self, page: list[tuple[Row, Mapping[str, Cell]]] | None) -> Iterator[str]:
        if page is None:
            yield f"# {_markdown_cell(self.table.name)}\n\n"
            yield _markdown_row(each.title for each in self._headings)
            yield f"|{' --- |' * len(self._headings)}\n"
        for row, cells in page or ():
            yield _markdown_row(_text(each.read(row, cells)) for each in self._headings)

    def _markdown_totals(self) -> str:
        headings, rows = self._totals_rows()
        if not rows:
            return ""
        lines = [_markdown_row(headings), f"|{' --- |' * len(headings)}\n"]
        lines += [_markdown_row(map(_text, row)) for row in rows]
        return "\n" + "".join(lines)

    def _html(self, page: list[tuple[Row, Mapping[str, Cell]]] | None) -> Iterator[str]:
        if page is None:
            name = escape(self.table.name)
            yield f"{_HTML_HEAD}<title>{name}</title>\n<style>{_STYLE}</style>\n<h1>{name}</h1>\n"
            headings, rows = self._totals_rows()
            if rows:
                yield f"<table>\n{_html_row(headings, 'th')}"
                yield from (_html_row(map(_text, row)) for row in rows)
                yield "</table>\n"
            if any(totals.checked for totals in self._totals.values()):
                yield '<label><input type="checkbox" id="only"> Only failing rows</label>\n'
            yield f"<table>\n{_html_row((each.title for each in self._headings), 'th')}"
        for row, cells in page or ():
            texts = (_text(each.read(row, cells)) for each in self._headings)
            has_failed = any(cell.failures or cell.error for cell in cells.values())
            yield _html_row(texts, kind="failed" if has_failed else "")

    def _jsonl(self, page: list[tuple[Row, Mapping[str, Cell]]] | None) -> Iterator[str]:
        for row, cells in page or ():
            yield json.dumps(self._object(row, cells), ensure_ascii=False) + "\n"

    def _object(self, row: Row, cells: Mapping[str, Cell]) -> dict[str, Any]:
        """Return a row with its values by column, and the sources, errors and costs of answers."""
        values: dict[str, Any] = {}
        sources: dict[str, Any] = {}
        errors: dict[str, str] = {}
        checks: dict[str, Any] = {}
        costs: dict[str, str | None] = {}
        for column in self.table.columns:
            cell = cells.get(column.id)
            fields = _fields(column)
            if fields:
                values[column.name] = {
                    name: None
                    if cell is None
                    else _json(_field_value(column, each, cell), is_field=True)
                    for name, each in fields.items()
                }
            else:
                values[column.name] = None if cell is None else _json(_whole(column, cell))
            if cell is None or column.question is None:
                continue
            if cited := [
                {"field": part, "page": each.page, "quote": each.quote, "found": each.is_found}
                for part, value in cell.values.items()
                for each in value.citations
            ]:
                sources[column.name] = cited
            if cell.error is not None:
                errors[column.name] = cell.error.what_happened
            if cell.has_passed is not None:
                checks[column.name] = {"passed": cell.has_passed, "failed": list(cell.failures)}
            if cell.usage is not None:
                total = None if cell.cost is None else cell.cost + (cell.judge_cost or 0)
                costs[column.name] = None if total is None else f"{total:f}"
        outdated = [
            column.name
            for column in self.table.questions
            if column.id in cells and cells[column.id].state is CellState.OUTDATED
        ]
        extra = {
            "sources": sources,
            "errors": errors,
            "checks": checks,
            "cost_usd": costs,
            "out_of_date": outdated,
        }
        found = {name: value for name, value in extra.items() if value}
        return {"row": row.name, "values": values, **found}

    # -- workbook

    async def _write_xlsx(self, file: Path) -> int:
        """Write the table as a workbook, with a second sheet of totals."""
        loop = asyncio.get_running_loop()

        def rows() -> Iterator[list[SheetCell]]:
            for start in range(0, len(self.row_ids), _ROWS_AT_ONCE):
                ids = list(self.row_ids[start : start + _ROWS_AT_ONCE])
                reading = self._store.window(ids, WHOLE_VALUES)
                window = asyncio.run_coroutine_threadsafe(reading, loop).result()
                for row in window.rows:
                    cells = window.cells[row.id]
                    with in_english():
                        yield [_sheet_cell(heading.read(row, cells)) for heading in self._headings]

        def write() -> int:
            with in_english():
                headings, totals = self._totals_rows()
            sheets = [TypedSheet(self.table.name, [h.title for h in self._headings], rows())]
            if totals:
                sheets.append(TypedSheet("Totals", headings, totals))
            return write_typed_sheets(file, sheets)

        return await asyncio.to_thread(write)

    def _totals_rows(self) -> tuple[list[str], list[list[str | int | float | None]]]:
        headings = [
            *("Column", "Answered", "Failed", "Input tokens", "Output tokens", "Cost (USD)"),
            *("Checked", "Passed", "Share passed", "95% interval", "Declined", "Judge (USD)"),
            *("p50 (s)", "p95 (s)", "First token p50 (s)", "Out of date"),
        ]
        rows: list[list[str | int | float | None]] = []
        for column in self.table.questions:
            totals = self._totals[column.id]
            counts = totals.states
            answered = sum(counts.get(s, 0) for s in (CellState.DONE, CellState.CORRECTED))
            checked = totals.checked or None
            facts = self._figures[column.id].to_json()
            rows.append(
                [
                    column.name,
                    answered,
                    counts.get(CellState.FAILED, 0),
                    totals.usage.input_tokens,
                    totals.usage.output_tokens,
                    float(totals.cost),
                    checked,
                    facts["passed"] if checked else None,
                    facts["share"] if checked else None,
                    f"{facts['low']:.0%}–{facts['high']:.0%}" if checked else None,
                    facts["declined"],
                    float(facts["judge_cost_usd"]) if checked else None,
                    *(facts[name] for name in ("p50_s", "p95_s", "p50_first_token_s")),
                    counts.get(CellState.OUTDATED, 0),
                ]
            )
        return headings, rows


def _headings(
    table: Table, totals: Mapping[str, ColumnTotals], *, has_documents: bool
) -> Iterator[_Heading]:
    if has_documents or not any(column.question is None for column in table.columns):
        yield _Heading("Document" if has_documents else "Row", lambda row, _: row.name)
    for column in table.columns:
        if column.question is None:
            yield _of_cell(column, column.name, partial(_whole, column))
            continue
        fields = _fields(column)
        if not fields:
            yield _of_cell(column, column.name, partial(_whole, column))
        for field in fields.values():
            yield _of_cell(column, column.title(field.name), partial(_field_value, column, field))
        if has_documents and asks_about_document(table, column.question):
            yield _of_cell(column, f"{column.name}: sources", partial(_sources, column))
        counts = totals[column.id]
        if counts.states.get(CellState.OUTDATED):
            yield _of_cell(
                column,
                f"{column.name}: out of date",
                lambda cell: True if cell.state is CellState.OUTDATED else None,
            )
        if counts.checked:
            yield _of_cell(column, f"{column.name}: passed", lambda cell: cell.has_passed)
        if counts.passed < counts.checked:
            yield _of_cell(
                column, f"{column.name}: failed checks", lambda cell: "; ".join(cell.failures)
            )
        if counts.states.get(CellState.FAILED):
            yield _of_cell(column, f"{column.name}: error", _error)


def _of_cell(column: Column, title: str, read: Callable[[Cell], Exported]) -> _Heading:
    """Return the heading of a value that is read from the column's cell."""

    def read_row(_row: Row, cells: Mapping[str, Cell]) -> Exported:
        cell = cells.get(column.id)
        return None if cell is None else read(cell)

    return _Heading(title, read_row)


def _fields(column: Column) -> dict[str, Field]:
    return {} if column.question is None else {each.name: each for each in column.question.fields}


def _field_value(column: Column, field: Field, cell: Cell) -> Exported:
    value = cell.shown(column, field.name)
    if value is None or not value.text:
        return None
    if field.type is FieldType.LIST:
        return [line for line in value.text.split("\n") if line]
    return value.value


def _whole(column: Column, cell: Cell) -> Exported:
    value = cell.shown(column)
    return None if value is None or not value.text else value.value


def _error(cell: Cell) -> Exported:
    return None if cell.error is None else cell.error.what_happened


def _sources(column: Column, cell: Cell) -> Exported:
    """Return where the values of an answer stand: "page 3", or "term: page 3; payer: page 5"."""
    found = []
    for part in column.parts:
        value = cell.values.get(part)
        places = [
            (f"page {each.page}" if each.page else f"“{each.quote}”")
            + (" (words not found)" if is_unproven(part, each) else "")
            for each in (value.citations if value else ())
        ]
        if places:
            label = f"{part}: " if part != WHOLE else ""
            found.append(label + ", ".join(dict.fromkeys(places)))
    return "; ".join(found) or None


def _text(value: Exported) -> str:
    if value is None:
        return ""
    if isinstance(value, Value):
        return value.text
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "; ".join(value) if isinstance(value, list) else str(value)


def _json(value: Exported, *, is_field: bool = False) -> Scalar | list[str]:
    """Return a value of JSON: that of a field by its type, data so that they lose nothing."""
    if not isinstance(value, Value):
        return value
    content = value.content
    if value.type is ValueType.NUMBER and value.number is None:
        return int(value.text)  # of more digits than a number of a spreadsheet has
    if isinstance(content, bool) and value.type is ValueType.YES_NO:
        return content
    if isinstance(content, int | float) and (is_field or json.dumps(content) == value.text):
        return content
    return value.text


def _sheet_cell(value: Exported) -> SheetCell:
    if isinstance(value, Value):
        content = value.content
        return content if isinstance(content, str) else Formatted(content, value.format)
    return _text(value) if isinstance(value, list) else value


def _html_row(cells: Iterable[str], tag: str = "td", kind: str = "") -> str:
    made = "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells)
    return f'<tr class="{kind}">{made}</tr>\n' if kind else f"<tr>{made}</tr>\n"


def _markdown_row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(map(_markdown_cell, cells))} |\n"


def _markdown_cell(text: str) -> str:
    """Return a text as a cell of a Markdown table: on one line, its bars escaped."""
    text = text.replace("\\", "\\\\").replace("|", "\\|")
    return "<br>".join(line.strip() for line in text.splitlines())
