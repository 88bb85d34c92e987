"""`repartee spending`: cost, tokens, failures and speed of the calls."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from desktop_app.budget.budget import Budget, SpendingHolds
from desktop_app.budget.ledger import Ledger
from desktop_app.child_processes import environment_with_keys
from desktop_app.cli.command_setup import open_store, run_command
from desktop_app.cli.console import clean_line, write, write_json, write_line
from desktop_app.domain.conversations.conversation import now
from desktop_app.domain.cost import exact_digits
from desktop_app.domain.csv_cell import escape_cell
from desktop_app.domain.spending_report import (
    Grouping,
    MonthSpending,
    SpendingRow,
    SpendingSum,
    month_forecast,
)
from desktop_app.domain.statistics import rounded
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import tr
from desktop_app.providers.gateway.environment_profiles import all_profiles, profiles_of_environment
from desktop_app.settings.settings_store import SettingsStore
from desktop_app.spending.report_texts import (
    HEADINGS,
    month_text,
    spent_text,
    total_text,
    uncertain_sentences,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.cli.command_line import Options
    from desktop_app.domain.answering.chat_request import ProviderProfile


_FORECAST_STEP: Final = Decimal("0.000001")
"""The precision of a forecast in JSON, in US dollars, chosen by eye.

A forecast is a quotient with up to 28 digits. The other amounts are exact.
"""


@dataclass(frozen=True)
class ProviderMonth:
    """The spending at a provider in this month."""

    profile: ProviderProfile
    month: MonthSpending
    forecast: Decimal


def run_spending(options: Options) -> int:
    return run_command(_show_spending(options), options)


async def _show_spending(options: Options) -> int:
    rows, months = await _read_rows(Grouping(options.by))
    if options.json:
        write_json(_as_json(options.by, rows, months))
    elif options.csv:
        write(rows_as_csv(options.by, rows))
    else:
        _write_table(Grouping(options.by), rows, months)
    return 0


async def _read_rows(by: Grouping) -> tuple[list[SpendingRow], list[ProviderMonth]]:
    from_environment = [p for p, _ in profiles_of_environment(environment_with_keys())]
    async with open_store() as database:
        ledger, budget = Ledger(database), Budget(SpendingHolds(database), SettingsStore(database))
        profiles = all_profiles(from_environment, await SettingsStore(database).profiles())
        return await ledger.group_spending(by), await current_months(budget, profiles)


async def current_months(
    budget: Budget, profiles: Sequence[ProviderProfile]
) -> list[ProviderMonth]:
    """Return this month's spending at each provider that has a limit or any known cost."""
    months = []
    for profile in profiles:
        # Several profiles may share a cap, against which the spending of each of them counts.
        month = await budget.month(profile)
        if month.spent or month.cap is not None:
            months.append(ProviderMonth(profile, month, month_forecast(month.spent, now())))
    return months


def _as_json(
    by: str, rows: Sequence[SpendingRow], months: Sequence[ProviderMonth]
) -> dict[str, Any]:
    return {
        "by": by,
        "rows": [_fields(by, row) for row in rows],
        "total_usd": exact_digits(_total(rows).cost),
        "months": [
            {
                "provider": each.profile.id,
                "spent_usd": exact_digits(each.month.spent),
                "held_usd": exact_digits(each.month.held),
                "uncounted": each.month.uncounted,
                "estimated": each.month.estimated,
                "forecast_usd": exact_digits(each.forecast.quantize(_FORECAST_STEP)),
                "limit_usd": None if each.month.cap is None else exact_digits(each.month.cap),
            }
            for each in months
        ],
    }


def _fields(by: str, row: SpendingRow) -> dict[str, Any]:
    """Return the fields of a row; `SpendingSum` and `GroupPerformance` explain them.

    `uncounted` and `estimated` are the numbers of calls of unknown and of estimated cost, `p50_s`
    is the median duration of a call.
    `tokens_per_s` is of all calls together, its percentiles are of single calls.
    """
    spent, performance = row.spent, row.performance
    return {
        by: row.key,
        "calls": spent.calls,
        "uncounted": spent.uncounted,
        "estimated": spent.estimated,
        "failed": performance.failed,
        "retries": performance.retries,
        **asdict(spent.usage),
        "p50_first_token_s": rounded(performance.p50_first_token_s),
        "p95_first_token_s": rounded(performance.p95_first_token_s),
        "p50_s": rounded(performance.p50_s),
        "tokens_per_s": rounded(performance.tokens_per_s),
        "p50_tokens_per_s": rounded(performance.p50_tokens_per_s),
        "p95_tokens_per_s": rounded(performance.p95_tokens_per_s),
        "cost_usd": exact_digits(spent.cost),
    }


def _total(rows: Sequence[SpendingRow]) -> SpendingSum:
    return sum((row.spent for row in rows), SpendingSum())


def rows_as_csv(by: str, rows: Sequence[SpendingRow], delimiter: str = ",") -> str:
    """Return the rows as CSV; no cell is a formula."""
    text = io.StringIO()
    table = [_fields(by, row) for row in rows]
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    # The header comes from an empty row, because there may be no rows.
    empty_row = SpendingRow("", SpendingSum())
    names = list(_fields(by, empty_row))
    writer.writerow(names)
    for row in table:
        writer.writerow([_cell(row[name]) for name in names])
    return text.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, str):
        return escape_cell(clean_line(value))
    return "" if value is None else value


def _write_table(
    by: Grouping, rows: Sequence[SpendingRow], months: Sequence[ProviderMonth]
) -> None:
    lines = [(tr(HEADINGS[by]), tr("Cost"), tr("Calls"), tr("Tokens"))] if rows else []
    for row in rows:
        spent = row.spent
        tokens = formatting.number(spent.usage.input_tokens + spent.usage.output_tokens)
        cost = spent_text(spent)  # with a sign: without it, an unknown cost of "$0" looks free
        calls = formatting.number(spent.calls)
        lines.append((clean_line(row.key) or "–", cost, calls, tokens))
    name_width = max((len(line[0]) for line in lines), default=0)
    for name, cost, calls, tokens in lines:
        write_line(f"{name:<{name_width}}  {cost:>10}  {calls:>7}  {tokens:>12}")
    write_line(total_text(_total(rows)))
    for month in months:
        write_line(month_line(month))


def month_line(month: ProviderMonth) -> str:
    """Return a line with a provider's spending this month, and the expected total."""
    name = month.profile.short_name
    spent = month_text(month.month)
    forecast = formatting.money(month.forecast)
    if month.month.cap is None:
        line = tr(
            "{provider}: {spent} this month, {forecast} expected",
            provider=name,
            spent=spent,
            forecast=forecast,
        )
    else:
        line = tr(
            "{provider}: {spent} of {limit} this month, {forecast} expected",
            provider=name,
            spent=spent,
            limit=formatting.money(month.month.cap),
            forecast=forecast,
        )
    return " · ".join([line, *uncertain_sentences(month.month)])
