"""Tables in the text of attached CSV files and spreadsheets."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

MOST_CELLS: Final = 2_000_000
_CSV: Final = ("text/csv", "text/tab-separated-values")
_RULE: Final = re.compile(r"\|(?: *:?-+:? *\|)+")
_CELLS: Final = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True)
class DocumentTable:
    """A table of texts.

    Attributes:
        left_out: the number of rows beyond MOST_CELLS.
    """

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    left_out: int = 0


def tables_of(name: str, media_type: str, text: str) -> Iterator[DocumentTable]:
    """Yield the tables of a document.

    Args:
        text: as it was extracted; of spreadsheets it has a Markdown table for each sheet.
    """
    stem = name.rsplit(".", 1)[0]
    if media_type in _CSV or name.lower().endswith((".csv", ".tsv")):
        yield from _table(stem, list(_csv_rows(text)))
        return
    sheet, rows = stem, []
    for line in text.split("\n"):
        if line.startswith("|"):
            if not _RULE.fullmatch(line.strip()):
                cells = _CELLS.split(line.strip()[1:-1])
                rows.append([cell.strip().replace("\\|", "|") for cell in cells])
            continue
        if line.startswith("## "):
            yield from _table(sheet, rows)
            sheet, rows = line[3:].strip(), []
    yield from _table(sheet, rows)


def _csv_rows(text: str) -> Iterator[list[str]]:
    first = text.partition("\n")[0]
    delimiter = max(";\t,|", key=first.count)
    csv.field_size_limit(1 << 20)
    yield from csv.reader(text.splitlines(keepends=True), delimiter=delimiter)


def _table(name: str, rows: Sequence[Sequence[str]]) -> Iterator[DocumentTable]:
    if not rows or not any(rows[0]):
        return
    width = max(map(len, rows))
    columns: list[str] = []
    for number in range(width):
        given = rows[0][number].strip() if number < len(rows[0]) else ""
        column = given or f"column_{number + 1}"
        while column.casefold() in (known.casefold() for known in columns):
            column += "_"
        columns.append(column)
    most = max(1, MOST_CELLS // width)
    filled = [[*row, *[""] * (width - len(row))] for row in rows[1 : most + 1]]
    yield DocumentTable(name, columns, filled, len(rows) - 1 - len(filled))
