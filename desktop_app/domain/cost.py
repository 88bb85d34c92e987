"""Tokens and money. Amounts are US dollars as Decimal, because the providers bill in them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from desktop_app.domain.bounds import Count
from desktop_app.domain.value import Value

MILLION = Decimal(1_000_000)
USUAL_ANSWER_TOKENS: Final = 1000
"""The output tokens that are assumed of an answer before the user's own were measured."""


class Usage(Value, frozen=True):
    """The tokens of a call, as the provider reported them.

    `cached_tokens` is part of `input_tokens`, `reasoning_tokens` part of `output_tokens`.
    """

    input_tokens: Count = 0
    cached_tokens: Count = 0
    output_tokens: Count = 0
    reasoning_tokens: Count = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.cached_tokens + other.cached_tokens,
            self.output_tokens + other.output_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
        )

    def __sub__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens - other.input_tokens,
            self.cached_tokens - other.cached_tokens,
            self.output_tokens - other.output_tokens,
            self.reasoning_tokens - other.reasoning_tokens,
        )


class Price(NamedTuple):
    """US dollars per million tokens; `cached_input` is None if it costs as much as other input."""

    input: Decimal
    output: Decimal
    cached_input: Decimal | None = None

    @property
    def is_free(self) -> bool:
        """Return True if every price is 0."""
        return not (self.input or self.output or self.cached_input)

    def times(self, multiplier: Decimal) -> Price:
        """Return the price with every amount multiplied by `multiplier`."""
        cached = None if self.cached_input is None else self.cached_input * multiplier
        return Price(self.input * multiplier, self.output * multiplier, cached)

    def cost(self, usage: Usage) -> Decimal:
        """Return the exact cost of `usage`."""
        cached_price = self.input if self.cached_input is None else self.cached_input
        uncached_tokens = usage.input_tokens - usage.cached_tokens
        total = (
            uncached_tokens * self.input
            + usage.cached_tokens * cached_price
            + usage.output_tokens * self.output
        )
        return total / MILLION


class TypicalAnswer(NamedTuple):
    """The medians of recent complete answers of a model with an effort; None if unknown."""

    seconds: float | None = None
    output_tokens: int | None = None


FREE = Price(Decimal(0), Decimal(0), Decimal(0))


def cost_of(price: Price | None, usage: Usage | None) -> Decimal | None:
    """Return the US dollars of `usage`; None if the price or the usage is unknown."""
    return None if price is None or usage is None else price.cost(usage)


def call_cost(price: Price | None, usage: Usage | None, *, is_billed: bool) -> Decimal | None:
    """Return the US dollars of a call; None if they are unknown.

    Args:
        is_billed: False if the provider refused the call, or was not reached.
    """
    if not is_billed or (price is not None and price.is_free):
        return Decimal(0)
    return cost_of(price, usage)


def sum_costs(costs: Sequence[Decimal | None]) -> Decimal | None:
    """Return the sum of costs; None if one of them is unknown."""
    known_costs = [cost for cost in costs if cost is not None]
    return sum(known_costs, Decimal(0)) if len(known_costs) == len(costs) else None


def exact_digits(amount: Decimal) -> str:
    """Return every digit of an amount, with at least two decimals, for text fields.

    >>> exact_digits(Decimal("1234.5"))
    '1234.50'
    """
    digits = f"{amount:f}"
    whole, _, fraction = digits.partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(2, '0')}"
