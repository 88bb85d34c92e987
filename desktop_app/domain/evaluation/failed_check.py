"""Failed checks of answers, as they are stored and reported."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Self

from desktop_app.domain.conversations.error_json import error_from_json, error_to_json
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.evaluation.evaluation_case import Check, CheckKind

_MAX_VALUE_CHARS: Final = 80


class FailureReason(StrEnum):
    """The reason why an answer failed a check."""

    NOT_MATCHED = "not_matched"
    NOT_JSON = "not_json"
    NO_VERDICT = "no_verdict"
    NOT_JUDGED = "not_judged"
    TOO_SLOW = "too_slow"
    UNUSABLE_PATTERN = "unusable_pattern"
    UNUSABLE_SCHEMA = "unusable_schema"

    @property
    def is_mismatch(self) -> bool:
        """Return True if a comparison failed, so that a negated check passes."""
        return self in (FailureReason.NOT_MATCHED, FailureReason.NOT_JSON)


_EXPLANATIONS: Final = {
    FailureReason.NOT_JSON: "not JSON",
    FailureReason.NO_VERDICT: "the judge gave no verdict",
    FailureReason.TOO_SLOW: "too slow",
}


@dataclass(frozen=True)
class FailedCheck:
    """A check that an answer failed.

    Attributes:
        kind, within, is_negated: as in `Check`.
        value: the beginning of the check's value, as text.
        explanation: by the judge, or by the library that compared; "" for none.
        error: why the judge could not be asked; None if it was, or is not needed.
    """

    kind: CheckKind
    value: str
    within: float = 0.0
    is_negated: bool = False
    reason: FailureReason = FailureReason.NOT_MATCHED
    explanation: str = ""
    error: ErrorNote | None = None

    @classmethod
    def from_check(
        cls,
        check: Check,
        reason: FailureReason = FailureReason.NOT_MATCHED,
        explanation: str = "",
        error: ErrorNote | None = None,
    ) -> Self:
        """Return a failed check, with its value shortened."""
        text = check.value if isinstance(check.value, str) else json.dumps(check.value)
        value = text if len(text) <= _MAX_VALUE_CHARS else f"{text[:_MAX_VALUE_CHARS]}…"
        return cls(
            kind=check.kind,
            value=value,
            within=check.within,
            is_negated=check.is_negated,
            reason=reason,
            explanation=explanation,
            error=error,
        )

    @property
    def label(self) -> str:
        """Return the check and why it failed, in English, for reports."""
        within = f" within {self.within:g}" if self.within else ""
        negation = "not " if self.is_negated else ""
        check = f"{negation}{self.kind.value}: {self.value}{within}"
        explanation = _EXPLANATIONS.get(self.reason, self.explanation)
        if self.reason is FailureReason.UNUSABLE_SCHEMA:
            explanation = f"unusable schema: {self.explanation}"
        elif self.error is not None:
            explanation = f"not judged: {self.error}"
        return f"{check} ({explanation})" if explanation else check


def failed_check_to_json(failed: FailedCheck) -> dict[str, Any]:
    """Return a failed check as JSON-ready values."""
    error = None if failed.error is None else error_to_json(failed.error)
    row = {**vars(failed), "error": error}
    return {"words": row.pop("explanation"), **row}


def failed_check_from_json(row: Mapping[str, Any]) -> FailedCheck:
    """Parse the output of `failed_check_to_json`. Raises LookupError, TypeError, ValueError."""
    fields = {
        **row,
        "kind": CheckKind(row["kind"]),
        "reason": FailureReason(row["reason"]),
        "error": None if row["error"] is None else error_from_json(row["error"]),
    }
    return FailedCheck(explanation=fields.pop("words"), **fields)
