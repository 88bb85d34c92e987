"""The beginning of a message that is too long to be shown."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.answering.shown_length import (
    MAX_SHOWN_ARGUMENT_CHARS,
    MAX_SHOWN_CHARS,
    NOT_ALL_SHOWN,
    ShownMessage,
    ShownTextLimiter,
    shorten,
)
from desktop_app.domain.conversations.conversation import Message, MessageStatus, Role, now
from desktop_app.domain.conversations.message_parts import TextPart, ToolCallPart

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


def test_arguments_and_results_of_tools_are_cut() -> None:
    words = "x" * (MAX_SHOWN_ARGUMENT_CHARS + 1)
    call = ToolCallPart("1", "search", words, edited=words, result=words)
    (shown,) = shorten(replace(SHORT, parts=(call,))).parts
    assert isinstance(shown, ToolCallPart)
    cut = "x" * MAX_SHOWN_ARGUMENT_CHARS
    assert (shown.arguments, shown.edited, shown.result) == (cut, cut, cut)


@given(st.lists(st.sampled_from(["a" * 300_000, "\n" * 19_999, "b\n", "c", ""]), max_size=12))
def test_pieces_are_cut_at_the_same_position_as_the_whole(pieces: list[str]) -> None:
    whole, streamed = ShownTextLimiter(), ShownTextLimiter()
    assert whole.shown_part("".join(pieces)) == "".join(
        streamed.shown_part(piece) for piece in pieces
    )
    assert whole.is_cut == streamed.is_cut
