"""Tokens and money. Money is Decimal US dollars, as every provider here bills in them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

MILLION = Decimal(1_000_000)


@dataclass(frozen=True)
class Usage:
    """Tokens of one call as the provider reported them; `cached` is part of `input_tokens`,
    `reasoning` part of `output_tokens`."""

    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.cached_tokens + other.cached_tokens,
            self.output_tokens + other.output_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
        )


@dataclass(frozen=True)
class Price:
    """US dollars for a million tokens; without a price for cached input the full one counts."""

    input: Decimal
    output: Decimal
    cached_input: Decimal | None = None

    def times(self, multiplier: Decimal) -> Price:
        """The price at a provider that charges `multiplier` of the list price."""
        cached = None if self.cached_input is None else self.cached_input * multiplier
        return Price(self.input * multiplier, self.output * multiplier, cached)

    def of(self, usage: Usage) -> Decimal:
        """What `usage` costs, exact."""
        cached_price = self.input if self.cached_input is None else self.cached_input
        fresh = usage.input_tokens - usage.cached_tokens
        total = (
            fresh * self.input
            + usage.cached_tokens * cached_price
            + usage.output_tokens * self.output
        )
        return total / MILLION


FREE = Price(Decimal(0), Decimal(0), Decimal(0))


def format_money(amount: Decimal) -> str:
    """Dollars for people: cents from one cent up, else enough digits to tell it from nothing.

    >>> [format_money(Decimal(x)) for x in ("4.118", "0.08", "0.0095", "0.0034", "0.00004", "0")]
    ['$4.12', '$0.08', '$0.01', '$0.003', '$0.00004', '$0']
    """
    if amount == 0:
        return "$0"
    if amount >= Decimal("0.01"):
        return f"${amount.quantize(Decimal('0.01'), ROUND_HALF_UP)}"
    one_digit = amount.quantize(Decimal(1).scaleb(amount.adjusted()), ROUND_HALF_UP)
    return f"${one_digit.normalize():f}"  # 0.0095 has become 0.010


def format_exact(amount: Decimal) -> str:
    """Dollars with every digit, at least those of cents.

    >>> [format_exact(Decimal(x)) for x in ("4.1", "10", "0.0000875", "0", "1E+1")]
    ['$4.10', '$10.00', '$0.0000875', '$0.00', '$10.00']
    """
    digits = f"{amount:f}"
    whole, _, fraction = digits.partition(".")
    return f"${whole}.{fraction.rstrip('0').ljust(2, '0')}"


def format_tokens(count: int) -> str:
    """Token counts for people.

    >>> [format_tokens(x) for x in (7, 1900, 12345, 272000, 1_050_000)]
    ['7', '1.9k', '12k', '272k', '1.1M']
    """
    if count < 1000:
        return str(count)
    if count < 9950:
        return f"{count / 1000:.1f}k"
    if count < 999_500:
        return f"{count / 1000:.0f}k"
    return f"{count / 1_000_000:.1f}M"
