"""What was spent, in sums: by day, month, provider, model and purpose. Amounts are exact."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Context, Decimal
from enum import StrEnum
from typing import Final

from desktop_app.domain.spending.cost import Usage

# Enough digits for any sum of amounts of money; the default of 28 would round a tiny one away.
EXACT: Final = Context(prec=200)


class Purpose(StrEnum):
    """What a call was for, as the ledger names it."""

    ANSWER = "answer"
    TITLE = "title"
    COMPACTION = "compaction"
    PART = "part"
    EMBEDDING = "embedding"
    BATCH = "batch"


@dataclass(frozen=True)
class Call:
    """One call to a provider, as it is noted in the ledger.

    Attributes:
        purpose: as `Purpose` names it.
        cost: US dollars, None where it is not known.
    """

    at: datetime
    provider_id: str
    model: str
    purpose: str
    usage: Usage
    cost: Decimal | None
    conversation_id: str | None = None
    message_id: str | None = None


@dataclass(frozen=True)
class Spent:
    """Calls together.

    Attributes:
        cost: US dollars, exact, of the calls whose cost is known.
        uncounted: calls whose cost is not known: no price in the catalogue, or no usage reported.
    """

    calls: int = 0
    uncounted: int = 0
    usage: Usage = field(default_factory=Usage)
    cost: Decimal = Decimal(0)

    def __add__(self, other: Spent) -> Spent:
        return Spent(
            self.calls + other.calls,
            self.uncounted + other.uncounted,
            self.usage + other.usage,
            EXACT.add(self.cost, other.cost),
        )


@dataclass(frozen=True)
class SpendingLine:
    """What calls of one kind came to; `purpose` as the ledger names it."""

    provider_id: str
    model: str
    purpose: str
    spent: Spent


@dataclass(frozen=True)
class SpendingReport:
    """What was spent, seen from one moment on this computer's calendar.

    Attributes:
        today, month: by provider, model and purpose, the dearest first.
        months: the first day of each of the last twelve months, newest first.
        days: every day of this month until today, newest first.
    """

    today: tuple[SpendingLine, ...]
    month: tuple[SpendingLine, ...]
    months: tuple[tuple[date, Spent], ...]
    days: tuple[tuple[date, Spent], ...]


@dataclass(frozen=True)
class MonthUnderCap:
    """How a provider's month stands.

    Attributes:
        spent: US dollars written down.
        held: US dollars of input of the calls on their way.
        uncounted: calls whose cost is not known.
        cap: None where the person set none.
    """

    spent: Decimal
    held: Decimal = Decimal(0)
    uncounted: int = 0
    cap: Decimal | None = None

    @property
    def is_near(self) -> bool:
        """Whether the spending has come to 80 % of the cap."""
        return self.cap is not None and self.spent * 5 >= self.cap * 4
