"""Processes that answer line by line: answers, restarts, time limits and refused answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from desktop_app.markdown.processes import formula_client
from desktop_app.markdown.processes.formula_client import FormulaClient
from desktop_app.markdown.processes.json_server import (
    MAX_ANSWER_BYTES,
    lex_code,
    parse_answer,
    typeset_formula,
)
from desktop_app.markdown.processes.math_typesetting import Formula, typeset
from tests.helpers.children import python_child

ECHO = """
import json, sys
for line in sys.stdin:
    sys.stdout.write(json.dumps({"id": 0, "got": json.loads(line)}) + "\\n")
    sys.stdout.flush()
"""


def test_the_process_serves_several_requests() -> None:
    client = FormulaClient(python_child(ECHO))
    try:
        assert client.ask({"a": 1}) == {"got": {"id": 0, "a": 1}}
        process = client._process
        assert client.ask({"b": "é" * 100_000}) == {"got": {"id": 0, "b": "é" * 100_000}}
        assert client._process is process is not None
    finally:
        client.close()
    assert client._process is None
    client.close()


def test_an_ended_process_is_restarted() -> None:
    client = FormulaClient(python_child("print('{\"id\": 0}', flush=True); input()"))
    try:
        assert client.ask({}) == {}
        assert client.ask({}) is None
        assert client._process is None
        assert client.ask({}) == {}
    finally:
        client.close()


@pytest.mark.parametrize("waits", ["sys.stdin.read()", "signal.pause()"])
def test_a_request_to_a_hanging_process_has_no_answer(
    monkeypatch: pytest.MonkeyPatch, waits: str
) -> None:
    monkeypatch.setattr(formula_client, "_MAX_WAIT_S", 0.01)
    client = FormulaClient(python_child(f"import signal, sys; {waits}"))
    assert client.ask({"a": "long " * 100_000}) is None
    assert client._process is None


def test_formulas_are_cached() -> None:
    drawing = '{"id": 0, "svg": "<svg></svg>", "width": 1, "ascent": 2, "depth": 0}'
    formulas = FormulaClient(python_child(f"print('{drawing}', flush=True); input(); input()"))
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
        (b'{"id": 3}' + b" " * (MAX_ANSWER_BYTES - 9), {}),
        (b'{"id": 3}' + b" " * (MAX_ANSWER_BYTES - 8), None),
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
    assert formulas._process is None
    formulas.close()
