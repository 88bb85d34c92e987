"""What a call costs: parts with prices of their own, long prompts, and sums that servers state."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.cost import (
    FREE,
    CallCost,
    CallUsage,
    LongPrice,
    Price,
    Usage,
    cost_of,
    cost_of_calls,
    counted_cost,
)

# gpt-6.1-sol: OpenAI's model page, November 2026.
LONG = Price(Decimal(4), Decimal(15), Decimal("0.2"), Decimal(5))
SOL = Price(Decimal(2), Decimal(10), Decimal("0.1"), Decimal("2.5"), long=LongPrice(272_000, LONG))
AUDIO = Price(Decimal(2), Decimal(8), audio_input=Decimal(32), audio_output=Decimal(64))


@pytest.mark.parametrize(
    ("price", "usage", "cost"),
    [
        # As genai-prices 0.2.3 computes it: 100,000 at 0.2, 200,000 at 5, 1,000 at 15.
        (SOL, CallUsage(300_000, 100_000, 1_000, cache_write_tokens=200_000), "1.035"),
        (SOL, CallUsage(272_000, 72_000, 1_000, cache_write_tokens=200_000), "0.5172"),
        (SOL, Usage(272_001, 0, 0), "1.088004"),
        (
            AUDIO,
            CallUsage(1_000, 0, 1_000, audio_input_tokens=500, audio_output_tokens=250),
            "0.039",
        ),
        (SOL, CallUsage(10, 0, 10, stated_cost=Decimal("1.25")), "1.25"),
        # Without prices of their own, the parts cost as much as the rest.
        (Price(Decimal(2), Decimal(8)), CallUsage(1_000, cache_write_tokens=1_000), "0.002"),
    ],
)
def test_each_part_of_a_call_costs_its_own_price(price: Price, usage: Usage, cost: str) -> None:
    assert price.cost(usage) == Decimal(cost)
    assert price.times(Decimal("0.5")).cost(Usage(5, 3, 2)) == price.cost(Usage(5, 3, 2)) / 2


@pytest.mark.parametrize(
    ("price", "usage", "lacks"),
    [
        (SOL, CallUsage(10, cache_write_tokens=5), False),
        (Price(Decimal(2), Decimal(8)), CallUsage(10, cache_write_tokens=5), True),
        (SOL, CallUsage(10, audio_input_tokens=5), True),
        (SOL, CallUsage(10, 0, 10, audio_output_tokens=5), True),
        (SOL, CallUsage(10, audio_input_tokens=5, stated_cost=Decimal(1)), False),
        (FREE, CallUsage(10, audio_input_tokens=5), False),
        (SOL, Usage(10, 5, 5, 5), False),
    ],
)
def test_a_part_without_a_price_is_known_as_such(price: Price, usage: Usage, lacks: bool) -> None:
    assert price.lacks_part_of(usage) is lacks


@pytest.mark.attack("money")
@pytest.mark.parametrize(
    ("stated", "input_tokens", "cost"),
    [
        ("1e-12", 100, "0.0102"),
        ("0.0002", 100, "0.0102"),
        ("0.002", 100, "0.002"),  # a discount
        (None, 100, "0.0102"),
        (None, 1, "0.0102"),
        ("1e-12", 1, "0.0102"),
    ],
)
def test_a_server_that_understates_is_counted_by_the_price(
    stated: str | None, input_tokens: int, cost: str
) -> None:
    amount = Decimal("0.0102")
    held = CallCost(Decimal("0.0002"), amount, amount, input_tokens=1000)
    usage = CallUsage(input_tokens, 0, 1000, stated_cost=stated and Decimal(stated))
    assert counted_cost(SOL, usage, held).amount == Decimal(cost)


def test_a_stated_sum_needs_no_price_and_wins() -> None:
    usage = CallUsage(1, 0, 1, stated_cost=Decimal("0.5"))
    assert cost_of(None, usage) == Decimal("0.5")
    assert counted_cost(None, usage).amount == Decimal("0.5")
    assert counted_cost(FREE, usage).amount == Decimal("0.5")
    assert counted_cost(SOL, usage, is_billed=False).amount == 0
    assert cost_of_calls(SOL, [usage, Usage(1_000_000, 0, 0)]) == Decimal("4.5")
    assert cost_of_calls(None, [usage, Usage(1)]) is None


def test_each_call_of_several_has_the_price_of_its_own_size() -> None:
    calls = [Usage(200_000), Usage(200_000)]
    assert cost_of_calls(SOL, calls) == Decimal("0.8")
    assert cost_of(SOL, Usage(400_000)) == Decimal("1.6")


def test_before_it_is_sent_a_prompt_may_be_written_to_the_cache() -> None:
    assert SOL.prompt_cost(1_000) == Decimal("0.002")  # too short to be kept
    assert SOL.prompt_cost(100_000) == Decimal("0.25")
    assert SOL.prompt_cost(300_000) == Decimal("1.5")
    assert AUDIO.prompt_cost(100_000) == Decimal("0.2")
    assert SOL.answer_cost(300_000, 1_000) == Decimal("0.015")


counts = st.integers(0, 1_000_000)


@given(counts, counts, counts, counts)
def test_no_estimate_is_below_the_cost_of_what_was_sent(
    plain: int, cached: int, written: int, output: int
) -> None:
    tokens = plain + cached + written
    is_written = written if tokens >= 1024 else 0  # OpenAI keeps no shorter prompt
    usage = CallUsage(tokens, cached, output, cache_write_tokens=is_written)
    assert SOL.cost(usage) <= SOL.prompt_cost(tokens) + SOL.answer_cost(tokens, output)
