"""Spans cover the text that the lexer highlighted, on the right lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pygments.lexers.special import TextLexer

from desktop_app.markdown.processes import highlight
from desktop_app.markdown.processes.highlight import CodeColor, ColoredSpan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pygments.token import _TokenType


def test_spans_have_line_numbers() -> None:
    python = highlight.lexer_for("python")
    assert python is not None
    found = list(highlight.spans('def f():\n    """a\n    b"""\n    return 12  # c\n', python))
    assert ColoredSpan(0, 0, 3, CodeColor.KEYWORD) in found
    assert ColoredSpan(0, 4, 1, CodeColor.FUNCTION) in found
    assert ColoredSpan(2, 0, 8, CodeColor.STRING) in found
    assert ColoredSpan(3, 11, 2, CodeColor.NUMBER) in found
    assert ColoredSpan(3, 15, 3, CodeColor.COMMENT) in found


def test_spans_begin_after_a_byte_order_mark() -> None:
    python = highlight.lexer_for("python")
    assert python is not None
    assert ColoredSpan(0, 5, 2, CodeColor.NUMBER) in highlight.spans("\ufeffx = 12\n", python)


def test_an_unknown_language_has_no_lexer() -> None:
    assert highlight.lexer_for("no-such-language") is None


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
def test_names_of_languages_that_models_use_are_known(language: str, code: str) -> None:
    found = highlight.lexer_for(language)
    assert found is not None
    assert list(highlight.spans(code, found))


def test_leading_and_missing_line_ends_do_not_shift_spans() -> None:
    python = highlight.lexer_for("python")
    assert python is not None
    assert list(highlight.spans("\n\nif x", python)) == [ColoredSpan(2, 0, 2, CodeColor.KEYWORD)]


def test_the_last_line_is_colored_without_its_line_end() -> None:
    diff = highlight.lexer_for("diff")
    assert diff is not None
    assert ColoredSpan(1, 0, 5, CodeColor.INSERTED) in list(highlight.spans("- old\n+ new", diff))


class Recording(TextLexer):
    """A lexer that records each text that it is given."""

    def __init__(self) -> None:
        super().__init__(stripnl=False, ensurenl=False)
        self.given: list[str] = []

    def get_tokens(self, text: str, unfiltered: bool = False) -> Iterator[tuple[_TokenType, str]]:
        self.given.append(text)
        return super().get_tokens(text, unfiltered)


@pytest.mark.parametrize("line", ["words\n", "\n", "    a = 1\n", "def f():\n    pass\n\n\n"])
def test_long_code_is_lexed_in_chunks(line: str) -> None:
    lexer, code = Recording(), line * 9_000
    assert list(highlight.spans(code, lexer)) == []
    assert "".join(given.removesuffix("\n") for given in lexer.given) == code
    assert len(lexer.given) > 1
    assert max(map(len, lexer.given)) <= 8_001


@pytest.mark.slow
def test_a_lexer_that_is_too_slow_for_a_file_is_dropped() -> None:
    assert list(highlight.file_spans("Feature: x\n" + " \n" * 4_000, "gherkin")) == []
    assert list(highlight.file_spans("Feature: x", "gherkin")) == []
    spans = list(highlight.file_spans("if 12:\n" * 2_000, "python"))
    assert spans[-1] == ColoredSpan(1_999, 3, 2, CodeColor.NUMBER)


def test_chunks_of_long_code_begin_where_nothing_is_open() -> None:
    python = highlight.lexer_for("python")
    assert python is not None
    unit = 'def f():\n    """One\n\n    and more."""\n    return 12\n\n\n'
    found = list(highlight.spans(unit * 1_000, python))
    one = list(highlight.spans(unit, python))
    lines = unit.count("\n")
    assert found == [s._replace(line=s.line + n * lines) for n in range(1_000) for s in one]
