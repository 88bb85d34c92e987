"""Reads the cases of an evaluation: our own JSON or CSV, promptfoo's and OpenAI's formats.

OpenAI's evals are lines of JSON with `input` (messages) and `ideal`; see `promptfoo.py`, too.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any, Final, TypeVar

from desktop_app.domain.evaluation.case_error import (
    CaseError,
    CaseFault,
    CasePlace,
    PlaceKind,
    located_error,
)
from desktop_app.domain.evaluation.evaluation_case import (
    Check,
    CheckKind,
    EvaluationCase,
    check_from_json,
)
from desktop_app.exchange.evaluation import promptfoo
from desktop_app.exchange.evaluation.promptfoo import (
    INPUT_NAMES,
    ReadSibling,
    TemplateFiller,
    refuse_siblings,
)

MAX_CASES: Final = 50_000
_EXAMPLES: Final = {"example_user": "user", "example_assistant": "assistant"}
"""The roles of example turns: system messages with one of these names."""
_VALUE_ENDINGS: Final = (".json", ".yaml", ".yml")
"""Endings of files with a single value."""
_CHECK_OPTIONS: Final = ("within", "ignore_case", "not")
_CSV_CHECKS: Final = ("contains", "regex", "equals", "rubric")
_Row = Mapping[str, Any]
T = TypeVar("T")


def read_cases(
    text: str, name: str, read_sibling: ReadSibling = refuse_siblings
) -> list[EvaluationCase]:
    """Return the cases in the text of a file.

    Args:
        read_sibling: returns the text of another file that this file names.

    Raises:
        ValueError: with the place and the reason.
    """
    if text.startswith("version https://git-lfs"):
        raise CaseError(CaseFault.GIT_LFS_POINTER)
    try:
        cases = list(islice(_parse_cases(text, name.lower(), read_sibling), MAX_CASES + 1))
    except csv.Error as error:
        raise CaseError(CaseFault.QUOTES_UNMATCHED) from error
    except RecursionError as error:
        raise ValueError(str(error)) from error
    if len(cases) > MAX_CASES:
        raise CaseError(CaseFault.TOO_MANY_CASES, limit=MAX_CASES)
    return _with_ids(cases)


def _parse_cases(text: str, name: str, read_sibling: ReadSibling) -> Iterator[EvaluationCase]:
    """Yield the cases of a file, whose name's ending decides the format; JSONL if it is unknown."""
    filler = TemplateFiller()
    if name.endswith(".csv"):
        decimal_sign = "," if _csv_delimiter(text) == ";" else "."
        read_row = partial(_case_of_csv, decimal_sign=decimal_sign, filler=filler)
        return (_read_at(place, read_row, row) for place, row in _read_csv_rows(text))
    if name.endswith(_VALUE_ENDINGS):
        return _cases_of_value(_parse_value(name, text), read_sibling, filler)
    return _cases_of_rows(_read_json_lines(text), filler)


def _parse_value(name: str, text: str) -> Any:
    return json.loads(text) if name.endswith(".json") else promptfoo.parse_yaml(text)


def _cases_of_rows(
    rows: Iterable[tuple[CasePlace, _Row]], filler: TemplateFiller
) -> Iterator[EvaluationCase]:
    read_row = partial(_cases_of_json, filler=filler)
    return (case for place, row in rows for case in _read_at(place, read_row, row))


def _read_at(place: CasePlace, read_row: Callable[[_Row], T], row: _Row) -> T:
    """Return the result of `read_row`, whose errors get the place of the row."""
    try:
        return read_row(row)
    except KeyError as error:
        missing = CaseError(CaseFault.FIELD_MISSING, name=str(error.args[0]))
        raise located_error(place, missing) from error
    except (ValueError, TypeError) as error:
        raise located_error(place, error) from error


def _read_json_lines(text: str) -> Iterator[tuple[CasePlace, _Row]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        place = CasePlace(PlaceKind.LINE, number)
        try:
            row = json.loads(line)
        except ValueError as error:  # also a number with too many digits for Python
            raise located_error(place, error) from error
        yield place, row


def _csv_delimiter(text: str) -> str:
    """Return the sign between cells. Spreadsheets write ";" if the comma is the decimal sign."""
    return max(",;\t", key=text.partition("\n")[0].count)


def _read_csv_rows(text: str) -> Iterator[tuple[CasePlace, _Row]]:
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))  # a case may have a long text
    # Strict: an open quotation mark would hide the cases that follow it.
    lines = io.StringIO(text, newline="")
    reader = csv.DictReader(lines, delimiter=_csv_delimiter(text), strict=True)
    for row in reader:
        place = CasePlace(PlaceKind.LINE, reader.line_num)
        if None in row:
            raise located_error(place, CaseError(CaseFault.TOO_MANY_CELLS))
        if any(row.values()):  # spreadsheets write rows of empty cells
            yield place, {key: value or "" for key, value in row.items()}


def _cases_of_value(
    value: object, read_sibling: ReadSibling, filler: TemplateFiller
) -> Iterator[EvaluationCase]:
    if isinstance(value, dict) and promptfoo.is_configuration(value):
        if "scenarios" in value:
            raise CaseError(CaseFault.SCENARIOS_UNSUPPORTED)
        tests = _read_tests(value.get("tests"), read_sibling)
        return promptfoo.cases_in(value, tests, read_sibling, filler)
    if not isinstance(value, list):
        raise CaseError(CaseFault.NO_CASES)
    if value and all(isinstance(row, dict) and "input" not in row for row in value):
        return promptfoo.cases_in({}, value, read_sibling, filler)
    rows = ((CasePlace(PlaceKind.CASE, number), row) for number, row in enumerate(value, 1))
    return _cases_of_rows(rows, filler)


def _read_tests(value: object, read_sibling: ReadSibling) -> Iterator[_Row]:
    """Yield the tests of a configuration and of the files that it names."""
    for entry in value if isinstance(value, list) else [value]:
        if isinstance(entry, dict):
            yield entry
        elif isinstance(entry, str):
            name = entry.removeprefix("file://")
            yield from _parse_tests(name, read_sibling(name))
        else:
            raise CaseError(CaseFault.TESTS_NOT_A_LIST)


def _parse_tests(name: str, text: str) -> Iterator[_Row]:
    lower_name = name.lower()
    if lower_name.endswith(".csv"):
        yield from (promptfoo.csv_test(row) for _, row in _read_csv_rows(text))
    elif lower_name.endswith(_VALUE_ENDINGS):
        value = _parse_value(lower_name, text)
        yield from value if isinstance(value, list) else [value]
    elif lower_name.endswith(".jsonl"):
        yield from (row for _, row in _read_json_lines(text))
    else:
        raise CaseError(CaseFault.NOT_A_FILE_OF_TESTS, name=name)


def _cases_of_json(row: _Row, filler: TemplateFiller) -> list[EvaluationCase]:
    """Return the case of a row, or all cases of a promptfoo test, whose variables may be lists."""
    if not isinstance(row, dict):
        raise CaseError(CaseFault.CASE_NOT_AN_OBJECT)
    if "vars" in row:
        return list(promptfoo.cases_in({}, [row], refuse_siblings, filler))
    if isinstance(row.get("input"), list):
        return [_case_of_openai(row)]
    checks = row.get("checks", [])
    if not isinstance(row["input"], str) or not isinstance(checks, list):
        raise CaseError(CaseFault.CASE_FIELD_WRONG)
    files = row.get("files") or []
    if not isinstance(files, list) or not all(isinstance(file, str) for file in files):
        raise CaseError(CaseFault.FILES_NOT_A_LIST)
    ideal = row.get("ideal")
    ideal_checks = () if ideal is None else (_ideal_check(ideal),)
    # A check may also be a field named like a column of CSV files. If such fields were ignored,
    # every response would pass.
    options = {name: row[name] for name in _CHECK_OPTIONS if name in row}
    named_checks = [{kind: row[kind], **options} for kind in CheckKind if kind in row]
    all_checks = (*(check_from_json(check) for check in (*checks, *named_checks)), *ideal_checks)
    return [EvaluationCase(_id_of(row), row["input"], tuple(files), all_checks)]


def _id_of(row: _Row) -> str:
    return "" if row.get("id") is None else str(row["id"])


# ---------------------------------------------------------------- OpenAI evals


def _case_of_openai(row: _Row) -> EvaluationCase:
    """Return the case of a sample; the last message of its `input` is the question."""
    rows = row["input"]
    if not rows or not all(isinstance(m, dict) and isinstance(m["content"], str) for m in rows):
        raise CaseError(CaseFault.INPUT_NOT_MESSAGES)
    messages = [(_EXAMPLES.get(m.get("name"), str(m["role"])), m["content"]) for m in rows]
    instructions = [text for role, text in messages if role in ("system", "developer")]
    turns = [(role, text) for role, text in messages if role not in ("system", "developer")]
    if not turns:
        turns = [("user", instructions.pop())]  # some evals ask in the system message
    roles = [role for role, _ in turns]
    if len(turns) % 2 == 0 or roles != (["user", "assistant"] * len(turns))[: len(turns)]:
        raise CaseError(CaseFault.MESSAGES_OUT_OF_TURN)
    *texts, question = [text for _, text in turns]
    examples = tuple(zip(texts[::2], texts[1::2], strict=True))
    return EvaluationCase(
        _id_of(row),
        question,
        checks=(_ideal_check(row["ideal"]),) if "ideal" in row else (),
        instructions="\n\n".join(instructions) or None,
        examples=examples,
    )


def _ideal_check(value: object) -> Check:
    """Return the check that the answer begins with an ideal answer, like OpenAI's “Match”."""
    texts = value if isinstance(value, list) else [value]
    return check_from_json({"starts_with_any": texts})


# ---------------------------------------------------------------- CSV


def _case_of_csv(row: _Row, decimal_sign: str, filler: TemplateFiller) -> EvaluationCase:
    name = next((name for name in INPUT_NAMES if name in row), None)
    if name is None:
        raise CaseError(CaseFault.NO_INPUT_COLUMN)
    checks = [check_from_json({kind: row[kind]}) for kind in _CSV_CHECKS if row.get(kind)]
    if row.get("number"):
        names = [name for name in ("number", "within") if row.get(name)]
        checks.append(check_from_json({n: _number_in(row, n, decimal_sign) for n in names}))
    if row.get("schema"):
        checks.append(check_from_json({"schema": json.loads(row["schema"])}))
    test = promptfoo.csv_test(row)
    for cell in test[promptfoo.EXPECTED]:
        checks += promptfoo.expected_checks(cell, test["vars"], filler)
    files = tuple(file.strip() for file in row.get("files", "").split(";") if file.strip())
    return EvaluationCase(row.get("id", ""), row[name], files, tuple(checks))


def _number_in(row: _Row, name: str, decimal_sign: str) -> float:
    try:
        return float(row[name].replace(decimal_sign, "."))
    except ValueError as error:
        raise CaseError(CaseFault.CHECK_VALUE_WRONG, name=name) from error


def _with_ids(cases: list[EvaluationCase]) -> list[EvaluationCase]:
    """Return the cases; one without an id gets its number, with "#" before it if that is taken.

    Raises:
        CaseError: an id is repeated, a case has no input and no files, or there are no cases.
    """
    given_ids = {case.id for case in cases}
    cases_with_ids = []
    for number, case in enumerate(cases, start=1):
        new_id = str(number)
        while new_id in given_ids:
            new_id = f"#{new_id}"
        cases_with_ids.append(case if case.id else replace(case, id=new_id))
    seen_ids: set[str] = set()
    for case in cases_with_ids:
        if case.id in seen_ids:
            raise CaseError(CaseFault.REPEATED_ID, id=case.id)
        seen_ids.add(case.id)
        if not (case.input.strip() or case.files):
            raise CaseError(CaseFault.EMPTY_INPUT, id=case.id)
    if not cases_with_ids:
        raise CaseError(CaseFault.NO_CASES)
    return cases_with_ids
