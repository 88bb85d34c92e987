"""Formulas in words."""

from __future__ import annotations

import pytest

from desktop_app.rendering.spoken_formula import spoken_formula


@pytest.mark.parametrize(
    ("tex", "words"),
    [
        (r"\frac12", "1 over 2"),
        (r"\frac{12}5", "12 over 5"),
        ("x^2y", "x squared y"),
        ("x^{10}", "x to the power of 10"),
        ("a_ij", "a sub i j"),
        (r"\sqrt2x", "square root of 2 x"),
        ("x^", "x to the power of"),
    ],
)
def test_a_letter_or_digit_is_an_argument_of_its_own(tex: str, words: str) -> None:
    assert spoken_formula(tex) == words
