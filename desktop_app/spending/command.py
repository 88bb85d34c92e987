"""`repartee spending`: cost, tokens, failures and speed of the calls."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from desktop_app.child_processes import environment_with_keys
from desktop_app.cli.command_setup import open_store, run_command
from desktop_app.cli.console import clean_line, write, write_json, write_line
from desktop_app.domain.conversations.conversation import now
from desktop_app.domain.cost import exact_digits
from desktop_app.domain.spending_report import Grouping, SpendingRow, SpendingSum, month_forecast
from desktop_app.domain.statistics import rounded
from desktop_app.exchange.csv_cell import escape_cell
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import tr
from desktop_app.providers.gateway.environment_profiles import all_profiles, profiles_of_environment
from desktop_app.settings.settings_store import SettingsStore
from desktop_app.spending.ledger import Ledger

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
    """The spending at a provider in this month; `cap` is its limit, None for no limit."""

    profile: ProviderProfile
    spent: Decimal
    forecast: Decimal
    cap: Decimal | None


def run_spending(options: Options) -> int:
    """Run the command; return the exit code."""
    return run_command(_show_spending(options), options)


async def _show_spending(options: Options) -> int:
    rows, months = await _read_rows(Grouping(options.by))
    if options.json:
        write_json(_as_json(options.by, rows, months))
    elif options.csv:
        write(rows_as_csv(options.by, rows))
    else:
        _write_table(rows, months)
    return 0


async def _read_rows(by: Grouping) -> tuple[list[SpendingRow], list[ProviderMonth]]:
    from_environment = [p for p, _ in profiles_of_environment(environment_with_keys())]
    async with open_store() as database:
        ledger = Ledger(database)
        profiles = all_profiles(from_environment, await SettingsStore(database).profiles())
        return await ledger.group_spending(by), await current_months(ledger, profiles)


async def current_months(
    ledger: Ledger, profiles: Sequence[ProviderProfile]
) -> list[ProviderMonth]:
    """Return this month's spending at each provider that has a limit or any known cost."""
    moment = now()
    months = []
    for profile in profiles:
        # Several profiles may share a cap, against which the spending of each of them counts.
        spent = (await ledger.spent_in_month(moment, *profile.ids_under_cap)).cost
        if spent or profile.monthly_cap is not None:
            forecast = month_forecast(spent, moment)
            months.append(ProviderMonth(profile, spent, forecast, profile.monthly_cap))
    return months


def _as_json(
    by: str, rows: Sequence[SpendingRow], months: Sequence[ProviderMonth]
) -> dict[str, Any]:
    return {
        "by": by,
        "rows": [_fields(by, row) for row in rows],
        "total_usd": exact_digits(_total(rows)),
        "months": [
            {
                "provider": month.profile.id,
                "spent_usd": exact_digits(month.spent),
                "forecast_usd": exact_digits(month.forecast.quantize(_FORECAST_STEP)),
                "limit_usd": None if month.cap is None else exact_digits(month.cap),
            }
            for month in months
        ],
    }


def _fields(by: str, row: SpendingRow) -> dict[str, Any]:
    """Return the fields of a row; `SpendingSum` and `GroupPerformance` explain them.

    `uncounted` is the number of calls of unknown cost, `p50_s` the median duration of a call.
    `tokens_per_s` is of all calls together, its percentiles are of single calls.
    """
    spent, performance = row.spent, row.performance
    return {
        by: row.key,
        "calls": spent.calls,
        "uncounted": spent.uncounted,
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


def _total(rows: Sequence[SpendingRow]) -> Decimal:
    return sum((row.spent for row in rows), SpendingSum()).cost


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


def _write_table(rows: Sequence[SpendingRow], months: Sequence[ProviderMonth]) -> None:
    width = max((len(row.key) for row in rows), default=0)
    name_width = max(width, 1)  # room for the dash, even if no row has a name
    for row in rows:
        spent = row.spent
        tokens = formatting.tokens(spent.usage.input_tokens + spent.usage.output_tokens)
        cost = formatting.money(spent.cost)
        if spent.uncounted:
            # Calls of unknown cost come on top of the sum; without a sign, "$0" would look free.
            cost = f"≥ {cost}"
        name = clean_line(row.key) or "–"
        write_line(f"{name:<{name_width}}  {cost:>10}  {spent.calls:>7}  {tokens:>7}")
    cost = formatting.money(_total(rows))
    uncounted = sum(row.spent.uncounted for row in rows)
    if uncounted:
        write_line(tr("Total: {cost} · {count} not counted", cost=cost, count=uncounted))
    else:
        write_line(tr("Total: {cost}", cost=cost))
    for month in months:
        write_line(month_line(month))


def month_line(month: ProviderMonth) -> str:
    """Return a line with a provider's spending this month, and the expected total."""
    name = month.profile.short_name
    spent = formatting.money(month.spent)
    forecast = formatting.money(month.forecast)
    if month.cap is None:
        return tr(
            "{provider}: {spent} this month, {forecast} expected",
            provider=name,
            spent=spent,
            forecast=forecast,
        )
    return tr(
        "{provider}: {spent} of {limit} this month, {forecast} expected",
        provider=name,
        spent=spent,
        limit=formatting.money(month.cap),
        forecast=forecast,
    )
