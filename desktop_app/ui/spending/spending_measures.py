"""The measures that the charts of spending show, and the columns of their table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from desktop_app.domain.spending.spending_report import GroupPerformance, SpendingRow
from desktop_app.i18n.formatting import decimal, duration, money, number, percent, tokens
from desktop_app.i18n.translation import N_, tr

MISSING: Final = "–"
Measurement = Callable[[SpendingRow], float | None]


@dataclass(frozen=True)
class Measure:
    """A measure that a chart can show.

    Attributes:
        title: marked for translation.
        series: the name of each series, marked for translation, with a function that returns a
            row's value.
        text: formats a value.
        is_stacked: whether the series add up.
        is_by_model: True if only rows grouped by model have this measure.
    """

    title: str
    series: tuple[tuple[str, Measurement], ...]
    text: Callable[[float], str]
    is_stacked: bool = False
    is_by_model: bool = False

    def caption(self, row: SpendingRow) -> str:
        """Return the values of a row as text."""
        values = []
        for name, value in self.series:
            amount = value(row)
            amount_text = MISSING if amount is None else self.text(amount)
            values.append(tr("{name}: {value}", name=tr(name), value=amount_text))
        return " · ".join(values)


def cached_share(row: SpendingRow) -> float | None:
    """Return the percentage of the input that was read from a cache; None without input."""
    usage = row.spent.usage
    return 100 * usage.cached_tokens / usage.input_tokens if usage.input_tokens else None


def _format_dollars(value: float) -> str:
    return money(Decimal(repr(value)))  # the shortest digits, not those of the binary fraction


def _format_count(value: float) -> str:
    return number(round(value))


def _format_share(value: float) -> str:
    return percent(round(value))


def _format_tokens(value: float) -> str:
    return tokens(round(value))


def _format_per_second(value: float) -> str:
    return decimal(value, 1) if value < 10 else number(round(value))


def _reviews(kind: str) -> Measurement:
    return lambda row: None if row.reviews is None else row.reviews.get(kind, 0)


_VERDICTS: Final = (
    (N_("Reviewed"), _reviews("reviewed")),
    (N_("Corrected"), _reviews("corrected")),
    (N_("Rejected"), _reviews("rejected")),
)

MEASURES: Final[dict[str, Measure]] = {
    "cost": Measure(
        N_("Cost"), ((N_("Cost"), lambda row: float(row.spent.cost)),), _format_dollars
    ),
    "tokens": Measure(
        N_("Tokens"),
        (
            (
                N_("New input"),
                lambda row: row.spent.usage.input_tokens - row.spent.usage.cached_tokens,
            ),
            (N_("Cached input"), lambda row: row.spent.usage.cached_tokens),
            (
                N_("Response text"),
                lambda row: row.spent.usage.output_tokens - row.spent.usage.reasoning_tokens,
            ),
            (N_("Reasoning"), lambda row: row.spent.usage.reasoning_tokens),
        ),
        _format_tokens,
        is_stacked=True,
    ),
    "cached": Measure(N_("Cached share of input"), ((N_("Cached"), cached_share),), _format_share),
    "first-token": Measure(
        N_("Time to first token"),
        (
            (N_("Median"), lambda row: row.performance.p50_first_token_s),
            (N_("95th percentile"), lambda row: row.performance.p95_first_token_s),
        ),
        duration,
    ),
    "speed": Measure(
        N_("Tokens per second"),
        (
            (N_("Median"), lambda row: row.performance.p50_tokens_per_s),
            (N_("95th percentile"), lambda row: row.performance.p95_tokens_per_s),
        ),
        _format_per_second,
    ),
    "failures": Measure(
        N_("Failed requests"),
        ((N_("Failed"), lambda row: float(row.performance.failed)),),
        _format_count,
    ),
    "reviews": Measure(N_("Reviews"), _VERDICTS, _format_count, is_stacked=True, is_by_model=True),
}


def _share_text(row: SpendingRow) -> str:
    share = cached_share(row)
    return MISSING if share is None else _format_share(share)


def _measured_text(
    value: Callable[[GroupPerformance], float | None], text: Callable[[float], str]
) -> Callable[[SpendingRow], str]:
    """Return the text function of a column, whose text is a dash if no call was measured."""

    def cell(row: SpendingRow) -> str:
        measured = value(row.performance)
        return MISSING if measured is None else text(measured)

    return cell


COLUMNS: Final[tuple[tuple[str, Callable[[SpendingRow], str]], ...]] = (
    (N_("Cost"), lambda row: money(row.spent.cost)),
    (N_("Calls"), lambda row: number(row.spent.calls)),
    (N_("Not counted"), lambda row: number(row.spent.uncounted)),
    (N_("Input"), lambda row: number(row.spent.usage.input_tokens)),
    (N_("Cached"), _share_text),
    (N_("Output"), lambda row: number(row.spent.usage.output_tokens)),
    (N_("Reasoning"), lambda row: number(row.spent.usage.reasoning_tokens)),
    (N_("Failed"), _measured_text(lambda performance: performance.failed, _format_count)),
    (
        N_("First token"),
        _measured_text(lambda performance: performance.p50_first_token_s, duration),
    ),
    (
        N_("95th percentile"),
        _measured_text(lambda performance: performance.p95_first_token_s, duration),
    ),
    (N_("Duration"), _measured_text(lambda performance: performance.p50_s, duration)),
    (
        N_("Tokens/s"),
        _measured_text(lambda performance: performance.p50_tokens_per_s, _format_per_second),
    ),
)
"""The headings, marked for translation, and the functions for the texts of the cells."""
UNCOUNTED_COLUMN: Final = 3
"""The index of the column that is hidden if all calls were counted; the names are column 0."""


def _count_text(value: Measurement) -> Callable[[SpendingRow], str]:
    return lambda row: _format_count(value(row) or 0)


MODEL_COLUMNS: Final = (*COLUMNS, *((name, _count_text(value)) for name, value in _VERDICTS))
"""The columns of a table grouped by model."""
