"""The facts beside an answer, a tool call and an attachment."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_app.domain.conversations import message_facts
from desktop_app.domain.conversations.message_parts import (
    ChosenPages,
    DocumentPart,
    ImagePart,
    PageImage,
    ToolCallPart,
)
from desktop_app.domain.tools.call_state import ToolCallState

_NESTED = "[" * 500 + "0," * 20_000 + "0" + "]" * 500


RUNNING = ToolCallPart("1", "files__find", '{"q": "é"}', state=ToolCallState.RUNNING)
ALLOWED = ToolCallPart("1", "clock", "{}", state=ToolCallState.ALLOWED)
DONE = ToolCallPart("1", "x", "[1]", state=ToolCallState.DONE, result="3", seconds=0)


@pytest.mark.parametrize(
    ("call", "is_streaming", "line"),
    [
        (ToolCallPart("1", "clock", "{}"), True, "clock() · Requested"),
        (ToolCallPart("1", "clock", "{}"), False, "clock() · Not run"),
        (ALLOWED, True, "clock() · Allowed"),
        (RUNNING, True, "files/find(q: é) · Running"),
        (replace(RUNNING, result="3 of\n9"), True, "files/find(q: é) · Running · 3 of 9"),
        (
            replace(DONE, edited="[2]", seconds=2),
            False,
            "x([2]) · Done · Arguments changed · 2.0 s",
        ),
    ],
)
def test_a_tool_call_is_described_on_one_line(
    call: ToolCallPart, is_streaming: bool, line: str
) -> None:
    assert message_facts.call_line(call, is_streaming=is_streaming) == line


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ('{"city": "Oslo", "days": 3, "at": ["é"]}', 'city: Oslo, days: 3, at: ["é"]'),
        ("{}", ""),
        ("two\n words", "two words"),
        ("[" * 100_000, f"{'[' * 59}…"),
        ("a" * 61, f"{'a' * 59}…"),
    ],
)
def test_arguments_are_cut_to_a_short_line(arguments: str, line: str) -> None:
    assert message_facts.short_arguments(arguments) == line


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        ('{"city": "Åre"}', ["{", '  "city": "Åre"', "}"]),
        ("no JSON\nat all", ["no JSON", "at all"]),
        ("[" * 100_000, ["[" * 100_000]),
        (_NESTED, [_NESTED]),
    ],
)
def test_arguments_are_indented(arguments: str, lines: list[str]) -> None:
    assert message_facts.argument_lines(arguments) == lines


def _document(
    pages: int | None = None,
    tokens: int | None = None,
    *,
    seen: int = 0,
    chosen: ChosenPages | None = None,
) -> DocumentPart:
    pictured = tuple(PageImage(number, 100, 200) for number in range(1, seen + 1))
    return DocumentPart("", "a", "", 9, pages, tokens, pictured=pictured, chosen=chosen)


@pytest.mark.parametrize(
    ("part", "line"),
    [
        (ImagePart("", "a", "image/png", 9, 30, 40), "a\u200330 × 40"),
        (ImagePart("", "a", "image/png", 9), "a"),
        (_document(1, 1), "a\u20031 page\u20031 token"),
        (_document(2, seen=1), "a\u20032 pages, 1 as image"),
        (_document(3, seen=2), "a\u20033 pages, 2 as images"),
        (_document(9, chosen=ChosenPages("page", ((3, 4),), 9)), "a\u2003pages 3–4 of 9"),
    ],
)
def test_an_attachment_is_described_on_one_line(part: DocumentPart | ImagePart, line: str) -> None:
    assert message_facts.attachment_line(part) == line
