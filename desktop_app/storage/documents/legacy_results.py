"""Converts the results of evaluations of earlier versions, which stored labels and sentences.

The labels are those that earlier versions wrote: they never change. Sentences of errors were in the
user's language; they stay as errors without a code. A migration calls these functions, and so do
restores and repairs, whose rows may come from an older store.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from desktop_app.domain.conversations.conversation import MessageStatus
from desktop_app.domain.conversations.error_json import error_to_json
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.evaluation.evaluation_case import CheckKind
from desktop_app.domain.evaluation.failed_check import (
    FailedCheck,
    FailureReason,
    failed_check_to_json,
)
from desktop_app.storage.conversations.row_conversion import to_json

_CHECK_LABEL: Final = re.compile(rf"(not )?({'|'.join(CheckKind)}): (.*)", re.DOTALL)
_VALUE_WITHIN: Final = re.compile(r"(.*) within ([0-9.e+-]+)", re.DOTALL)
# A value and a comment in parentheses. Labels show at most 80 characters of a value, then "…".
_VALUE_COMMENT: Final = re.compile(r"(.{80}…|.*?) \((.*)\)", re.DOTALL)
_ERROR_PREFIX: Final = "error: "
_REFUSED_LABEL: Final = "refused"
_TOO_SLOW_SUFFIX: Final = " (too slow)"
_NOT_JUDGED_PREFIX: Final = "not judged: "
_UNUSABLE_PREFIX: Final = "unusable schema: "
_REASON_BY_COMMENT: Final = {
    "not JSON": FailureReason.NOT_JSON,
    "the judge gave no verdict": FailureReason.NO_VERDICT,
}


def replace_result_labels(connection: sqlite3.Connection) -> None:
    """Replace the labels in evaluations, finished or not, by codes."""
    _convert_column(
        connection,
        keys_sql="SELECT id FROM evaluations",
        table="evaluations",
        key="id",
        column="body",
        convert=current_body,
    )
    _convert_column(  # the results of unfinished evaluations
        connection,
        keys_sql="SELECT key FROM part_notes WHERE key LIKE 'evaluation:%' AND text LIKE '{%'",
        table="part_notes",
        key="key",
        column="text",
        convert=_current_note,
    )


def _convert_column(
    connection: sqlite3.Connection,
    *,
    keys_sql: str,
    table: str,
    key: str,
    column: str,
    convert: Callable[[str], str],
) -> None:
    # The texts are read one at a time, because each may have all answers of an evaluation.
    for row in connection.execute(keys_sql).fetchall():
        sql = f"SELECT {column} FROM {table} WHERE {key} = ?"  # noqa: S608
        (text,) = connection.execute(sql, (row[0],)).fetchone()
        if (converted := convert(text)) != text:
            sql = f"UPDATE {table} SET {column} = ? WHERE {key} = ?"  # noqa: S608
            connection.execute(sql, (converted, row[0]))


def current_body(text: str) -> str:
    """Return the body of an evaluation as this version writes it; a damaged one is unchanged."""

    def convert(body: Any) -> Any:
        runs = [
            {**run, "results": [_current_result(result) for result in run["results"]]}
            for run in body["runs"]
        ]
        return {**body, "runs": runs}

    return _convert_text(text, convert)


def _current_note(text: str) -> str:
    def convert(note: Any) -> Any:
        if "failed" not in note:  # not a result
            return note
        return _current_result(note)

    return _convert_text(text, convert)


def _convert_text(text: str, convert: Callable[[Any], Any]) -> str:
    try:
        value = json.loads(text)
        converted = convert(value)
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError):
        return text  # damaged: the code that reads it has to handle that
    return text if converted == value else to_json(converted)


def _current_result(row: Mapping[str, Any]) -> Mapping[str, Any]:
    if "error" in row:  # this version wrote it: earlier versions had no such field
        return row
    labels = row["failed"]
    if "status" in row:
        status = MessageStatus(row["status"])
    else:
        status = _status_from_labels(labels)
    reasons = map(_missing_answer_reason, labels)
    missing_reason = next((reason for reason in reasons if reason), None)
    error = None
    # A reason may be only the name of a status, such as "refused", which `status` says already.
    if missing_reason is not None and missing_reason not in tuple(MessageStatus):
        error = error_to_json(ErrorNote(missing_reason))
    checks = []
    # Only whole answers were checked. Otherwise the labels tell why there is no whole answer.
    if missing_reason is None and status is MessageStatus.COMPLETE:
        checks = [failed_check_to_json(_failed_check(label)) for label in labels]
    return {**row, "status": status.value, "failed": checks, "error": error}


def _status_from_labels(labels: list[str]) -> MessageStatus:
    """Return the status of a result that was stored without one, from its labels."""
    if f"{_ERROR_PREFIX}{_REFUSED_LABEL}" in labels:
        return MessageStatus.REFUSED
    has_failed = any(label.startswith(_ERROR_PREFIX) for label in labels)
    return MessageStatus.FAILED if has_failed else MessageStatus.COMPLETE


def _missing_answer_reason(label: str) -> str | None:
    """Return why there is no whole answer; None for the label of a check."""
    if label == _REFUSED_LABEL:
        return label
    for prefix in (_ERROR_PREFIX, f"{_REFUSED_LABEL}: "):
        if label.startswith(prefix):
            return label.removeprefix(prefix)
    return None


def _failed_check(label: str) -> FailedCheck:
    """Parse the label of a failed check. Raises ValueError."""
    label_match = _CHECK_LABEL.fullmatch(label)
    if label_match is None:
        raise ValueError("not the label of a check")
    check = FailedCheck(
        kind=CheckKind(label_match[2]), value=label_match[3], is_negated=bool(label_match[1])
    )
    if check.kind is CheckKind.NUMBER:
        match = _VALUE_WITHIN.fullmatch(check.value)
        if match is None:  # a check without a tolerance
            return check
        return replace(check, value=match[1], within=float(match[2]))
    if check.kind is CheckKind.REGEX and check.value.endswith(_TOO_SLOW_SUFFIX):
        value = check.value.removesuffix(_TOO_SLOW_SUFFIX)
        return replace(check, value=value, reason=FailureReason.TOO_SLOW)
    if check.kind in (CheckKind.RUBRIC, CheckKind.SCHEMA):
        match = _VALUE_COMMENT.fullmatch(check.value)
        if match is None:
            return check
        return _with_comment(replace(check, value=match[1]), match[2])
    return check


def _with_comment(check: FailedCheck, comment: str) -> FailedCheck:
    """Return a check with the reason or explanation that the comment in its label gives."""
    if comment in _REASON_BY_COMMENT:
        return replace(check, reason=_REASON_BY_COMMENT[comment])
    if comment.startswith(_UNUSABLE_PREFIX):
        explanation = comment.removeprefix(_UNUSABLE_PREFIX)
        return replace(check, reason=FailureReason.UNUSABLE_SCHEMA, explanation=explanation)
    if comment.startswith(_NOT_JUDGED_PREFIX):
        error = ErrorNote(comment.removeprefix(_NOT_JUDGED_PREFIX))
        return replace(check, reason=FailureReason.NOT_JUDGED, error=error)
    return replace(check, explanation=comment)
