"""Spending as tables, for display and with every digit for spreadsheets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from desktop_app.domain.conversations.conversation import MessageStatus
from desktop_app.domain.spending.cost import exact_digits
from desktop_app.domain.spending.spending_report import Purpose, SpendingLine, SpendingSum
from desktop_app.i18n.formatting import exact_money, money, number
from desktop_app.i18n.translation import N_, tr

CENT = Decimal("0.01")
FIGURES = (N_("Cost"), N_("Calls"), N_("Input"), N_("Cached"), N_("Output"), N_("Not counted"))
"""The headings of the figures, marked for translation; the last column may be hidden."""
_PURPOSES: dict[str, str] = {
    Purpose.ANSWER: N_("Responses"),
    Purpose.TITLE: N_("Titles"),
    Purpose.COMPACTION: N_("Compaction"),
    Purpose.PART: N_("Reading in parts"),
    Purpose.EMBEDDING: N_("Embeddings"),
    Purpose.BATCH: N_("Batch jobs"),
    Purpose.EVALUATION: N_("Evaluations"),
    Purpose.JUDGMENT: N_("Judgments"),
    Purpose.TEST: N_("Test requests"),
    Purpose.TOOLS: N_("Tools of the provider"),
}
_TIERS: dict[str, str] = {
    "default": N_("Standard"),
    "flex": N_("Flex"),
    "priority": N_("Priority"),
    "batch": N_("Batch jobs"),
}
_OUTCOMES: dict[str, str] = {
    MessageStatus.COMPLETE: N_("Complete"),
    MessageStatus.INCOMPLETE: N_("Incomplete"),
    MessageStatus.REFUSED: N_("Declined by the model"),
    MessageStatus.CANCELLED: N_("Stopped"),
    MessageStatus.FAILED: N_("Failed"),
    MessageStatus.INTERRUPTED: N_("Interrupted"),
}


@dataclass(frozen=True)
class SpendingTable:
    """A table of spending, such as by model or by day.

    Attributes:
        headings: the headings of all columns; the last are `FIGURES`.
        rows: the names of each row, and its sums.
    """

    headings: tuple[str, ...]
    rows: tuple[tuple[tuple[str, ...], SpendingSum], ...]

    @property
    def total(self) -> SpendingSum:
        """Return the sum of all rows."""
        return sum((spent for _, spent in self.rows), SpendingSum())

    def to_tsv(self) -> str:
        """Return tab-separated lines with exact amounts and plain counts."""
        lines = [tuple(map(tr, self.headings))]
        for names, spent in self.rows:
            cost = exact_digits(spent.cost)
            lines.append((*map(spreadsheet_cell, names), cost, *map(str, _counts(spent))))
        return "".join("\t".join(line) + "\n" for line in lines)


def table_by_purpose(
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
                purpose_name(line.purpose),
            ),
            line.spent,
        )
        for line in lines
    )
    return SpendingTable((N_("Provider"), N_("Model"), N_("Purpose"), *FIGURES), rows)


def table_by_date(
    heading: str, sums: Sequence[tuple[date, SpendingSum]], format_date: Callable[[date], str]
) -> SpendingTable:
    """Return the spending by day or month."""
    return SpendingTable(
        (heading, *FIGURES), tuple(((format_date(day),), spent) for day, spent in sums)
    )


def purpose_name(purpose: str) -> str:
    """Return the name of a purpose that the ledger stores."""
    return tr(_PURPOSES.get(purpose, purpose))


def tier_name(tier: str) -> str:
    """Return the name of a service tier that the ledger stores."""
    return tr(_TIERS.get(tier, tier)) if tier else tr("Not recorded")


def outcome_name(outcome: str) -> str:
    """Return the name of an outcome that the ledger stores."""
    return tr(_OUTCOMES.get(outcome, outcome)) if outcome else tr("Not recorded")


def figures_of(spent: SpendingSum) -> tuple[str, ...]:
    """Return the formatted figures, in the order of `FIGURES`."""
    return (rounded_cost(spent.cost), *map(number, _counts(spent)))


def rounded_cost(cost: Decimal) -> str:
    """Format an amount in dollars and cents.

    >>> [rounded_cost(Decimal(x)) for x in ("0", "0.009", "0.01", "1234.567")]
    ['$0.00', '<$0.01', '$0.01', '$1,234.57']
    """
    if cost == 0:
        return exact_money(cost)
    return f"<{exact_money(CENT)}" if cost < CENT else money(cost)


def _counts(spent: SpendingSum) -> tuple[int, ...]:
    usage = spent.usage
    tokens = (usage.input_tokens, usage.cached_tokens, usage.output_tokens)
    return (spent.calls, *tokens, spent.uncounted)


def spreadsheet_cell(text: str) -> str:
    """Return a name as a single cell that spreadsheets do not take for a formula."""
    plain = " ".join(text.split())
    return f"'{plain}" if plain[:1] in ("=", "+", "-", "@") else plain
