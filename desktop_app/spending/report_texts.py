"""Spending as text: sums with ≥ or ≈, and the reasons for these signs."""

from __future__ import annotations

from typing import Final

from desktop_app.domain.spending_report import Grouping, MonthSpending, SpendingSum
from desktop_app.i18n.formatting import counted_money, moment, money
from desktop_app.i18n.translation import N_, tr, tr_plural

HEADINGS: Final = {
    Grouping.MODEL: N_("Model"),
    Grouping.DAY: N_("Day"),
    Grouping.MONTH: N_("Month"),
    Grouping.PROVIDER: N_("Provider"),
    Grouping.PURPOSE: N_("Purpose"),
    Grouping.EFFORT: N_("Reasoning effort"),
    Grouping.TIER: N_("Service tier"),
    Grouping.OUTCOME: N_("Outcome"),
}
"""The heading of the first column of each grouping."""


def spent_text(spent: SpendingSum) -> str:
    """Return the US dollars of calls, with a sign if some are unknown or estimated."""
    return counted_money(
        spent.cost, has_unknown=bool(spent.uncounted), has_estimates=bool(spent.estimated)
    )


def month_text(month: MonthSpending) -> str:
    """Return the US dollars of a month, with a sign if some are unknown or estimated."""
    return counted_money(
        month.spent, has_unknown=bool(month.uncounted), has_estimates=bool(month.estimated)
    )


def total_text(spent: SpendingSum) -> str:
    """Return `Total: $1.20 · 2 estimated · 1 not counted`."""
    parts = [tr("Total: {cost}", cost=money(spent.cost))]
    if spent.estimated:
        parts.append(tr("{count} estimated", count=spent.estimated))
    if spent.uncounted:
        parts.append(tr("{count} not counted", count=spent.uncounted))
    return " · ".join(parts)


def uncertain_sentences(month: MonthSpending) -> list[str]:
    """Return what a month's sum leaves out, estimates, or does not contain yet."""
    sentences = []
    if month.uncounted:
        sentences.append(
            tr_plural(
                "{count} request with an unknown cost isn’t included.",
                "{count} requests with an unknown cost aren’t included.",
                month.uncounted,
            )
        )
    if month.estimated:
        sentences.append(
            tr_plural(
                "The cost of {count} request is estimated.",
                "The costs of {count} requests are estimated.",
                month.estimated,
            )
        )
    if month.held:
        sentences.append(tr("{held} is held for requests under way.", held=money(month.held)))
    if month.as_of is not None:
        sentences.append(tr("Your other computers count as of {time}.", time=moment(month.as_of)))
    return sentences
