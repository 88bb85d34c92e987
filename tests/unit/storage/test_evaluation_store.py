"""The evaluations that have ended, with all answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from desktop_app.domain.conversations.conversation import MessageStatus
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.evaluation.evaluation_case import Check, CheckKind
from desktop_app.domain.evaluation.evaluation_result import CaseResult, Evaluation, EvaluationRun
from desktop_app.domain.evaluation.failed_check import FailedCheck, FailureReason
from desktop_app.domain.spending.cost import Usage
from desktop_app.storage.documents.evaluation_store import EvaluationStore
from tests.unit.storage.samples import NOON, opened

RESULTS = [
    CaseResult("a", "A", (), Usage(1, 2, 3, 4), Decimal("0.1"), Decimal("0.2"), 0.5, 1.5),
    CaseResult(
        "b",
        "",
        cost=None,
        judge_cost=None,
        status=MessageStatus.REFUSED,
        error=ErrorNote(Reason.NO_CREDIT, params={"provider": "P", "words": "0 left"}),
    ),
    CaseResult(
        "c",
        "C",
        (
            FailedCheck.from_check(
                Check(CheckKind.SCHEMA, {"type": ["é"] * 40}), explanation="No."
            ),
            FailedCheck.from_check(Check(CheckKind.NUMBER, 3, 0.5, is_negated=True)),
            FailedCheck.from_check(
                Check(CheckKind.RUBRIC, "polite"),
                FailureReason.NOT_JUDGED,
                error=ErrorNote(Reason.NO_CREDIT, params={"provider": "P"}),
            ),
        ),
    ),
]
RUNS = [EvaluationRun("p", "thinking", "high", "gpt-5.2", RESULTS)]
OLDER = Evaluation("1", NOON, "cases.csv", RUNS, {"a": "A?", "b": "B?"})
NEWER = Evaluation("2", NOON + timedelta(days=1), "more.csv", [], {})
SAME_TIME = replace(NEWER, id="3")


async def test_evaluations_are_stored_with_all_answers(tmp_path: Path) -> None:
    async with opened(tmp_path / "store.sqlite3") as database:
        store = EvaluationStore(database)
        for evaluation in (NEWER, OLDER, SAME_TIME):
            await store.add(evaluation)
        assert await store.summaries() == [SAME_TIME, NEWER, replace(OLDER, runs=[], inputs={})]
        assert await store.get("1") == OLDER
        await store.remove("1")
        assert await store.get("1") is None
        assert await store.summaries() == [SAME_TIME, NEWER]
