"""Spending as tables, for display and with every digit for spreadsheets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from desktop_app.domain.spending.cost import format_exact, format_money
from desktop_app.domain.spending.spending_report import Purpose, SpendingLine, Spent

CENT = Decimal("0.01")
FIGURES = ("Cost", "Calls", "Input", "Cached", "Output", "Not counted")
_PURPOSES: dict[str, str] = {
    Purpose.ANSWER: "Answers",
    Purpose.TITLE: "Titles",
    Purpose.COMPACTION: "Compaction",
    Purpose.PART: "Reading in parts",
    Purpose.EMBEDDING: "Meaning of passages",
    Purpose.BATCH: "Batch jobs",
}


@dataclass(frozen=True)
class SpendingTable:
    """A table of sums.

    Attributes:
        headings: of all columns, ending with `FIGURES`.
        rows: the names of each row, and its sums.
    """

    headings: tuple[str, ...]
    rows: tuple[tuple[tuple[str, ...], Spent], ...]

    @property
    def total(self) -> Spent:
        """Return the sum of all rows."""
        return sum((spent for _, spent in self.rows), Spent())

    def as_text(self) -> str:
        """Return tab-separated lines with exact amounts and plain counts."""
        lines = [self.headings]
        for names, spent in self.rows:
            cost = format_exact(spent.cost).removeprefix("$")
            lines.append((*map(_cell, names), cost, *map(str, _counts(spent))))
        return "".join("\t".join(line) + "\n" for line in lines)


def by_kind(
    lines: Iterable[SpendingLine],
    name_of_provider: Callable[[str], str],
    name_of_model: Callable[[str], str],
) -> SpendingTable:
    """Return the spending by provider, model and purpose."""
    rows = tuple(
        (
            (
                name_of_provider(line.provider_id),
                name_of_model(line.model),
                _PURPOSES.get(line.purpose, line.purpose),
            ),
            line.spent,
        )
        for line in lines
    )
    return SpendingTable(("Provider", "Model", "For", *FIGURES), rows)


def by_date(
    heading: str, sums: Sequence[tuple[date, Spent]], shown_date: Callable[[date], str]
) -> SpendingTable:
    """Return the spending by day or month, formatted by `shown_date`."""
    return SpendingTable(
        (heading, *FIGURES), tuple(((shown_date(day),), spent) for day, spent in sums)
    )


def figures_of(spent: Spent) -> tuple[str, ...]:
    """Return the formatted figures, in the order of `FIGURES`."""
    return (shown(spent.cost), *(f"{count:,}" for count in _counts(spent)))


def shown(cost: Decimal) -> str:
    """Format an amount in dollars and cents.

    >>> [shown(Decimal(x)) for x in ("0", "0.009", "0.01", "1234.567")]
    ['$0.00', '<$0.01', '$0.01', '$1234.57']
    """
    if cost == 0:
        return "$0.00"
    return "<$0.01" if cost < CENT else format_money(cost)


def _counts(spent: Spent) -> tuple[int, ...]:
    usage = spent.usage
    tokens = (usage.input_tokens, usage.cached_tokens, usage.output_tokens)
    return (spent.calls, *tokens, spent.uncounted)


def _cell(text: str) -> str:
    """Return a name as a single cell that spreadsheets do not take for a formula."""
    plain = " ".join(text.split())
    return f"'{plain}" if plain[:1] in ("=", "+", "-", "@") else plain
