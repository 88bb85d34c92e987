"""The reasons why a case of an evaluation did not pass, in the user's language.

Reports and the terminal have them in English (`CaseResult.failures`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from desktop_app.domain.conversations.message_facts import ENDINGS
from desktop_app.domain.evaluation.evaluation_case import CheckKind
from desktop_app.domain.evaluation.failed_check import FailureReason
from desktop_app.i18n.translation import N_, tr

if TYPE_CHECKING:
    from desktop_app.domain.evaluation.evaluation_result import CaseResult
    from desktop_app.domain.evaluation.failed_check import FailedCheck

_DEMANDS: Final = {
    CheckKind.CONTAINS: (N_("contains: {value}"), N_("doesn’t contain: {value}")),
    CheckKind.REGEX: (N_("matches pattern: {value}"), N_("doesn’t match pattern: {value}")),
    CheckKind.EQUALS: (N_("equals: {value}"), N_("doesn’t equal: {value}")),
    CheckKind.NUMBER: (N_("number: {value}"), N_("not the number: {value}")),
    CheckKind.SCHEMA: (N_("matches schema: {value}"), N_("doesn’t match schema: {value}")),
    CheckKind.RUBRIC: (N_("rubric: {value}"), ""),  # never negated
    CheckKind.CONTAINS_ANY: (N_("contains any of: {value}"), N_("contains none of: {value}")),
    CheckKind.STARTS_WITH_ANY: (
        N_("starts with any of: {value}"),
        N_("starts with none of: {value}"),
    ),
}
"""The demand of each kind of check, and of the same check if it is negated."""
_EXPLANATIONS: Final = {
    FailureReason.NOT_JSON: N_("not JSON"),
    FailureReason.NO_VERDICT: N_("the judge gave no verdict"),
    FailureReason.TOO_SLOW: N_("too slow"),
}


def failure_text(result: CaseResult) -> str:
    """Return the failed checks of a complete answer, otherwise why the answer is incomplete."""
    if result.is_complete:
        return "; ".join(map(check_text, result.failed))
    if result.error is not None:
        return result.error.what_happened
    return tr(ENDINGS.get(result.status, N_("Incomplete")))


def check_text(failed_check: FailedCheck) -> str:
    """Return the demand of a check, with an explanation of the failure if there is one."""
    demand, negated_demand = _DEMANDS[failed_check.kind]
    value = failed_check.value
    if failed_check.within:
        value = tr("{value} ± {tolerance}", value=value, tolerance=f"{failed_check.within:g}")
    check = tr(negated_demand if failed_check.is_negated else demand, value=value)
    explanation = _explanation(failed_check)
    if not explanation:
        return check
    return tr("{check} ({explanation})", check=check, explanation=explanation)


def _explanation(failed_check: FailedCheck) -> str:
    if failed_check.error is not None:
        return tr("not judged: {reason}", reason=failed_check.error.what_happened)
    if failed_check.reason is FailureReason.UNUSABLE_SCHEMA:
        return tr("unusable schema: {reason}", reason=failed_check.explanation)
    if failed_check.reason in _EXPLANATIONS:
        return tr(_EXPLANATIONS[failed_check.reason])
    return failed_check.explanation
