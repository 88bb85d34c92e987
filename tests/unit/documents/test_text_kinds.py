"""Kinds of text, which tokenizers count differently."""

from __future__ import annotations

import pytest

from desktop_app.documents.index.text_kinds import count_by_kind, kind_of
from desktop_app.domain.models.token_rates import TextKind

PROSE, CODE, DIGITS = TextKind.PROSE, TextKind.CODE, TextKind.DIGITS
CJK, OTHER = TextKind.CJK, TextKind.OTHER


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", PROSE),
        (" \n", PROSE),
        ("It rained.", PROSE),
        # More than a quarter of a line in another script, spaces not counted
        ("abc 雨", PROSE),
        ("ab 雨", CJK),
        ("abc م", PROSE),
        ("ab م", OTHER),
        ("a雨م", CJK),
        ("ab雨雨مممم", OTHER),
        ("été", PROSE),
        # More than 30 % digits
        ("abcdefg 123", PROSE),
        ("abcdef 123", DIGITS),
        # More than 12 % marks
        ("a" * 22 + "{=}", PROSE),
        ("a" * 21 + "{=}", CODE),
        ("a == 123456", DIGITS),
    ],
)
def test_lines_are_classified(line: str, expected: TextKind) -> None:
    assert kind_of(line) is expected


def test_lines_of_a_kind_are_counted_together() -> None:
    counted: list[str] = []

    def count(text: str) -> int:
        counted.append(text)
        return len(text)

    text = "One.\nTwo.\n1 2 3\nThree.\n"
    assert count_by_kind(text, count) == {PROSE: 17, DIGITS: 6}
    assert counted == ["One.\nTwo.\n", "1 2 3\n", "Three.\n"]


def test_a_long_line_is_classified_in_pieces() -> None:
    text = "words" * 400 + "12345" * 400 + "x"
    assert count_by_kind(text, len) == {PROSE: 2001, DIGITS: 2000}
