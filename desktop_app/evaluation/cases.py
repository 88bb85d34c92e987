"""Reads the cases of an evaluation from JSON Lines or CSV."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from desktop_app.domain.errors import UserFacingError
from desktop_app.i18n.translation import tr
from desktop_app.tables.checks import KINDS, OPTIONS, check_of
from desktop_app.tables.table import Check
from desktop_app.tables.table_source import Line, csv_lines, json_lines, located

_FIELDS: Final = ("id", "input", "files", "checks", *KINDS, *OPTIONS)


@dataclass(frozen=True)
class Case:
    """A question, the names of its attached files, and the checks of its answer."""

    id: str
    input: str
    files: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()


def read_cases(text: str, name: str) -> list[Case]:
    """Return the cases in a file, whose name's ending decides the format.

    Raises:
        ValueError: with a sentence that names the line and the reason.
    """
    if name.lower().endswith((".yaml", ".yml")):
        raise ValueError(_not_promptfoo())
    is_csv = name.lower().endswith(".csv")
    lines = io.StringIO(text, newline="" if is_csv else "\n")
    return cases_of_rows(map(_from_cells, csv_lines(lines)) if is_csv else json_lines(lines))


def cases_of_rows(lines: Iterable[Line]) -> list[Case]:
    """Return the cases in the lines of a file. A case without an id gets its number.

    Raises:
        ValueError: with a sentence that names the line and the reason.
    """
    cases: dict[str, Case] = {}
    for line, row in lines:
        try:
            case = _case_of(row)
            case = case if case.id else replace(case, id=str(len(cases) + 1))
            if case.id in cases:
                raise ValueError(tr("two cases have the id “{id}”", id=case.id))
        except (ValueError, UserFacingError) as error:
            raise located(line, error) from error
        cases[case.id] = case
    if not cases:
        raise ValueError(tr("there are no cases in this file"))
    return [*cases.values()]


def _not_promptfoo() -> str:
    return tr("promptfoo’s files are not read; each line needs “input” and checks")


def _from_cells(line: Line) -> Line:
    """Return a line of a CSV file as one of JSON: several files are separated by ";"."""
    row = {column: cell for column, cell in line.values.items() if cell}
    if "files" in row:
        row["files"] = [name.strip() for name in row["files"].split(";") if name.strip()]
    try:
        for name in ("schema", *OPTIONS):
            if name in row:
                row[name] = json.loads(row[name].lower() if name in OPTIONS else row[name])
    except (ValueError, RecursionError) as error:
        raise located(line.number, error) from error
    return Line(line.number, row)


def _case_of(row: Any) -> Case:
    """Return the case of a row. A check may also be a field of the row, as in CSV files."""
    if not isinstance(row, Mapping):
        raise ValueError(tr("a case is not an object"))
    if "prompts" in row:
        raise ValueError(_not_promptfoo())
    for name in row:
        # If such a field were ignored, every response would pass.
        if name not in _FIELDS:
            raise ValueError(tr("there is no check “{name}”", name=name))
    question, files, rows = row.get("input", ""), row.get("files", []), row.get("checks", [])
    if not isinstance(question, str) or not isinstance(rows, list):
        raise ValueError(tr("“input” is not a text, or “checks” not a list"))
    if not isinstance(files, list) or not all(isinstance(name, str) for name in files):
        raise ValueError(tr("“files” is not a list of paths"))
    if not question.strip() and not files:
        raise ValueError(tr("“input” is missing"))
    options = {name: row[name] for name in OPTIONS if name in row}
    named = [{kind: row[kind], **options} for kind in KINDS if kind in row]
    checks = tuple(check_of(check) for check in (*rows, *named))
    identity = "" if row.get("id") is None else str(row["id"])
    return Case(identity, question, tuple(files), checks)
