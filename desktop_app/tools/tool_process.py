"""Runs untrusted code for tools; the main module of a child process.

It confines itself before it reads its one job from standard input: no network, no files but those
that Python needs, limited memory and processor time. Its answer, one JSON object on standard
output, is as untrusted as the job.

    {"kind": "query", "tables": [{"name", "columns", "rows"} …], "sql"} → {"result"} or {"error"}
    {"kind": "python", "code"}                                          → {"result"} or {"error"}
"""

from __future__ import annotations

import io
import json
import signal
import sys
from contextlib import redirect_stderr, redirect_stdout
from typing import Any, Final

from desktop_app import sandbox

MEMORY_BYTES: Final = 512 << 20
CPU_S: Final = 20
MOST_ROWS: Final = 500
LONGEST_CELL: Final = 1000
LONGEST_OUTPUT: Final = 200_000
"""Characters."""


class _BoundedText(io.StringIO):
    """A text that takes LONGEST_OUTPUT characters and drops the rest."""

    def write(self, text: str) -> int:
        super().write(text[: max(0, LONGEST_OUTPUT - self.tell())])
        return len(text)


def main() -> int:
    """Run the job."""
    _limit_time()
    sandbox.confine(sandbox.Policy(memory_bytes=MEMORY_BYTES))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    job = json.load(sys.stdin)
    output = sys.stdout
    answer = query(job["tables"], job["sql"]) if job["kind"] == "query" else python(job["code"])
    json.dump(answer, output)
    output.flush()
    return 0


def _limit_time() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))


def query(tables: list[dict[str, Any]], sql: str) -> dict[str, str]:
    """Run one reading statement over tables in memory."""
    import sqlite3

    connection = sqlite3.connect(":memory:")
    try:
        for table in tables:
            _fill(connection, table)
        connection.set_authorizer(_allow_reading)
        cursor = connection.execute(sql)
        names = [column[0] for column in cursor.description or ()]
        rows = cursor.fetchmany(MOST_ROWS + 1)
    except (sqlite3.Error, sqlite3.Warning, MemoryError) as error:
        return {"error": str(error)[:LONGEST_CELL] or type(error).__name__}
    lines = [" | ".join(names), *(" | ".join(map(_cell, row)) for row in rows[:MOST_ROWS])]
    if len(rows) > MOST_ROWS:
        lines.append(f"(only the first {MOST_ROWS} rows)")
    return {"result": "\n".join(lines)[:LONGEST_OUTPUT]}


def _fill(connection: Any, table: dict[str, Any]) -> None:
    columns = ", ".join(_quoted(name) for name in table["columns"])
    name, marks = _quoted(table["name"]), ", ".join("?" * len(table["columns"]))
    connection.execute(f"CREATE TABLE {name} ({columns})")
    rows = ([_value(cell) for cell in row] for row in table["rows"])
    connection.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)  # noqa: S608 — quoted


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""').replace("\0", "") + '"'


def _value(cell: str) -> str | int | float | None:
    """Return a number if the cell is written as one, without losing a digit or a leading zero."""
    if not cell:
        return None
    for kind in (int, float):
        try:
            number = kind(cell)
        except (ValueError, OverflowError):
            continue
        if str(number) == cell and -(2**63) <= number < 2**63:
            return number
    try:
        decimal = float(cell)
    except ValueError:
        return cell
    is_plain = cell.replace("-", "", 1).replace(".", "", 1).isdigit() and cell[:2] != "00"
    return decimal if is_plain and len(cell) <= 15 and not _is_padded(cell) else cell


def _is_padded(cell: str) -> bool:
    digits = cell.lstrip("-")
    return len(digits) > 1 and digits[0] == "0" and digits[1] != "."


def _allow_reading(action: int, *_: object) -> int:
    import sqlite3

    allowed = (
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_FUNCTION,
        sqlite3.SQLITE_RECURSIVE,
    )
    return sqlite3.SQLITE_OK if action in allowed else sqlite3.SQLITE_DENY


def _cell(value: object) -> str:
    return "" if value is None else str(value)[:LONGEST_CELL]


def python(code: str) -> dict[str, str]:
    """Run Python code and return what it prints. Any exception of the code is an answer."""
    import traceback

    printed = _BoundedText()
    with redirect_stdout(printed), redirect_stderr(printed):
        try:
            exec(compile(code, "<tool>", "exec"), {"__name__": "__main__"})  # noqa: S102 — confined
        except BaseException:  # noqa: BLE001 — the code is the model's: SystemExit, too, is an answer
            traceback.print_exc(limit=-3)
    return {"result": printed.getvalue()}
