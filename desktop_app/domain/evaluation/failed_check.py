"""The checks that an answer failed, as they are stored."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Self

from desktop_app.domain.conversations.error_json import error_from_json, error_to_json
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.evaluation.evaluation_case import Check, CheckKind

_LONGEST_VALUE: Final = 80


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
    def is_decided(self) -> bool:
        """True if the comparison was made."""
        return self in (FailureReason.NOT_MATCHED, FailureReason.NOT_JSON)


_WORDS: Final = {
    FailureReason.NOT_JSON: "not JSON",
    FailureReason.NO_VERDICT: "the judge gave no verdict",
    FailureReason.TOO_SLOW: "too slow",
}


@dataclass(frozen=True)
class FailedCheck:
    """A check that an answer failed.

    Attributes:
        kind, within, is_negated: of the check.
        value: the beginning of the check's value, as text.
        words: of the judge, or of the library that compared.
        error: why nobody judged.
    """

    kind: CheckKind
    value: str
    within: float = 0.0
    is_negated: bool = False
    reason: FailureReason = FailureReason.NOT_MATCHED
    words: str = ""
    error: ErrorNote | None = None

    @classmethod
    def of(
        cls,
        check: Check,
        reason: FailureReason = FailureReason.NOT_MATCHED,
        words: str = "",
        error: ErrorNote | None = None,
    ) -> Self:
        """Return the failure of a check."""
        text = check.value if isinstance(check.value, str) else json.dumps(check.value)
        value = text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"
        return cls(check.kind, value, check.within, check.is_negated, reason, words, error)

    @property
    def label(self) -> str:
        """The check, and why it failed, as reports name them in every language."""
        within = f" within {self.within:g}" if self.within else ""
        negation = "not " if self.is_negated else ""
        check = f"{negation}{self.kind.value}: {self.value}{within}"
        words = _WORDS.get(self.reason, self.words)
        if self.reason is FailureReason.UNUSABLE_SCHEMA:
            words = f"unusable schema: {self.words}"
        elif self.error is not None:
            words = f"not judged: {self.error.what_happened}"
        return f"{check} ({words})" if words else check


def failed_check_to_json(failed: FailedCheck) -> dict[str, Any]:
    """Return a failed check as JSON-ready values."""
    error = None if failed.error is None else error_to_json(failed.error)
    return {**vars(failed), "error": error}


def failed_check_from_json(row: Mapping[str, Any]) -> FailedCheck:
    """Parse the output of `failed_check_to_json`. Raises LookupError, TypeError, ValueError."""
    error = None if row["error"] is None else error_from_json(row["error"])
    kind, reason = CheckKind(row["kind"]), FailureReason(row["reason"])
    return FailedCheck(**{**row, "kind": kind, "reason": reason, "error": error})
