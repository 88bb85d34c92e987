"""Texts are cut between what readers see as characters."""

from __future__ import annotations

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.conversations.conversation import title_from
from desktop_app.domain.graphemes import border_from, cut, shorten, shorten_middle

FAMILY, NORWAY = "👨\u200d👩\u200d👧\u200d👦", "🇳🇴"
SCOTLAND = "🏴" + "".join(chr(0xE0000 + ord(letter)) for letter in "gbsct\x7f")
PIECES = (
    "a", " ", "é", "e\u0301", "ß", "日", "か\u3099", "ｶﾞ", "한", "\u1112\u1161\u11ab", "ก็", "น้ำ",
    "क्षि", "நி", "👍🏽", "❤️", "1️⃣", FAMILY, NORWAY, SCOTLAND, "🇯🇵",
)  # fmt: skip


def borders(text: str) -> set[int]:
    return {0, *(match.end() for match in regex.finditer(r"\X", text))}


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join), st.integers(1, 30))
def test_cuts_are_at_borders_of_graphemes(text: str, limit: int) -> None:
    beginning = cut(text, limit)
    assert text.startswith(beginning)
    first = min(borders(text) - {0}, default=0)
    assert len(beginning) <= limit
    assert len(beginning) in borders(text) or first > limit
    assert border_from(text, limit) in borders(text) or limit > len(text)


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("short", 5, "short"),
        (f"ab{FAMILY}", 6, "ab…"),
        (NORWAY * 3, 5, NORWAY * 2 + "…"),
        ("क्षत्रिय", 5, "क्ष…"),
        ("東京、大阪、京都", 4, "東京…"),
    ],
)
def test_a_shortened_text_ends_with_an_ellipsis(text: str, limit: int, expected: str) -> None:
    assert shorten(text, limit) == expected


def test_a_name_loses_its_middle() -> None:
    assert shorten_middle(f"report-{FAMILY}-2026.pdf", 20) == "report-…-2026.pdf"


def test_a_title_is_cut_after_a_word_unless_that_loses_half_of_it() -> None:
    assert title_from("Compare the three offers", 15) == "Compare the…"
    title = "Python 的列表推导式是怎么工作的，请举例说明"
    assert title_from(title, 16) == "Python 的列表推导式是怎…"
