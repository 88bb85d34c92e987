"""Spans cover what the lexer coloured, on the right lines."""

from __future__ import annotations

import pytest

from desktop_app.rendering import highlight
from desktop_app.rendering.highlight import Colour, Span


def test_spans_know_their_lines() -> None:
    python = highlight.lexer("python")
    assert python is not None
    found = list(highlight.spans('def f():\n    """a\n    b"""\n    return 12  # c\n', python))
    assert Span(0, 0, 3, Colour.KEYWORD) in found
    assert Span(0, 4, 1, Colour.FUNCTION) in found
    assert Span(2, 0, 8, Colour.STRING) in found
    assert Span(3, 11, 2, Colour.NUMBER) in found
    assert Span(3, 15, 3, Colour.COMMENT) in found


def test_an_unknown_language_has_no_lexer() -> None:
    assert highlight.lexer("no-such-language") is None


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("python:main.py", "def f(): pass"),
        ("python,linenos", "def f(): pass"),
        ("{.python}", "def f(): pass"),
        ("jsonl", '{"a": 1}'),
        ("SVG", "<a/>"),
        ("php", "echo 1;"),
    ],
)
def test_languages_as_models_name_them(language: str, code: str) -> None:
    found = highlight.lexer(language)
    assert found is not None
    assert list(highlight.spans(code, found))


def test_leading_and_missing_line_ends_shift_nothing() -> None:
    python = highlight.lexer("python")
    assert python is not None
    assert list(highlight.spans("\n\nif x", python)) == [Span(2, 0, 2, Colour.KEYWORD)]


def test_the_last_line_is_coloured_without_its_end() -> None:
    diff = highlight.lexer("diff")
    assert diff is not None
    assert Span(1, 0, 5, Colour.STRING) in list(highlight.spans("- old\n+ new", diff))
