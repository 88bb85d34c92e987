"""The reasons why a case did not pass, as the dialog of evaluations words them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from desktop_app.domain.conversations.conversation import MessageStatus
from desktop_app.domain.error_note import note_from_error
from desktop_app.domain.errors import StoreFullError
from desktop_app.domain.evaluation.evaluation_case import CheckKind, check_from_json
from desktop_app.domain.evaluation.evaluation_result import CaseResult
from desktop_app.domain.evaluation.failed_check import FailedCheck, FailureReason
from desktop_app.i18n.translation import use_language
from desktop_app.paths import resource_path
from desktop_app.ui.evaluation.case_failure import check_text, failure_text

FULL = note_from_error(StoreFullError("The disk is full."))


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ({"contains": "Paris"}, "contains: Paris"),
        ({"contains": "Paris", "not": True}, "doesn’t contain: Paris"),
        ({"number": 3, "within": 0.5}, "number: 3 ± 0.5"),
        ({"number": 3}, "number: 3"),
        ({"contains_any": ["{a}", "b"], "not": True}, 'contains none of: ["{a}", "b"]'),
    ],
)
def test_a_check_is_named_by_its_demand(row: dict[str, Any], text: str) -> None:
    assert check_text(FailedCheck.from_check(check_from_json(row))) == text


@pytest.mark.parametrize(
    ("failed", "text"),
    [
        (FailedCheck(CheckKind.SCHEMA, "{}", reason=FailureReason.NOT_JSON), "(not JSON)"),
        (FailedCheck(CheckKind.RUBRIC, "polite", explanation="It is rude."), "(It is rude.)"),
        (
            FailedCheck(CheckKind.RUBRIC, "polite", reason=FailureReason.NOT_JUDGED, error=FULL),
            "(not judged: The disk is full.)",
        ),
    ],
)
def test_the_reason_of_a_failure_follows_the_check(failed: FailedCheck, text: str) -> None:
    assert check_text(failed).endswith(f" {text}")


@pytest.mark.parametrize("kind", CheckKind)
@pytest.mark.parametrize("language", ["de", "nl"])
def test_no_kind_of_check_is_named_in_english_in_another_language(
    kind: CheckKind, language: str
) -> None:
    failed = FailedCheck(kind, "x", reason=FailureReason.TOO_SLOW)
    english = check_text(failed)
    use_language(language, resource_path("locale"))
    try:
        assert check_text(failed) != english
    finally:
        use_language("en", Path())


def test_an_incomplete_answer_has_its_error_or_else_its_status() -> None:
    failed = CaseResult("c", "", status=MessageStatus.FAILED, error=FULL)
    assert failure_text(failed) == "The disk is full."
    assert failure_text(CaseResult("c", "", status=MessageStatus.CANCELLED)) == "Stopped"
    assert failure_text(CaseResult("c", "", status=MessageStatus.FAILED)) == "Incomplete"
