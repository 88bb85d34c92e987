"""Finds the tables in the text of attached CSV files and spreadsheets."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Final

from desktop_app.domain.documents.table_text import CSV_TYPES, find_first_row, lines_of, sheet_rows

_MAX_FIELD_CHARS: Final = 0x7FFFFFFF
"""The largest limit that the csv module takes on every system."""

Rows = Callable[[], Iterator[list[str]]]
"""Reads the rows again at each call: a large table does not fit into the process's memory."""


@dataclass(frozen=True)
class DocumentTable:
    """A table of texts.

    Attributes:
        rows: can be read once; each row is as long as `columns`.
    """

    name: str
    columns: Sequence[str]
    rows: Iterable[Sequence[str]]


def tables_of(name: str, media_type: str, text: str) -> Iterator[DocumentTable]:
    """Yield the tables of a document.

    Args:
        text: the extracted text; that of spreadsheets has a Markdown table for each sheet.
    """
    stem = name.rsplit(".", 1)[0]
    if media_type in CSV_TYPES or name.lower().endswith((".csv", ".tsv")):
        yield from _read_table(stem, partial(_csv_rows, text))
        return
    sheet, start = stem, 0
    for line, end in lines_of(text):
        if line.startswith("## "):
            yield from _read_table(sheet, partial(sheet_rows, text, start, end - len(line)))
            sheet = line[3:].strip()
            start = end
    yield from _read_table(sheet, partial(sheet_rows, text, start, len(text)))


def _csv_rows(text: str) -> Iterator[list[str]]:
    start, delimiter = find_first_row(text)
    csv.field_size_limit(_MAX_FIELD_CHARS)
    yield from csv.reader((line for line, _ in lines_of(text, start)), delimiter=delimiter)


def _read_table(name: str, read_rows: Rows) -> Iterator[DocumentTable]:
    """Yield the table of the rows; nothing if the first row, which names the columns, is empty."""
    width = max(map(len, read_rows()), default=0)
    header = next(read_rows(), [])
    if not any(header):
        return
    columns: list[str] = []
    taken_names: set[str] = set()
    for number in range(width):
        title = header[number].strip() if number < len(header) else ""
        column = title or f"column_{number + 1}"
        if column.casefold() in taken_names:
            column = f"{column}_{number + 1}"
        while column.casefold() in taken_names:
            column += "_"
        taken_names.add(column.casefold())
        columns.append(column)
    rows = islice(read_rows(), 1, None)  # without the header
    yield DocumentTable(name, columns, ([*row, *[""] * (width - len(row))] for row in rows))
