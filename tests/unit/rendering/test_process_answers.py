"""Replies of the typesetting and lexing processes are checked, as they may be malicious."""

from __future__ import annotations

from typing import Any

import pytest

from desktop_app.rendering.processes import highlight
from desktop_app.rendering.processes.formula_client import FormulaClient
from desktop_app.rendering.processes.highlight import CodeColor, ColoredSpan
from desktop_app.rendering.processes.math_typesetting import MAX_SVG_LENGTH, parse_formula
from tests.helpers.children import python_child

pytestmark = pytest.mark.attack("sandbox")
XMLNS = 'xmlns="http://www.w3.org/2000/svg"'
PATH = '<path d="M 1 2 L 3 4 Z" fill="black" />'


def drawing(inner: str, attributes: str = XMLNS) -> str:
    return f"<svg {attributes}>{inner}</svg>"


def answer(svg: str, **lengths: Any) -> dict[str, Any]:
    return {"svg": svg, "width": 1.0, "ascent": 0.5, "depth": 0.5, **lengths}


@pytest.mark.parametrize(
    ("lengths", "is_taken"),
    [
        ({"width": 150}, True),
        ({"width": 150.1}, False),
        ({"ascent": 60, "depth": 0}, True),
        ({"ascent": 60, "depth": 0.1}, False),
        ({"ascent": 60.1, "depth": -60}, False),
        ({"ascent": -60, "depth": 60}, False),
        ({"ascent": -59, "depth": 60}, True),
    ],
)
def test_only_lengths_within_the_limits_are_accepted(
    lengths: dict[str, Any], is_taken: bool
) -> None:
    assert (parse_formula(answer(drawing(PATH), **lengths)) is not None) is is_taken


@pytest.mark.parametrize(
    ("svg", "is_taken"),
    [
        (drawing("<g>" * 49 + "</g>" * 49), True),
        (drawing("<g>" * 50 + "</g>" * 50), False),
        (drawing("<g/>" * 60), True),
        (drawing("<g/>") + "</svg>", False),
        (drawing("<g/>") + "<svg>", False),
        ("<path/>", False),
    ],
)
def test_only_closed_drawings_of_limited_depth_are_accepted(svg: str, is_taken: bool) -> None:
    assert (parse_formula(answer(svg)) is not None) is is_taken


HOSTILE = [
    drawing("text"),
    drawing("<image/>"),
    drawing('<path d="M 1 2" fill="url(http://127.0.0.1/)"/>'),
    drawing('<path d="M 1 2" stroke-dasharray="0.00001"/>'),
    drawing('<path onload="x"/>'),
    drawing("<script>x</script>"),
    drawing("<!-- x -->"),
    drawing("<a><b/></a>"),
    drawing("<g>"),
    drawing(PATH, 'xmlns="http://127.0.0.1/"'),
    f"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY x SYSTEM 'file:///x'>]>{drawing(PATH)}",
    drawing(PATH * (MAX_SVG_LENGTH // len(PATH) + 1)),
    drawing("<g " + " " * 300_000),
]


@pytest.mark.parametrize("svg", HOSTILE, ids=range(len(HOSTILE)))
def test_other_drawings_are_refused(svg: str) -> None:
    assert parse_formula(answer(svg)) is None


@pytest.mark.parametrize("given", [None, {}, {"error": "too slow"}, {"svg": 3}, {"svg": None}])
def test_an_answer_without_a_drawing_is_refused(given: dict[str, Any] | None) -> None:
    assert parse_formula(given) is None


CODE = "if x:\n    pass"


def test_spans_within_the_code_are_accepted() -> None:
    found = {"spans": [[0, 0, 2, "keyword"], [1, 4, 4, "keyword"]]}
    spans = highlight.parse_colored_spans(found, CODE)
    assert spans == [
        ColoredSpan(0, 0, 2, CodeColor.KEYWORD),
        ColoredSpan(1, 4, 4, CodeColor.KEYWORD),
    ]
    longest = [[1, 14, 14, "keyword"]] * 14
    assert (
        highlight.parse_colored_spans({"spans": longest}, CODE)
        == [ColoredSpan(1, 14, 14, CodeColor.KEYWORD)] * 14
    )
    assert highlight.parse_colored_spans({"spans": []}, CODE) == []
    assert highlight.parse_colored_spans(None, CODE) is None


@pytest.mark.parametrize(
    "spans",
    [
        None,
        {},
        [[0, 0, 2, "purple"]],
        [[0, 0, 2, ["keyword"]]],
        [[3, 0, 2, "keyword"]],
        [[0, 0.5, 2, "keyword"]],
        [[0, 0, 1, "keyword"]] * 15,
        [7],
    ],
)
def test_other_spans_are_refused(spans: object) -> None:
    assert highlight.parse_colored_spans({"spans": spans}, CODE) is None


@pytest.mark.parametrize(
    "answers",
    [
        "print('x', flush=True)",
        "sys.stdout.write('[' * 3_000_000); sys.stdout.flush()",
        "sys.exit()",
    ],
)
def test_a_process_with_invalid_output_is_killed(answers: str) -> None:
    script = f"import sys\nsys.stdin.readline()\n{answers}\nsys.stdin.read()\n"
    formulas = FormulaClient(python_child(script))
    assert formulas.find("x", display=False) is None
    assert formulas.descriptors == ()
    formulas.close()
