"""The processes of formulas and code: their answers, and which are accepted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from desktop_app.markdown.processes.formula_client import FormulaClient
from desktop_app.markdown.processes.json_server import lex_code, parse_answer, typeset_formula
from desktop_app.markdown.processes.math_typesetting import Formula, typeset
from tests.helpers.children import frame_child


def test_formulas_are_cached() -> None:
    script = """
import json
number = json.loads(read())["id"]
drawing = {"svg": "<svg></svg>", "width": 1, "ascent": 2, "depth": 0}
write(json.dumps({"id": number, **drawing}).encode())
"""
    formulas = FormulaClient(frame_child(script))
    expected = Formula("<svg></svg>", 1.0, 2.0, 0.0)
    try:
        for _ in range(2):
            assert formulas.find("x", display=True) == expected
        assert formulas.find(" ", display=True) is None
        assert formulas.find("x", display=False) is None  # that process answers only once
        assert formulas.find("x", display=True) == expected
    finally:
        formulas.close()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b'{"id": 3, "a": 1}\n', {"a": 1}),
        (b'{"id": 3}', {}),
        (b'{"id": 4, "a": 1}\n', None),
        (b"[3]", None),
        (b"{", None),
        (b"[" * 3_000_000, None),
    ],
)
def test_only_the_answer_to_the_request_is_accepted(line: bytes, expected: Any) -> None:
    assert parse_answer(line, 3) == expected


def test_the_processes_answer_as_documented() -> None:
    formula = typeset_formula({"tex": "x", "display": False})
    assert formula == typeset("x", display=False)._asdict()
    assert json.loads(json.dumps(formula)) == formula
    assert typeset_formula({"tex": " ", "display": False}) == {"error": "out of limits"}
    assert lex_code({"language": "python", "code": "if 1:\n  pass"}) == {
        "spans": [(0, 0, 2, "keyword"), (0, 3, 1, "number"), (1, 2, 4, "keyword")]
    }
    assert lex_code({"language": "none-such", "code": "x"}) == {"error": "no lexer"}
