"""The beginning of a message that is too long to be shown."""

from __future__ import annotations

from dataclasses import replace

from desktop_app.domain.answering.shown_length import (
    MAX_SHOWN_ARGUMENT_CHARS,
    MAX_SHOWN_CHARS,
    MAX_SHOWN_LINES,
    NOT_ALL_SHOWN,
    ShownMessage,
    shorten,
)
from desktop_app.domain.conversations.conversation import Message, MessageStatus, Role, now
from desktop_app.domain.conversations.message_parts import ReasoningPart, TextPart, ToolCallPart

SHORT = Message("m", "c", None, Role.ASSISTANT, MessageStatus.COMPLETE, (TextPart("Yes."),), now())


def test_a_short_message_is_returned_unchanged() -> None:
    assert shorten(SHORT) is SHORT


def test_a_long_message_is_cut_with_a_notice() -> None:
    long = replace(SHORT, parts=(TextPart("a" * MAX_SHOWN_CHARS), TextPart("b"), TextPart("c")))
    shown = shorten(long)
    assert isinstance(shown, ShownMessage)
    assert shown.parts[1:] == (TextPart(""), TextPart(""))
    assert shown.stored is long
    assert shown.is_tree is False
    assert shown.notices == (NOT_ALL_SHOWN,)
    assert shown.text == "a" * MAX_SHOWN_CHARS


def test_lines_of_text_and_reasoning_are_limited_separately() -> None:
    lines = "a\n" * (MAX_SHOWN_LINES + 1)
    long = replace(SHORT, parts=(ReasoningPart(lines), TextPart(lines)))
    shown = shorten(long)
    reasoning, text = shown.parts
    assert isinstance(reasoning, ReasoningPart)
    assert isinstance(text, TextPart)
    assert reasoning.text == text.text == "a\n" * MAX_SHOWN_LINES


def test_arguments_and_results_of_tools_are_cut() -> None:
    words = "x" * (MAX_SHOWN_ARGUMENT_CHARS + 1)
    call = ToolCallPart("1", "search", words, edited=words, result=words)
    (shown,) = shorten(replace(SHORT, parts=(call,))).parts
    assert isinstance(shown, ToolCallPart)
    cut = "x" * MAX_SHOWN_ARGUMENT_CHARS
    assert (shown.arguments, shown.edited, shown.result) == (cut, cut, cut)
