"""Runs untrusted code for tools; the main module of a child process.

It confines itself before it reads its one job from standard input: no network, no files but those
that Python needs, limited memory and processor time. Its answer, one JSON object on standard
output, is as untrusted as the job.

    {"kind": "query", "documents": [{"name", "media_type", "text"} …], "sql"}
    {"kind": "python", "code"}

The answers are {"result"} or {"error"}.
"""

from __future__ import annotations

import ast
import csv
import ctypes
import io
import json
import re
import signal
import sqlite3
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Any, Final

from desktop_app import sandbox
from desktop_app.domain.documents.table_text import CSV_TYPES, find_first_row, lines_of, sheet_rows

MEMORY_BYTES: Final = 512 << 20
CPU_S: Final = 60
"""Seconds of processor time. A table of 50 MB takes 10 s."""
_MAX_FIELD_CHARS: Final = 0x7FFFFFFF
"""The largest limit that the csv module takes on every system."""

Rows = Callable[[], Iterator[list[str]]]
"""Reads the rows again at each call: a large table does not fit into the process's memory."""
MAX_ROWS: Final = 500
MAX_CELL_CHARS: Final = 1000
MAX_OUTPUT_CHARS: Final = 198_000
"""The longest output, in characters. It leaves room for remarks in the result of a tool call."""
_NUMBER_START_CHARS: Final = frozenset("-.0123456789")
_NUMBER_END_CHARS: Final = frozenset("%0123456789")
_FORMATTED_NUMBER: Final = re.compile(r"-?\d[\d.]*(?:,\d[\d,.]*%?|%)")
_NUMBER_WITH_UNIT: Final = re.compile(
    r"-?(?:[$€£¥₹] ?\d[\d.,]*|\d[\d.,]* ?(?:[$€£¥₹°]|[A-Za-zµ]{1,4}[²³]?))"
)
_MAX_UNIT_CHARS: Final = 24  # of a number with its unit
MAX_NAMED_COLUMNS: Final = 20
_CODE_FILE: Final = "<tool>"
_MAX_FRAMES: Final = 3
_PR_SET_PDEATHSIG: Final = 1
"""From linux/prctl.h: on other systems, `missing_sandbox` refuses the tools of this process."""


class _BoundedText(io.StringIO):
    """A text stream that keeps MAX_OUTPUT_CHARS characters and counts the rest."""

    left_out = 0

    def write(self, text: str) -> int:
        room = max(0, MAX_OUTPUT_CHARS - self.tell())
        super().write(text[:room])
        self.left_out += max(0, len(text) - room)
        return len(text)


def main() -> int:
    """Run the job."""
    import resource  # Windows has none

    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    # The kernel kills this process when its parent, which limits its time, ends.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    sandbox.confine(sandbox.Policy(memory_bytes=MEMORY_BYTES))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    job = json.load(sys.stdin)
    output = sys.stdout
    if job["kind"] == "query":
        answer = run_query(job["documents"], job["sql"])
    else:
        answer = run_python(job["code"])
    json.dump(answer, output)
    output.flush()
    return 0


def run_query(documents: Iterable[Mapping[str, str]], sql: str) -> dict[str, str]:
    """Run one SQL statement that only reads, over the tables of documents, in memory.

    Return {"result"} or {"error"}.
    """
    with closing(sqlite3.connect(":memory:")) as connection:
        return _query_documents(connection, documents, sql)


def _query_documents(
    connection: sqlite3.Connection, documents: Iterable[Mapping[str, str]], sql: str
) -> dict[str, str]:
    connection.execute("PRAGMA temp_store = MEMORY")  # large sorts would need a file
    query_errors = (sqlite3.Error, sqlite3.Warning, csv.Error, MemoryError, UnicodeError)
    notes: list[str] = []
    taken_names: set[str] = set()
    try:
        for document in documents:
            for table in tables_of(document["name"], document["media_type"], document["text"]):
                notes += _add_table(connection, _with_unique_name(table, taken_names))
        if not taken_names:
            return {"error": "No table is attached to this conversation."}
        connection.commit()
        connection.set_authorizer(_allow_reading)
        cursor = connection.execute(sql)
        names = [column[0] for column in cursor.description or ()]
        rows = cursor.fetchmany(MAX_ROWS + 1)
    except query_errors as error:
        reason = str(error)[:MAX_CELL_CHARS] or type(error).__name__
        return {"error": "\n".join([reason, *notes])}
    header = " | ".join(names)[: MAX_OUTPUT_CHARS // 2]
    lines: list[str] = []
    room = MAX_OUTPUT_CHARS - len(header)
    for row in rows[:MAX_ROWS]:
        line = " | ".join(map(_cell_text, row))
        length = len(line) + 1  # with the line feed before it
        if length > room and lines:
            break
        lines.append(line[: room - 1])
        room -= length
    if len(lines) < len(rows):
        notes.insert(0, f"(only the first {len(lines)} rows)")
    return {"result": "\n".join([header, *lines, *notes])}


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


def _with_unique_name(table: DocumentTable, taken_names: set[str]) -> DocumentTable:
    """Return the table with a unique name: two files may have sheets of the same name."""
    name = table.name.replace("\0", "")
    if name.casefold().startswith("sqlite_"):  # reserved
        name = f"_{name}"
    while name.casefold() in taken_names:
        name += "_"
    taken_names.add(name.casefold())
    return replace(table, name=name)


def _add_table(connection: Any, table: DocumentTable) -> Iterator[str]:
    """Add a table; yield remarks on it for the model."""
    columns = ", ".join(_quote_name(name) for name in table.columns)
    name = _quote_name(table.name)
    placeholders = ", ".join("?" * len(table.columns))
    try:
        connection.execute(f"CREATE TABLE {name} ({columns})")
    except sqlite3.Error as error:
        yield f"(The table {table.name} could not be read: {error})"
        return
    examples: dict[str, str] = {}  # by column: a number that stays a text

    def convert_rows() -> Iterator[list[str | int | float | None]]:
        for row in table.rows:
            cells = [_cell_value(cell) for cell in row]
            for column, value in zip(table.columns, cells, strict=True):
                if (
                    isinstance(value, str)
                    and column not in examples
                    and _is_formatted_number(value)
                ):
                    examples[column] = value
            yield cells

    connection.executemany(f"INSERT INTO {name} VALUES ({placeholders})", convert_rows())  # noqa: S608 — quoted
    if examples:
        names = ", ".join(
            f"{column} (as {examples[column]})" for column in [*examples][:MAX_NAMED_COLUMNS]
        )
        yield f"(Numbers that are texts in the table {table.name}; convert them first: {names})"


def _is_formatted_number(value: str) -> bool:
    """Return True for numbers such as 1.234,56, 15% and $5, which SQL would truncate or ignore."""
    if value[-1] in _NUMBER_END_CHARS and _FORMATTED_NUMBER.fullmatch(value):
        return True
    return len(value) <= _MAX_UNIT_CHARS and _NUMBER_WITH_UNIT.fullmatch(value) is not None


def _quote_name(name: str) -> str:
    return '"' + name.replace('"', '""').replace("\0", "") + '"'


def _cell_value(cell: str) -> str | int | float | None:
    """Return the number in a cell, its text, or None if it is empty.

    A number that would lose precision or a leading zero stays a text.
    """
    if not cell:
        return None
    if cell[0] not in _NUMBER_START_CHARS:  # a million failed conversions take seconds
        return cell
    for number_type in (int, float):
        try:
            number = number_type(cell)
        except (ValueError, OverflowError):
            continue
        if str(number) == cell and -(2**63) <= number < 2**63:
            return number
    try:
        decimal = float(cell)
    except ValueError:
        return cell
    is_plain = cell.replace("-", "").replace(".", "").isdigit()
    is_exact = len(cell) <= 15  # a float represents every decimal number of up to 15 digits
    digits = cell.lstrip("-")
    has_leading_zero = len(digits) > 1 and digits[0] == "0" and digits[1] != "."
    return decimal if is_plain and is_exact and not has_leading_zero else cell


def _allow_reading(action: int, *_: object) -> int:
    allowed_actions = (
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_FUNCTION,
        sqlite3.SQLITE_RECURSIVE,
    )
    return sqlite3.SQLITE_OK if action in allowed_actions else sqlite3.SQLITE_DENY


def _cell_text(value: object) -> str:
    """Return a value on one line; "" for NULL.

    A value of more than MAX_CELL_CHARS characters is cut, with a remark.
    """
    text = "" if value is None else str(value)
    left_out = len(text) - MAX_CELL_CHARS
    remark = f"[Cut here: {left_out} characters more.]" if left_out > 0 else ""
    return "\\n".join(text[:MAX_CELL_CHARS].splitlines()) + remark


def run_python(code: str) -> dict[str, str]:
    """Run Python code. Return {"result"}: its output, and the value of a last expression.

    An exception of the code is part of the output.
    """
    output = _BoundedText()
    with redirect_stdout(output), redirect_stderr(output):
        try:
            tree = ast.parse(code, _CODE_FILE)
            names = {"__name__": "__main__"}
            last_statement = tree.body[-1] if tree.body else None
            if isinstance(last_statement, ast.Expr):
                tree.body.pop()
            exec(compile(tree, _CODE_FILE, "exec"), names)  # noqa: S102 — confined
            if isinstance(last_statement, ast.Expr):
                last_expression = ast.Expression(last_statement.value)
                value = eval(compile(last_expression, _CODE_FILE, "eval"), names)  # noqa: S307
                if value is not None:
                    print(repr(value))  # noqa: T201 — small models often forget to print
        except BaseException as error:  # noqa: BLE001 — the code is the model's
            is_exit = isinstance(error, SystemExit) and not error.code
            if not is_exit:
                # Only the last frames of the model's code.
                own_frame = error.__traceback__
                frames = own_frame.tb_next if own_frame is not None else None
                lines = traceback.format_exception(type(error), error, frames, limit=-_MAX_FRAMES)
                print("".join(lines), end="")  # noqa: T201
    cut_note = f"\n[Cut here: {output.left_out} characters more.]" if output.left_out else ""
    return {"result": output.getvalue() + cut_note}
