"""Reports on spending by day, month, provider, model and purpose. Amounts are exact."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple

from msgspec import field

from desktop_app.domain.cost import Usage
from desktop_app.domain.value import Value


class Purpose(StrEnum):
    """The purpose of a call, as the ledger stores it."""

    ANSWER = "answer"
    EDIT = "edit"
    TITLE = "title"
    COMPACTION = "compaction"
    PART = "part"
    EMBEDDING = "embedding"
    BATCH = "batch"
    TABLE = "table"
    EVALUATION = "evaluation"
    JUDGMENT = "judgment"
    TEST = "test"
    TRANSCRIPTION = "transcription"
    SPEECH = "speech"
    TOOLS = "tools"
    """Fees of the tools that a provider runs, apart from the tokens of their request."""


class CallPerformance(NamedTuple):
    """The times, retries and outcome of a call.

    Attributes:
        effort, tier: as they were sent, or as the provider named them; "" for none.
        outcome: the status of its answer.
        retries: the number of failed attempts before the answer.
        first_token_s: seconds until the first text or reasoning; None if neither arrived.
        duration_s: seconds until the end; None if it was not measured.
    """

    effort: str = ""
    tier: str = ""
    outcome: str = ""
    retries: int = 0
    first_token_s: float | None = None
    duration_s: float | None = None


class Call(NamedTuple):
    """A call to a provider, as the ledger records it.

    Attributes:
        purpose: a value of `Purpose`.
        cost: US dollars; None if unknown.
        conversation_id, message_id: None if the call belongs to no conversation or message, as for
            embeddings.
        performance: None if it was not measured.
        is_estimated: the provider may bill another cost.
    """

    at: datetime
    provider_id: str
    model: str
    purpose: str
    usage: Usage
    cost: Decimal | None
    conversation_id: str | None = None
    message_id: str | None = None
    performance: CallPerformance | None = None
    is_estimated: bool = False


class SpendingSum(Value, frozen=True):
    """The sum of several calls.

    Attributes:
        cost: US dollars, exact, of the calls whose cost is known.
        uncounted: calls of unknown cost: no price in the catalog, or no usage reported.
        estimated: calls whose cost is estimated: without usage, or answered by another model.
    """

    calls: int = 0
    uncounted: int = 0
    usage: Usage = field(default_factory=Usage)
    cost: Decimal = Decimal(0)
    estimated: int = 0

    def __add__(self, other: SpendingSum) -> SpendingSum:
        return SpendingSum(
            self.calls + other.calls,
            self.uncounted + other.uncounted,
            self.usage + other.usage,
            self.cost + other.cost,
            self.estimated + other.estimated,
        )


class Grouping(StrEnum):
    """The groups that the rows of a report stand for."""

    DAY = "day"
    MONTH = "month"
    MODEL = "model"
    PROVIDER = "provider"
    PURPOSE = "purpose"
    EFFORT = "effort"
    TIER = "tier"
    OUTCOME = "outcome"


TIME_GROUPINGS: Final = (Grouping.DAY, Grouping.MONTH)


class GroupPerformance(NamedTuple):
    """Failures, retries and times of the measured calls of a group.

    Percentiles and the tokens per second are None if no call was measured.

    Attributes:
        failed: calls whose answer failed.
        p50_first_token_s, p95_first_token_s: seconds until the first text or reasoning.
        p50_s: seconds until the end.
        tokens_per_s: output tokens per second after the first token, of all calls together.
        p50_tokens_per_s, p95_tokens_per_s: output tokens per second after the first, of one call.
    """

    failed: int = 0
    retries: int = 0
    p50_first_token_s: float | None = None
    p95_first_token_s: float | None = None
    p50_s: float | None = None
    tokens_per_s: float | None = None
    p50_tokens_per_s: float | None = None
    p95_tokens_per_s: float | None = None


class SpendingRow(NamedTuple):
    """The spending and performance of a group of calls.

    Attributes:
        key: a date such as "2026-11-22", a month such as "2026-11", or the stored name.
    """

    key: str
    spent: SpendingSum
    performance: GroupPerformance = GroupPerformance()


class MonthSpending(NamedTuple):
    """A provider's spending in this month.

    Attributes:
        spent: US dollars in the ledger.
        held: US dollars that unfinished calls and batches usually cost.
        uncounted: calls of unknown cost.
        estimated: calls of estimated cost.
        cap: None if the user set none.
        as_of: when calls of other computers were received; None if there are none.
    """

    spent: Decimal
    held: Decimal = Decimal(0)
    uncounted: int = 0
    cap: Decimal | None = None
    estimated: int = 0
    as_of: datetime | None = None

    @property
    def is_near_cap(self) -> bool:
        """Return True if the spending has reached 80 % of the cap."""
        return self.cap is not None and self.spent * 5 >= self.cap * 4


def month_forecast(spent: Decimal, moment: datetime) -> Decimal:
    """Return the month's spending in US dollars, extrapolated from that until `moment`.

    At least one day counts as elapsed, because a few minutes predict nothing.
    """
    local = moment.astimezone()
    first = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    next_first = (first + timedelta(days=32)).replace(day=1)  # no month has 32 days
    elapsed = max(local - first, timedelta(days=1))
    second = timedelta(seconds=1)
    elapsed_share = Decimal(elapsed // second) / Decimal((next_first - first) // second)
    return max(spent, spent / elapsed_share)
