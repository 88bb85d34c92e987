"""Evaluations of versions that stored labels of failed checks, and sentences of errors."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from desktop_app.domain.conversations.conversation import MessageStatus
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.evaluation.evaluation_case import CheckKind
from desktop_app.domain.evaluation.evaluation_result import CaseResult, result_from_json
from desktop_app.domain.evaluation.failed_check import FailedCheck, FailureReason
from desktop_app.domain.spending.cost import Usage
from desktop_app.storage.documents.evaluation_store import EvaluationStore
from desktop_app.storage.documents.legacy_results import current_body
from desktop_app.storage.recovery.store_copy import copy_store
from tests.helpers.blocking import blocking
from tests.unit.storage.samples import opened
from tests.unit.storage.test_stored_sentences import insert, old_store

CUT = "The connection to P was lost before the response finished."
CREDIT = ErrorNote("Your P account has no credit.")


def old_result(case_id: str, *labels: str, **values: str) -> dict[str, Any]:
    usage = {"input_tokens": 1, "cached_tokens": 0, "output_tokens": 2, "reasoning_tokens": 0}
    return {
        "id": case_id, "answer": "A", "failed": list(labels), "usage": usage, "cost": "0.01",
        "judge_cost": "0", "first_token_s": 0.5, "duration_s": 1.0, **values,
    }  # fmt: skip


def body_of(*results: dict[str, Any]) -> str:
    run = {"provider": "p", "variant": None, "effort": None, "model": "m", "results": results}
    return json.dumps({"runs": [run], "inputs": {"a": "A?"}})


def converted(result: dict[str, Any]) -> CaseResult:
    (run,) = json.loads(current_body(body_of(result)))["runs"]
    return result_from_json(run["results"][0])


@pytest.mark.parametrize(
    ("label", "failed"),
    [
        ("contains: a (not JSON)", FailedCheck(CheckKind.CONTAINS, "a (not JSON)")),
        ("not contains_any: [\"a\"]", FailedCheck(CheckKind.CONTAINS_ANY, '["a"]', 0, True)),
        ("equals: error: refused", FailedCheck(CheckKind.EQUALS, "error: refused")),
        ("number: -3 within 1e-05", FailedCheck(CheckKind.NUMBER, "-3", 1e-05)),
        ("regex: a (b)", FailedCheck(CheckKind.REGEX, "a (b)")),
        (
            "not regex: a (b) (too slow)",
            FailedCheck(CheckKind.REGEX, "a (b)", 0, True, FailureReason.TOO_SLOW),
        ),
        (
            "schema: true (not JSON)",
            FailedCheck(CheckKind.SCHEMA, "true", reason=FailureReason.NOT_JSON),
        ),
        (
            "schema: {} (unusable schema: no (at all))",
            FailedCheck(
                CheckKind.SCHEMA,
                "{}",
                reason=FailureReason.UNUSABLE_SCHEMA,
                explanation="no (at all)",
            ),
        ),
        (
            f"rubric: {'(a) ' * 20}… (It\nis (very) rude.)",
            FailedCheck(CheckKind.RUBRIC, f"{'(a) ' * 20}…", explanation="It\nis (very) rude."),
        ),
        (
            "rubric: polite (the judge gave no verdict)",
            FailedCheck(CheckKind.RUBRIC, "polite", reason=FailureReason.NO_VERDICT),
        ),
        (
            "rubric: polite (not judged: Your P account has no credit.)",
            FailedCheck(
                CheckKind.RUBRIC, "polite", reason=FailureReason.NOT_JUDGED, error=CREDIT
            ),
        ),
    ],
)  # fmt: skip
def test_the_label_of_a_check_is_read_and_named_again(label: str, failed: FailedCheck) -> None:
    found = converted(old_result("a", label, status="complete"))
    assert (found.failed, found.failures) == ((failed,), [label])
    assert found.usage == Usage(1, 0, 2)


@pytest.mark.parametrize(
    ("label", "status", "error"),
    [
        ("error: Your P account has no credit.", MessageStatus.FAILED, CREDIT),
        (f"error: {CUT}", MessageStatus.INTERRUPTED, ErrorNote(CUT)),
        ("error: cancelled", MessageStatus.CANCELLED, None),
        ("refused", MessageStatus.REFUSED, None),
        ("refused: Unsafe.", MessageStatus.REFUSED, ErrorNote("Unsafe.")),
    ],
)
def test_the_reason_of_a_missing_answer_is_an_error(
    label: str, status: MessageStatus, error: ErrorNote | None
) -> None:
    found = converted(old_result("a", label, status=status.value))
    assert (found.status, found.error, found.failed) == (status, error, ())
    assert found.failures == [label]


def test_results_without_a_status_have_that_of_their_labels() -> None:
    labels = ("error: refused", "error: No credit.", "contains: x")
    results = [converted(old_result("a", label)) for label in labels]
    assert [result.status.value for result in results] == ["refused", "failed", "complete"]
    assert [result.failures for result in results] == [["refused"], [labels[1]], [labels[2]]]
    assert converted(old_result("a")).has_passed


@pytest.mark.parametrize("body", ["[", "{}", "7", '{"runs": 7}', body_of(old_result("a", "x"))])
def test_a_damaged_body_stays(body: str) -> None:
    assert current_body(body) == body


def test_a_current_body_stays() -> None:
    body = current_body(body_of(old_result("a", "contains: x"), old_result("b", "refused")))
    assert current_body(body) == body


def make_old_store(path: Path) -> None:
    """Make a store of an earlier version with a finished and an unfinished evaluation."""
    old_store(path, "0040")
    result = old_result("a", "rubric: polite (It is rude.)", status="complete")
    refused = old_result("b", "refused", status="refused")
    notes = ("5" * 32, '{"asked": true}', json.dumps(result), "{")
    with closing(sqlite3.connect(path)) as connection, connection:
        body = body_of(result, refused)
        insert(connection, "evaluations", id="e" * 32, created_at=1, name="cases", body=body)
        for number, text in enumerate(notes):
            insert(connection, "part_notes", key=f"evaluation:{number}", text=text, created_at=1)
        insert(connection, "part_notes", key="x", text=json.dumps(result), created_at=1)


@blocking
async def read(path: Path) -> tuple[list[CaseResult], list[str]]:
    """Open a store with this version; return the results and the notes."""
    async with opened(path) as database:
        (found,) = await EvaluationStore(database).summaries()
        evaluation = await EvaluationStore(database).get(found.id)
        assert evaluation is not None
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT text FROM part_notes ORDER BY key").fetchall()
    return list(evaluation.runs[0].results), [text for (text,) in rows]


@pytest.mark.parametrize("is_restored", [False, True], ids=["migrated", "restored"])
def test_finished_and_unfinished_evaluations_are_converted(
    tmp_path: Path, is_restored: bool
) -> None:
    old = path = tmp_path / "old.sqlite3"
    make_old_store(old)
    if is_restored:
        path = tmp_path / "store.sqlite3"
        assert copy_store(old, path, "backup", lambda _done, _of: None).dropped == 0
    (first, second), notes = read(path)
    assert first.failed == (FailedCheck(CheckKind.RUBRIC, "polite", explanation="It is rude."),)
    assert (second.failures, second.status) == (["refused"], MessageStatus.REFUSED)
    name, asked, result, damaged, other = notes
    assert (name, asked, damaged) == ("5" * 32, '{"asked": true}', "{")
    assert result_from_json(json.loads(result)) == first
    assert json.loads(other)["failed"] == ["rubric: polite (It is rude.)"]
