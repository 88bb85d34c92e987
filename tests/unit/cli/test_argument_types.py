"""Arguments of the command line that are numbers, variants or models."""

from __future__ import annotations

from collections.abc import Callable

import click
import pytest

from desktop_app.cli.command_line import (
    number,
    variant_argument,
    variant_or_model_argument,
    whole_number,
)

NAMES = "instant, thinking, and pro"
EFFORTS = "none, minimal, low, medium, high, xhigh, and max"


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (number(0.0, 2.0), "0", 0.0),
        (number(0.0, 2.0), "2e0", 2.0),
        (whole_number(1, 8), "1", 1),
        (whole_number(1, 8), "8", 8),
        (whole_number(0), "123456789", 123456789),
        (variant_argument, "pro/high", "pro/high"),
        (variant_argument, "instant", "instant"),
        (variant_or_model_argument, "llama/huge", "llama/huge"),
        (variant_or_model_argument, "thinking", "thinking"),
        (variant_or_model_argument, "thinking/none", "thinking/none"),
    ],
)
def test_numbers_in_range_and_known_variants_are_accepted(
    parse: Callable[[str], object], text: str, value: object
) -> None:
    assert parse(text) == value


@pytest.mark.parametrize(
    ("parse", "text", "words"),
    [
        (number(0.0, 2.0), "-0.1", "“-0.1” isn’t a number from 0 to 2"),
        (number(0.05, 1.5), "1.6", "“1.6” isn’t a number from 0.05 to 1.5"),
        (number(0.0, 2.0), "nan", "“nan” isn’t a number from 0 to 2"),
        (number(0.0, float("inf")), "inf", "“inf” isn’t a number from 0 to inf"),
        (number(0.0, 2.0), "x", "“x” isn’t a number from 0 to 2"),
        (whole_number(1, 8), "0", "“0” isn’t a whole number from 1 to 8"),
        (whole_number(1, 10_000), "10001", "“10001” isn’t a whole number from 1 to 10,000"),
        (whole_number(1, 8), "1.5", "“1.5” isn’t a whole number from 1 to 8"),
        (whole_number(3), "2", "“2” isn’t a whole number from 3 up"),
        (whole_number(3), "x", "“x” isn’t a whole number from 3 up"),
        (variant_argument, "llama", f"“llama” isn’t one of {NAMES}"),
        (variant_argument, "pro/huge", f"“huge” isn’t one of {EFFORTS}"),
        (variant_or_model_argument, "pro/", f"“” isn’t one of {EFFORTS}"),
    ],
)
def test_a_refusal_states_what_is_accepted(
    parse: Callable[[str], object], text: str, words: str
) -> None:
    with pytest.raises(click.BadParameter) as refused:
        parse(text)
    assert refused.value.message == words
