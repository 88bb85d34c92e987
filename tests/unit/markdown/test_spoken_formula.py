"""Formulas in words."""

from __future__ import annotations

import pytest

from desktop_app.markdown.spoken_formula import spoken_formula


@pytest.mark.parametrize(
    ("tex", "words"),
    [
        (r"\frac12", "1 over 2"),
        (r"\frac{12}5", "12 over 5"),
        ("x^2y", "x squared y"),
        ("x^{10}", "x to the power of 10"),
        ("a_ij", "a sub i j"),
        (r"\sqrt2x", "square root of 2 x"),
        (r"\sqrt[3]{x+1}y", "cube root of x plus 1 y"),
        (r"\sqrt [2]x", "square root of x"),
        (r"\sqrt[n+1]{x}", "root of degree n plus 1 of x"),
        (r"\sqrt[\sqrt[3]{a}]{x}", "root of degree cube root of a of x"),
        (r"\sqrt[3", "cube root of"),
        ("x^", "x to the power of"),
        ("x^3 + x^\\prime - x'", "x cubed plus x prime minus x prime"),
        ("x^{'} + x^{\\prime}", "x prime plus x prime"),
        ("x^{prime}", "x to the power of prime"),
        (r"\dfrac{a+1}{b}", "a plus 1 over b"),
        (r"a \cdot b \leq \infty", "a times b is at most infinity"),
        (r"\left( a \right)", "( a )"),
        (r"\alpha\,\beta\;c", "alpha beta c"),
        (r"a \\ b", "a ; b"),
        (r"\{a\}", "a"),
        (r"\sum_{i=1}^n i", "sum sub i equals 1 to the power of n i"),
        ("{a}}b", "a b"),
        ("{a", "a"),
        (r"\frac{a}", "a over"),
        (r"\frac{a", "a over"),
        ("a\\", "a \\"),
        ("3.14 < 4,5!", "3.14 is less than 4,5 factorial"),
    ],
)
def test_formulas_are_spoken_in_words(tex: str, words: str) -> None:
    assert spoken_formula(tex) == words


def test_deeply_nested_groups_are_spoken() -> None:
    for depth in (39, 40, 900):
        assert spoken_formula("{" * depth + "a" + "}" * depth + "b") == "a b"
    assert spoken_formula("{a}" * 50) == " ".join("a" * 50)


@pytest.mark.parametrize("tex", ["^", "_", r"\sqrt", r"\frac", "{^", r"\sqrt["])
def test_deeply_nested_arguments_are_spoken(tex: str) -> None:
    assert "a" in spoken_formula(tex * 300 + " a").split()


def test_a_long_formula_is_cut() -> None:
    assert spoken_formula("a+" * 1_001) == " ".join(["a plus"] * 1_000)
