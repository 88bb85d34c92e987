"""Math typesetting: the supported TeX, TeX shown as source, and limits for hostile TeX."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from desktop_app.child_processes import child_command, open_child
from desktop_app.rendering.processes.math_typesetting import (
    CannotTypesetError,
    Formula,
    is_within_limits,
    parse_formula,
    typeset,
)

KNOWN = [
    "x", r"\frac{a}{b}", r"\sum_{i=0}^n x_i^2", r"\int_0^\infty e^{-x^2}\,dx=\frac{\sqrt\pi}{2}",
    r"\begin{pmatrix}a&b\\c&d\end{pmatrix}", r"\begin{cases}1&x>0\\0\end{cases}", r"a < b",
    r"\operatorname{softmax}(x)", r"\mathbb{R}^n \to \mathcal{L}", r"\hat{y} \vec v",
    r"\text{if } x", r"\begin{aligned}a&=b\\&=c\end{aligned}", r"\left(\frac12\right)",
    r"\lim_{n\to\infty}",
]  # fmt: skip
UNKNOWN = [
    "", " ", "{", "^", "a^b^c", r"\frac{a}", r"\foo x", "\x00", "\ud800", r"\hspace{99999em}x",
    r"\rule{9999em}{9999em}", "x" * 2000, "{" * 100 + "}" * 100, r"\includegraphics{a.png}",
]  # fmt: skip


@pytest.mark.parametrize("tex", KNOWN)
def test_formulas_are_typeset(tex: str) -> None:
    made = typeset(tex, display=False)
    assert made.svg.startswith("<svg")
    assert 0 < made.width < 40
    assert 0 < made.ascent + made.depth < 10
    assert "href" not in made.svg


def test_a_fraction_is_centered_on_the_axis() -> None:
    made = typeset(r"\frac{a}{b}", display=True)
    assert made.ascent > 0.5
    assert made.depth > 0.3
    assert typeset("x", display=False).depth < 0.1


@pytest.mark.parametrize("tex", UNKNOWN)
def test_unknown_tex_is_refused(tex: str) -> None:
    with pytest.raises(CannotTypesetError):
        typeset(tex, display=False)


def test_nesting_has_a_limit() -> None:
    assert is_within_limits(r"\frac{1}{" * 10 + "x" + "}" * 10)
    assert not is_within_limits(r"\left(" * 60)
    assert is_within_limits(r"\{" * 60)


def test_the_process_survives_endless_typesetting() -> None:
    hostile = [r"\left(" * 20 + "x" + r"\right)" * 20, "\ud800"]
    requests = [{"id": n, "tex": tex, "display": True} for n, tex in enumerate([*hostile, "x"])]
    pipe = subprocess.PIPE
    asked = "".join(json.dumps(request) + "\n" for request in requests)
    with open_child(child_command("math"), stdin=pipe, stdout=pipe, stderr=pipe) as process:
        output, complaints = process.communicate(asked.encode(), timeout=60)
    answers = [json.loads(line) for line in output.splitlines()]
    assert [answer["id"] for answer in answers] == [0, 1, 2]
    assert ["error" in answer for answer in answers] == [True, True, False]
    assert complaints == b""


@pytest.mark.parametrize(
    ("tex", "is_tried"),
    [("x" * 1_500, True), ("x" * 1_501, False), ("", False), (" \n", False), ("}" * 30, True)],
)
def test_empty_and_long_formulas_are_outside_the_limits(tex: str, is_tried: bool) -> None:
    assert is_within_limits(tex) is is_tried


@pytest.mark.parametrize(
    "length", [pytest.param(10**400, id="huge"), float("nan"), float("inf"), 61, "1", None, True]
)
def test_an_answer_with_an_impossible_length_is_refused(length: object) -> None:
    answer = {"svg": "<svg></svg>", "width": 1, "ascent": 1, "depth": 1}
    assert parse_formula(answer) == Formula("<svg></svg>", 1, 1, 1)
    assert parse_formula({**answer, "depth": length}) is None


def test_lengths_are_in_em() -> None:
    made = typeset(r"\frac{a}{b}", display=True)
    size = re.match(r'<svg [^>]* width="([\d.]+)" height="([\d.]+)"', made.svg)
    assert size
    assert made.width * 24 == pytest.approx(float(size[1]), abs=0.01)
    assert (made.ascent + made.depth) * 24 == pytest.approx(float(size[2]), abs=0.01)
