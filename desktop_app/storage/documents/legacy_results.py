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
_VALUE_COMMENT: Final = re.compile(r"(.{80}…|.*?) \((.*)\)", re.DOTALL)
_ERROR_PREFIX, _REFUSED_LABEL, _TOO_SLOW_SUFFIX = "error: ", "refused", " (too slow)"
_NOT_JUDGED_PREFIX, _UNUSABLE_PREFIX = "not judged: ", "unusable schema: "
_REASON_BY_WORDS: Final = {
    "not JSON": FailureReason.NOT_JSON,
    "the judge gave no verdict": FailureReason.NO_VERDICT,
}


def replace_result_labels(connection: sqlite3.Connection) -> None:
    """Replace the labels in evaluations, finished or not, by codes."""
    unfinished_keys_sql = (
        "SELECT key FROM part_notes WHERE key LIKE 'evaluation:%' AND text LIKE '{%'"
    )
    _convert(connection, "SELECT id FROM evaluations", "evaluations", "id", "body", current_body)
    _convert(connection, unfinished_keys_sql, "part_notes", "key", "text", _current_note)


def _convert(
    connection: sqlite3.Connection,
    keys: str,
    table: str,
    key: str,
    column: str,
    convert: Callable[[str], str],
) -> None:
    # The texts are read one at a time, because each may have all answers of an evaluation.
    for row in connection.execute(keys).fetchall():
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
    return _convert_text(text, lambda note: _current_result(note) if "failed" in note else note)


def _convert_text(text: str, convert: Callable[[Any], Any]) -> str:
    try:
        value = json.loads(text)
        converted = convert(value)
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError):
        return text  # damaged: left to whoever reads it
    return text if converted == value else to_json(converted)


def _current_result(row: Mapping[str, Any]) -> Mapping[str, Any]:
    if "error" in row:
        return row
    labels = row["failed"]
    status = MessageStatus(row["status"]) if "status" in row else _status_from_labels(labels)
    missing_reason = next(filter(None, map(_missing_answer_reason, labels)), None)
    is_whole = missing_reason is None and status is MessageStatus.COMPLETE
    error = (
        None
        if missing_reason is None or missing_reason in tuple(MessageStatus)
        else error_to_json(ErrorNote(missing_reason))
    )
    checks = [failed_check_to_json(_failed_check(label)) for label in labels] if is_whole else []
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
    for head in (_ERROR_PREFIX, f"{_REFUSED_LABEL}: "):
        if label.startswith(head):
            return label.removeprefix(head)
    return None


def _failed_check(label: str) -> FailedCheck:
    """Parse the label of a failed check. Raises ValueError."""
    label_match = _CHECK_LABEL.fullmatch(label)
    if label_match is None:
        raise ValueError("not the label of a check")
    kind, value, tolerance = CheckKind(label_match[2]), label_match[3], 0.0
    reason, words, error = FailureReason.NOT_MATCHED, "", None
    if kind is CheckKind.NUMBER and (value_match := _VALUE_WITHIN.fullmatch(value)):
        value, tolerance = value_match[1], float(value_match[2])
    if kind in (CheckKind.RUBRIC, CheckKind.SCHEMA) and (
        value_match := _VALUE_COMMENT.fullmatch(value)
    ):
        value, words = value_match[1], value_match[2]
    elif kind is CheckKind.REGEX and value.endswith(_TOO_SLOW_SUFFIX):
        value, reason = value.removesuffix(_TOO_SLOW_SUFFIX), FailureReason.TOO_SLOW
    if words in _REASON_BY_WORDS:
        reason, words = _REASON_BY_WORDS[words], ""
    elif words.startswith(_UNUSABLE_PREFIX):
        reason, words = FailureReason.UNUSABLE_SCHEMA, words.removeprefix(_UNUSABLE_PREFIX)
    elif words.startswith(_NOT_JUDGED_PREFIX):
        reason, error = FailureReason.NOT_JUDGED, ErrorNote(words.removeprefix(_NOT_JUDGED_PREFIX))
        words = ""
    return FailedCheck(kind, value, tolerance, bool(label_match[1]), reason, words, error)
