"""Results of an evaluation: of each case, and of all cases of a variant or model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from desktop_app.domain.conversations.conversation import MessageStatus
from desktop_app.domain.conversations.error_json import error_from_json, error_to_json
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import (
    AuthenticationError,
    EndpointMissingError,
    LocalModelError,
    ModelNotFoundError,
    NetworkError,
    QuotaExhaustedError,
    RateLimitedError,
    StreamCutError,
)
from desktop_app.domain.evaluation.failed_check import (
    FailedCheck,
    FailureReason,
    failed_check_from_json,
    failed_check_to_json,
)
from desktop_app.domain.spending.cost import Usage, sum_costs
from desktop_app.domain.statistics import percentile, rounded, wilson_interval

# Failures of the provider, the network or the account: another time, the same request may succeed.
_PROVIDER_FAILURE_CODES: Final = frozenset(
    {
        AuthenticationError.code,
        EndpointMissingError.code,
        LocalModelError.code,
        ModelNotFoundError.code,
        NetworkError.code,
        QuotaExhaustedError.code,
        RateLimitedError.code,
        StreamCutError.code,
    }
)
_PROVIDER_FAILURE_REASONS: Final = frozenset(
    {Reason.FAILED_WHILE_ANSWERING, Reason.NOT_FINISHED_IN_TIME, Reason.PROVIDER_FAULT}
)


def is_provider_failure(error: ErrorNote) -> bool:
    """Return True if a request failed for a reason that is not in its case."""
    return error.code in _PROVIDER_FAILURE_CODES or error.reason in _PROVIDER_FAILURE_REASONS


@dataclass(frozen=True)
class CaseResult:
    """The answer to a case and the checks that it failed.

    Attributes:
        failed: the failed checks.
        cost, judge_cost: US dollars; None if unknown.
        first_token_s, duration_s: None if they were not measured, as in batches.
        status: the final status of the answer.
        error: why the answer is incomplete; None if it is complete or the reason is unknown.
    """

    id: str
    answer: str
    failed: tuple[FailedCheck, ...] = ()
    usage: Usage = field(default_factory=Usage)
    cost: Decimal | None = None
    judge_cost: Decimal | None = Decimal(0)
    first_token_s: float | None = None
    duration_s: float | None = None
    status: MessageStatus = MessageStatus.COMPLETE
    error: ErrorNote | None = None

    @property
    def is_complete(self) -> bool:
        """Return True if there is a complete answer to check."""
        return self.status is MessageStatus.COMPLETE and self.error is None

    @property
    def is_evaluated(self) -> bool:
        """Return False if the answer failed, or the judge could not be asked."""
        return self.status is not MessageStatus.FAILED and not any(
            failed.reason is FailureReason.NOT_JUDGED for failed in self.failed
        )

    @property
    def has_passed(self) -> bool:
        """Return True if the answer is complete and passes every check."""
        return self.is_complete and not self.failed

    @property
    def failures(self) -> list[str]:
        """Return why the case did not pass, in English, for reports."""
        if self.is_complete:
            return [failed.label for failed in self.failed]
        why = "" if self.error is None else str(self.error)
        if self.status is MessageStatus.REFUSED:
            return [f"refused: {why}" if why else "refused"]
        return [f"error: {why or self.status.value}"]


def result_to_json(result: CaseResult) -> dict[str, Any]:
    """Return a result as JSON-ready values."""
    error = None if result.error is None else error_to_json(result.error)
    return vars(result) | {
        "failed": [failed_check_to_json(failed) for failed in result.failed],
        "usage": asdict(result.usage),
        "error": error,
        "cost": None if result.cost is None else f"{result.cost:f}",
        "judge_cost": None if result.judge_cost is None else str(result.judge_cost),
    }


def result_from_json(row: Mapping[str, Any]) -> CaseResult:
    """Parse the output of `result_to_json`.

    Raises:
        LookupError, TypeError, ValueError, ArithmeticError: it is something else.
    """
    costs = {
        name: None if row[name] is None else Decimal(row[name]) for name in ("cost", "judge_cost")
    }
    parsed = {
        "failed": tuple(map(failed_check_from_json, row["failed"])),
        "usage": Usage(**row["usage"]),
        "status": MessageStatus(row["status"]),
        "error": None if row["error"] is None else error_from_json(row["error"]),
    }
    return CaseResult(**{**row, **costs, **parsed})


@dataclass(frozen=True)
class EvaluationRun:
    """The results of one variant or model, in the order of the cases."""

    provider: str
    variant: str | None
    effort: str | None
    model: str
    results: Sequence[CaseResult]

    @property
    def name(self) -> str:
        """Return the variant or model, with its effort."""
        name = self.variant or self.model
        return f"{name}/{self.effort}" if self.effort else name

    @property
    def passed_count(self) -> int:
        """Return the number of cases whose answer passes every check."""
        return sum(result.has_passed for result in self.results)

    @property
    def refused_count(self) -> int:
        """Return the number of cases that the model declined, or a content filter stopped."""
        return sum(result.status is MessageStatus.REFUSED for result in self.results)

    @property
    def share(self) -> float:
        """Return the share of passed cases; 0 without cases."""
        return self.passed_count / len(self.results) if self.results else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Return the 95 % confidence interval of the share."""
        return wilson_interval(self.passed_count, len(self.results))

    @property
    def cost(self) -> Decimal | None:
        """Return the cost of all answers in US dollars; None if a cost is unknown."""
        return sum_costs([result.cost for result in self.results])

    @property
    def judge_cost(self) -> Decimal | None:
        """Return the cost of all judgments in US dollars; None if a cost is unknown."""
        return sum_costs([result.judge_cost for result in self.results])

    @property
    def usage(self) -> Usage:
        """Return the tokens of all answers."""
        return sum((result.usage for result in self.results), Usage())

    def to_json(self) -> dict[str, Any]:
        """Return the run as `repartee eval --json` prints it."""
        seconds = [r.duration_s for r in self.results if r.duration_s is not None]
        first_token = [r.first_token_s for r in self.results if r.first_token_s is not None]
        low, high = self.interval
        return {
            "provider": self.provider,
            "variant": self.variant,
            "effort": self.effort,
            "model": self.model,
            "passed": self.passed_count,
            "cases": len(self.results),
            "refused": self.refused_count,
            "share": round(self.share, 4),
            "low": round(low, 4),
            "high": round(high, 4),
            "cost_usd": None if self.cost is None else f"{self.cost:f}",
            "judge_cost_usd": None if self.judge_cost is None else f"{self.judge_cost:f}",
            "usage": asdict(self.usage),
            "p50_s": rounded(percentile(seconds, 50)),
            "p95_s": rounded(percentile(seconds, 95)),
            "p50_first_token_s": rounded(percentile(first_token, 50)),
            "results": [
                {
                    "id": result.id,
                    "status": result.status.value,
                    "passed": result.has_passed,
                    "failed": result.failures,
                    "answer": result.answer,
                    "cost_usd": None if result.cost is None else f"{result.cost:f}",
                    "duration_s": rounded(result.duration_s),
                }
                for result in self.results
            ],
        }


@dataclass(frozen=True)
class Evaluation:
    """An evaluation that has ended.

    Attributes:
        name: the name of the file with its cases.
        inputs: the questions, by the ids of the cases; {} in a summary.
    """

    id: str
    created_at: datetime
    name: str
    runs: Sequence[EvaluationRun]
    inputs: Mapping[str, str]

    @property
    def failed_case_ids(self) -> list[str]:
        """Return the ids of the cases that failed in at least one run, in their order."""
        return list(
            dict.fromkeys(r.id for run in self.runs for r in run.results if not r.has_passed)
        )

    def input_of(self, case_id: str) -> str:
        """Return the question of a case or of its repetition `case#2`; "" if unknown."""
        return self.inputs.get(case_id, self.inputs.get(case_id.rpartition("#")[0], ""))
