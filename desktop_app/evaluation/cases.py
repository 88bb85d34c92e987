"""Reads the cases of an evaluation from JSON Lines or CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from desktop_app.domain.errors import UserFacingError
from desktop_app.domain.system_error import quoted_words
from desktop_app.i18n.translation import tr
from desktop_app.tables.checks import KINDS, OPTIONS, check_of
from desktop_app.tables.table import Check

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
    rows = _csv_rows(text) if name.lower().endswith(".csv") else _json_rows(text)
    return cases_of_rows(rows)


def cases_of_rows(rows: Iterable[tuple[int, Any]]) -> list[Case]:
    """Return the cases in rows with their line numbers. A case without an id gets its number.

    Raises:
        ValueError: with a sentence that names the line and the reason.
    """
    cases: dict[str, Case] = {}
    for line, row in rows:
        try:
            case = _case_of(row)
            case = case if case.id else replace(case, id=str(len(cases) + 1))
            if case.id in cases:
                raise ValueError(tr("two cases have the id “{id}”", id=case.id))
        except (ValueError, UserFacingError) as error:
            raise _located(line, error) from error
        cases[case.id] = case
    if not cases:
        raise ValueError(tr("there are no cases in this file"))
    return [*cases.values()]


def _not_promptfoo() -> str:
    return tr("promptfoo’s files are not read; each line needs “input” and checks")


def _located(line: int, error: Exception) -> ValueError:
    words = quoted_words(error)
    return ValueError(tr("line {number}: {words}", number=line, words=words))


def _json_rows(text: str) -> Iterable[tuple[int, Any]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except json.JSONDecodeError as error:
                words = tr("it isn’t valid JSON at character {column}", column=error.pos + 1)
                raise _located(number, ValueError(words)) from error
            except (ValueError, RecursionError) as error:  # such as a number of 5,000 digits
                raise _located(number, error) from error


def _csv_rows(text: str) -> Iterable[tuple[int, Any]]:
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))  # a case may have a long text
    # Spreadsheets write ";" in countries whose decimal sign is the comma.
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    # Strict: an open quotation mark would hide the cases that follow it.
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            filled = {column: cell for column, cell in row.items() if cell}
            if not filled:  # spreadsheets write rows of empty cells
                continue
            try:
                yield reader.line_num, _from_cells(filled)
            except ValueError as error:
                raise _located(reader.line_num, error) from error
    except csv.Error as error:
        raise ValueError(tr("the quotation marks don’t match")) from error


def _from_cells(row: dict[str | None, Any]) -> dict[str | None, Any]:
    """Return the row of a CSV file as a row of JSON: several files are separated by ";"."""
    if None in row:
        raise ValueError(tr("more cells than columns"))
    if "files" in row:
        row["files"] = [name.strip() for name in row["files"].split(";") if name.strip()]
    for name in ("schema", *OPTIONS):
        if name in row:
            row[name] = json.loads(row[name].lower() if name in OPTIONS else row[name])
    return row


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
