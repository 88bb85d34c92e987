"""Reads the cases of an evaluation: our own JSON lines or CSV, promptfoo's and OpenAI's formats.

promptfoo: a JSON configuration with `prompts` and `tests`, tests as JSON lines, or a CSV with
`__expected` columns. OpenAI evals: JSON lines with `input` (messages) and `ideal`.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

from desktop_app.domain.evaluation.evaluation_case import (
    Check,
    CheckKind,
    EvaluationCase,
    check_from_json,
)

_VARIABLE: Final = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_INPUT_NAMES: Final = ("input", "prompt", "question", "query", "text")
_CSV_CHECKS: Final = ("contains", "regex", "equals", "rubric")
_Row = Mapping[str, Any]


def read_cases(text: str, name: str) -> list[EvaluationCase]:
    """Return the cases in the text of a file.

    Raises:
        ValueError: with the line and the reason.
    """
    try:
        return _with_ids(_cases_in(text, name.lower()))
    except (csv.Error, RecursionError) as error:
        raise ValueError(str(error)) from error


def _cases_in(text: str, lowered: str) -> list[EvaluationCase]:
    if lowered.endswith(".csv"):
        rows: Iterable[tuple[str, _Row]] = _csv_rows(text)
        return [_case(_of_csv, where, row) for where, row in rows]
    elif lowered.endswith(".json"):
        return _whole_json(text)
    return [_case(_of_json, where, row) for where, row in _json_lines(text)]


def _case(read: Callable[[_Row], EvaluationCase], where: str, row: _Row) -> EvaluationCase:
    try:
        return read(row)
    except (ValueError, KeyError, TypeError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise ValueError(f"{where}: {reason}") from error


def _json_lines(text: str) -> Iterator[tuple[str, _Row]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from error
        if not isinstance(row, dict):
            raise ValueError(f"line {number}: a case is not an object")
        yield f"line {number}", row


def _csv_rows(text: str) -> Iterator[tuple[str, _Row]]:
    reader = csv.DictReader(io.StringIO(text, newline=""))
    for row in reader:
        if None in row:
            raise ValueError(f"line {reader.line_num}: more cells than columns")
        yield f"line {reader.line_num}", {key: value or "" for key, value in row.items()}


def _whole_json(text: str) -> list[EvaluationCase]:
    value = json.loads(text)
    if isinstance(value, list):
        return [_case(_of_json, f"case {n}", row) for n, row in enumerate(value, start=1)]
    if not isinstance(value, dict) or not isinstance(value.get("tests"), list):
        raise ValueError("there are no cases in this file")
    prompts = value.get("prompts") or ["{{input}}"]
    if not all(isinstance(prompt, str) for prompt in prompts):
        raise ValueError("only prompts that are texts are supported")
    return [
        _case(partial(_of_promptfoo, prompt=prompt), f"test {number}", row)
        for number, row in enumerate(value["tests"], start=1)
        for prompt in prompts
    ]


def _of_json(row: _Row) -> EvaluationCase:
    if "vars" in row:
        return _of_promptfoo(row)
    if isinstance(row.get("input"), list):
        return _of_openai(row)
    checks = row.get("checks", [])
    if not isinstance(row["input"], str) or not isinstance(checks, list):
        raise ValueError("“input” is not a text, or “checks” not a list")
    files = row.get("files") or []
    if not isinstance(files, list) or not all(isinstance(file, str) for file in files):
        raise ValueError("“files” is not a list of paths")
    ideal = row.get("ideal")
    more = () if ideal is None else (_ideal(ideal),)
    return EvaluationCase(
        str(row.get("id", "")),
        row["input"],
        tuple(files),
        (*(check_from_json(check) for check in checks), *more),
    )


# ---------------------------------------------------------------- OpenAI evals


def _of_openai(row: _Row) -> EvaluationCase:
    """Return a sample: `input` has messages, of which the last is the question."""
    messages = [(str(m["role"]), m["content"]) for m in row["input"]]
    if not messages or not all(isinstance(text, str) for _, text in messages):
        raise ValueError("“input” is not a list of messages")
    instructions = [text for role, text in messages if role in ("system", "developer")]
    turns = [(role, text) for role, text in messages if role not in ("system", "developer")]
    roles = [role for role, _ in turns]
    if (
        not turns
        or roles != (["user", "assistant"] * len(turns))[: len(turns)]
        or not (len(turns) % 2)
    ):
        raise ValueError("the messages do not take turns, ending with the user")
    examples = tuple((turns[n][1], turns[n + 1][1]) for n in range(0, len(turns) - 1, 2))
    return EvaluationCase(
        str(row.get("id", "")),
        turns[-1][1],
        checks=(_ideal(row["ideal"]),) if "ideal" in row else (),
        instructions="\n\n".join(instructions) or None,
        examples=examples,
    )


def _ideal(value: object) -> Check:
    """Return the check for an ideal answer: as OpenAI's “Match”, the answer begins with it."""
    texts = value if isinstance(value, list) else [value]
    return check_from_json({"starts_with_any": texts})


# ---------------------------------------------------------------- promptfoo


def _of_promptfoo(row: _Row, prompt: str = "") -> EvaluationCase:
    variables = row.get("vars") or {}
    if prompt:
        question = _VARIABLE.sub(lambda found: str(variables[found[1]]), prompt)
    else:
        name = next((name for name in _INPUT_NAMES if name in variables), None)
        if name is None and len(variables) != 1:
            raise ValueError("“vars” has no “input”")
        question = str(variables[name] if name else next(iter(variables.values())))
    checks = [_assertion(each) for each in row.get("assert") or []]
    return EvaluationCase(str(row.get("description", "")), question, checks=tuple(checks))


def _assertion(row: _Row) -> Check:
    kind, value = row.get("type"), row.get("value")
    texts = value if isinstance(value, list) else [value]
    match kind:
        case "contains" | "equals" | "regex":
            return check_from_json({kind: value})
        case "icontains":
            return check_from_json({"contains": value, "ignore_case": True})
        case "contains-any":
            return check_from_json({"contains_any": texts})
        case "icontains-any":
            return check_from_json({"contains_any": texts, "ignore_case": True})
        case "starts-with":
            return check_from_json({"starts_with_any": [value]})
        case "is-json":
            return check_from_json({"schema": True if value is None else value})
        case "llm-rubric":
            return check_from_json({"rubric": value})
    raise ValueError(f"the assertion “{kind}” is not supported")


# ---------------------------------------------------------------- CSV


def _of_csv(row: _Row) -> EvaluationCase:
    name = next((name for name in _INPUT_NAMES if name in row), None)
    if name is None:
        raise ValueError("there is no column “input”")
    checks = [check_from_json({kind: row[kind]}) for kind in _CSV_CHECKS if row.get(kind)]
    if row.get("number"):
        within = float(row.get("within") or 0)
        checks.append(check_from_json({"number": float(row["number"]), "within": within}))
    if row.get("schema"):
        checks.append(check_from_json({"schema": json.loads(row["schema"])}))
    checks += [
        _expected(value)
        for column, value in row.items()
        if column.startswith("__expected") and value
    ]
    files = tuple(file.strip() for file in row.get("files", "").split(";") if file.strip())
    return EvaluationCase(row.get("id", ""), row[name], files, tuple(checks))


def _expected(text: str) -> Check:
    """Return the check of a cell `__expected`, as `contains: Paris`; a bare text is equal."""
    kind, colon, value = text.partition(":")
    if not colon or kind not in ("contains", "icontains", "equals", "regex", "llm-rubric"):
        return Check(CheckKind.EQUALS, text)
    return _assertion({"type": kind, "value": value.strip()})


def _with_ids(cases: list[EvaluationCase]) -> list[EvaluationCase]:
    """Give cases without an id their number, and refuse two of the same id."""
    named = [
        case if case.id else replace(case, id=str(number))
        for number, case in enumerate(cases, start=1)
    ]
    seen: set[str] = set()
    for case in named:
        if case.id in seen:
            raise ValueError(f"two cases have the id “{case.id}”")
        seen.add(case.id)
    if not named:
        raise ValueError("there are no cases in this file")
    return named
