"""Numbers and variants on the command line."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable

import pytest

from desktop_app.cli.choice_arguments import compared_choice, variant_choice
from desktop_app.cli.number_arguments import number_between, whole_number_between

NAMES = "instant, thinking, and pro"
EFFORTS = "none, minimal, low, medium, high, and xhigh"


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (number_between(0.0, 2.0), "0", 0.0),
        (number_between(0.0, 2.0), "2e0", 2.0),
        (whole_number_between(1, 8), "1", 1),
        (whole_number_between(1, 8), "8", 8),
        (whole_number_between(0), "123456789", 123456789),
        (variant_choice, "pro/high", "pro/high"),
        (variant_choice, "instant", "instant"),
        (compared_choice, "llama/huge", "llama/huge"),
        (compared_choice, "thinking", "thinking"),
        (compared_choice, "thinking/none", "thinking/none"),
    ],
)
def test_numbers_in_range_are_accepted(
    parse: Callable[[str], object], text: str, value: object
) -> None:
    assert parse(text) == value


@pytest.mark.parametrize(
    ("parse", "text", "words"),
    [
        (number_between(0.0, 2.0), "-0.1", "“-0.1” isn’t a number from 0 to 2"),
        (number_between(0.05, 1.5), "1.6", "“1.6” isn’t a number from 0.05 to 1.5"),
        (number_between(0.0, 2.0), "nan", "“nan” isn’t a number from 0 to 2"),
        (number_between(0.0, float("inf")), "inf", "“inf” isn’t a number from 0 to inf"),
        (number_between(0.0, 2.0), "x", "“x” isn’t a number from 0 to 2"),
        (whole_number_between(1, 8), "0", "“0” isn’t a whole number from 1 to 8"),
        (whole_number_between(1, 10_000), "10001", "“10001” isn’t a whole number from 1 to 10,000"),
        (whole_number_between(1, 8), "1.5", "“1.5” isn’t a whole number from 1 to 8"),
        (whole_number_between(3), "2", "“2” isn’t a whole number from 3 up"),
        (whole_number_between(3), "x", "“x” isn’t a whole number from 3 up"),
        (variant_choice, "llama", f"“llama” isn’t one of {NAMES}"),
        (variant_choice, "pro/huge", f"“huge” isn’t one of {EFFORTS}"),
        (compared_choice, "pro/", f"“” isn’t one of {EFFORTS}"),
    ],
)
def test_a_refusal_states_the_range(parse: Callable[[str], object], text: str, words: str) -> None:
    with pytest.raises(ArgumentTypeError) as refused:
        parse(text)
    assert str(refused.value) == words
