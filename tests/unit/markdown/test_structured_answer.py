"""Answers with a form as Markdown: tables, trees and code."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from desktop_app.domain.answering.shown_length import ShownMessage
from desktop_app.domain.conversations.conversation import Message, MessageStatus
from desktop_app.domain.conversations.message_parts import RefusalPart, TextPart, ToolCallPart
from desktop_app.domain.conversations.notices import NoticeCode, notice
from desktop_app.markdown.structured_answer import (
    form_fence,
    has_json_value,
    json_value,
    with_rendered_form,
)
from tests.helpers.messages import answer

SCHEMA = notice(NoticeCode.SCHEMA_USED, name="x")
PROBLEM = notice(NoticeCode.SCHEMA_PROBLEM, problem="x")
FENCE = "~~~~~~~~~~~~"
CALL = ToolCallPart("1", "search", "{}")


def grammar(language: str) -> Any:
    return notice(NoticeCode.GRAMMAR_USED, name="x", syntax="lark", language=language)


def shown(value: Any) -> str:
    made = with_rendered_form(answer(json.dumps(value), notices=(SCHEMA,)), as_text=False)
    assert isinstance(made, ShownMessage)
    assert made.is_tree is not made.text.startswith(FENCE)
    return made.text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([{"a": 1, "b": "x"}, {"b": None}], "| a | b |\n| --- | --- |\n| 1 | x |\n|  |  |"),
        ([{"": "a | b"}], "|   |\n| --- |\n| a \\| b |"),
        ({"a": "x", "b": None}, "- **a**: x\n- **b**: –"),
        ({"a": ["x", 2]}, "- **a**\n  - x\n  - 2"),
        ({"a": {"b": {"c": 1}}, "": 2}, "- **a**\n  - **b**\n    - **c**: 1\n- 2"),
        ([1, [2], {"a": 3}], "- 1\n- •\n  - 2\n- •\n  - **a**: 3"),
        ({"a": [], "b": {}}, "- **a**: &#91;&#93;\n- **b**: \\{\\}"),
        (
            {"a": 1, "b": [{"c": 2}], "d": 3},
            "- **a**: 1\n\n**b**\n\n| c |\n| --- |\n| 2 |\n\n- **d**: 3",
        ),
        ({"a": {"b": [{"c": 2}]}}, "- **a**\n  - **b**\n    - •\n      - **c**: 2"),
        ({"*a*": "(b)\n  c_d"}, "- **\\*a\\***: &#40;b&#41; c\\_d"),
        ({"": [{"c": 2}], " ": 3}, "\n\n\n| c |\n| --- |\n| 2 |\n\n- 3"),
        ([], f"{FENCE}json\n[]\n{FENCE}"),
        (5, f"{FENCE}json\n5\n{FENCE}"),
    ],
)
def test_json_becomes_a_table_or_a_tree(value: Any, expected: str) -> None:
    assert shown(value) == expected


def test_the_deepest_values_are_shown_as_json() -> None:
    value: Any = {"end": []}
    for _ in range(13):
        value = [value]
    lines = [*("  " * level + "- •" for level in range(12))]
    assert shown(value).split("\n") == [*lines, "  " * 12 + '- \\{\\"end\\"\\: &#91;&#93;\\}']


def test_long_json_is_shown_as_code() -> None:
    fits, too_long = (["x" * (200_000 - 4 + more)] for more in (0, 1))
    assert shown(fits).startswith("- xxx")
    assert shown(too_long).startswith(f"{FENCE}json\n")


@pytest.mark.parametrize(
    ("notices", "text", "status", "expected"),
    [
        ((), "[1]", MessageStatus.COMPLETE, "[1]"),
        ((SCHEMA,), "[1]", MessageStatus.COMPLETE, "- 1"),
        ((SCHEMA,), "[1]", MessageStatus.STREAMING, f"{FENCE}json\n[1]"),
        ((SCHEMA,), "", MessageStatus.STREAMING, ""),
        ((SCHEMA,), "[1]", MessageStatus.CANCELLED, f"{FENCE}json\n[1]\n{FENCE}"),
        ((SCHEMA, PROBLEM), "[1]", MessageStatus.COMPLETE, f"{FENCE}json\n[1]\n{FENCE}"),
        ((SCHEMA,), "[1", MessageStatus.COMPLETE, f"{FENCE}json\n[1\n{FENCE}"),
        ((SCHEMA,), " ", MessageStatus.COMPLETE, " "),
        (("words", SCHEMA), "[1]", MessageStatus.COMPLETE, "- 1"),
        ((grammar("c++"),), "x;", MessageStatus.COMPLETE, f"{FENCE}c++\nx;\n{FENCE}"),
        ((grammar("a b"),), "x;", MessageStatus.COMPLETE, f"{FENCE}\nx;\n{FENCE}"),
        ((PROBLEM,), "[1]", MessageStatus.COMPLETE, "[1]"),
    ],
)
def test_answers_with_a_form_are_shown_by_their_state(
    notices: tuple[Any, ...], text: str, status: MessageStatus, expected: str
) -> None:
    assert with_rendered_form(answer(text, status, notices=notices), as_text=False).text == expected


def parts_of(message: Message) -> list[str]:
    return [getattr(part, "text", "call") for part in message.parts]


def test_only_text_after_the_last_tool_call_changes() -> None:
    message = answer("[1]", notices=(SCHEMA,))
    parts = (TextPart("Look."), CALL, TextPart("Again."), CALL, TextPart("[1]"))
    made = with_rendered_form(replace(message, parts=parts), as_text=False)
    assert parts_of(made) == ["Look.", "call", "Again.", "call", "- 1"]
    streamed = replace(message, parts=parts, status=MessageStatus.STREAMING)
    assert parts_of(with_rendered_form(streamed, as_text=False)) == [
        "call",
        "call",
        f"{FENCE}json\nLook.\n\nAgain.\n\n[1]",
    ]


def test_the_stored_answer_is_unchanged() -> None:
    message = answer("[1]", notices=(SCHEMA,))
    made = with_rendered_form(message, as_text=False)
    assert isinstance(made, ShownMessage)
    assert (made.stored, made.is_tree, json_value(message)) == (message, True, [1])
    again = with_rendered_form(made, as_text=True)
    assert isinstance(again, ShownMessage)
    assert (again.stored, again.is_tree) == (message, False)
    assert again.text == f"{FENCE}json\n- 1\n{FENCE}"


def test_refusals_and_other_answers_are_unchanged() -> None:
    refusal = replace(answer("", notices=(SCHEMA,)), parts=(RefusalPart("No."),))
    for message in (refusal, answer("[1]")):
        assert with_rendered_form(message, as_text=False) is message
    assert (form_fence(answer("x")), has_json_value(answer("x"))) == ("", False)
    assert has_json_value(answer("[1]", notices=(SCHEMA,)))
    assert not has_json_value(answer("[1]", MessageStatus.CANCELLED, notices=(SCHEMA,)))


def test_a_value_nested_too_deeply_is_invalid() -> None:
    message = answer("[" * 100_000 + "]" * 100_000, notices=(SCHEMA,))
    with pytest.raises(ValueError, match="too deep"):
        json_value(message)
    assert with_rendered_form(message, as_text=False).text.startswith(FENCE)


def test_a_value_that_can_just_be_read_is_shown_as_code() -> None:
    for depth in range(900, 1_000):
        message = answer("[" * depth + "]" * depth, notices=(SCHEMA,))
        assert with_rendered_form(message, as_text=False).text


def test_a_blank_answer_is_not_shown_as_a_tree() -> None:
    made = with_rendered_form(answer(" ", notices=(SCHEMA,)), as_text=False)
    assert isinstance(made, ShownMessage)
    assert (made.text, made.is_tree) == (" ", False)
