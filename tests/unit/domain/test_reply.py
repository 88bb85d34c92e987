"""The fold of events: however a stream is split, the reply is the same."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.answering.reply import Reply, accumulate
from desktop_app.domain.answering.stream_events import (
    Completed,
    Failed,
    HostedCall,
    ImageArrived,
    Incomplete,
    MessageBegan,
    Notice,
    ReasoningDelta,
    ReasoningItem,
    RefusalDelta,
    RoundEnded,
    Started,
    StatusChanged,
    StreamEvent,
    TextDelta,
    TextWasReasoning,
    ToolCallDelta,
    ToolCallStep,
    UsageReported,
)
from desktop_app.domain.conversations.conversation import MessageStatus
from desktop_app.domain.conversations.message_parts import (
    ImagePart,
    ReasoningPart,
    RefusalPart,
    TextPart,
    ToolCallPart,
    tool_calls,
)
from desktop_app.domain.cost import Usage
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.errors import ContentFilteredError, StreamCutError


def fold(*events: StreamEvent) -> Reply:
    return reduce(accumulate, events, Reply())


# ---------------------------------------------------------------- properties

texts = st.text(max_size=12)
pieces = st.one_of(
    st.builds(TextDelta, texts),
    st.builds(RefusalDelta, texts),
    st.builds(ReasoningDelta, texts, st.integers(0, 2)),
    st.builds(ToolCallDelta, st.integers(0, 2), texts, texts, texts),
    st.builds(ReasoningItem, st.text(min_size=1, max_size=3), texts),
    st.builds(Started, texts, texts),
    st.builds(UsageReported, st.builds(Usage, st.integers(0, 9))),
    st.builds(Notice, texts),
    st.builds(StatusChanged, st.just(1.0), st.builds(ErrorNote, texts)),
)
ends = st.one_of(
    st.just(Completed()), st.builds(Incomplete, texts), st.just(Failed(StreamCutError("Cut.")))
)


def split(event: StreamEvent, at: int) -> list[StreamEvent]:
    """Split an event in two, as a server with smaller chunks would."""
    match event:
        case TextDelta(text):
            return [TextDelta(text[:at]), TextDelta(text[at:])]
        case RefusalDelta(text):
            return [RefusalDelta(text[:at]), RefusalDelta(text[at:])]
        case ReasoningDelta(text, section):
            return [ReasoningDelta(text[:at], section), ReasoningDelta(text[at:], section)]
        case ToolCallDelta(index, arguments, call_id, name):
            first = ToolCallDelta(index, arguments[:at], call_id, name)
            return [first, ToolCallDelta(index, arguments[at:])]
        case _:
            return [event]


@given(st.lists(pieces), ends, st.data())
def test_any_split_of_a_stream_makes_the_same_reply(
    events: list[StreamEvent], end: StreamEvent, data: st.DataObject
) -> None:
    finer = [part for event in events for part in split(event, data.draw(st.integers(0, 12)))]
    assert fold(*finer, end) == fold(*events, end)


@given(st.lists(pieces), ends, st.lists(st.one_of(pieces, ends)))
def test_events_after_a_terminal_event_change_nothing(
    events: list[StreamEvent], end: StreamEvent, late: list[StreamEvent]
) -> None:
    assert fold(*events, end, *late) == fold(*events, end)


@given(st.lists(pieces))
def test_no_text_is_lost_and_none_invented(events: list[StreamEvent]) -> None:
    expected = "".join(event.text for event in events if isinstance(event, TextDelta))
    assert fold(*events).text == expected


@given(st.lists(pieces), pieces)
def test_an_event_does_not_change_the_earlier_reply(
    events: list[StreamEvent], event: StreamEvent
) -> None:
    before = fold(*events)
    parts, text = before.parts, before.text
    accumulate(before, event)
    assert (before.parts, before.text) == (parts, text)


# ---------------------------------------------------------------- by example


def test_parts_are_in_the_order_of_their_arrival() -> None:
    reply = fold(
        ReasoningDelta("First"),
        ReasoningDelta(" thought.", 0),
        ReasoningDelta("Second.", 1),
        ReasoningItem("rs_1", "secret"),
        TextDelta("Well, "),
        ReasoningDelta("Third."),
        TextDelta("no."),
        RefusalDelta("I cannot."),
        ToolCallDelta(1, "{}", "c1", "g"),
        ToolCallDelta(0, "[", "c0", "f"),
        ToolCallDelta(0, "]"),
    )
    assert reply.parts == (
        ReasoningPart("First thought.\n\nSecond.", "rs_1", "secret"),
        TextPart("Well, "),
        ReasoningPart("Third."),
        TextPart("no."),
        RefusalPart("I cannot."),
        ToolCallPart("c1", "g", "{}"),
        ToolCallPart("c0", "f", "[]"),
    )
    assert reply.text == "Well, \n\nno."
    assert reply.status is MessageStatus.STREAMING


def test_a_message_begins_a_paragraph_of_its_own() -> None:
    reply = fold(
        MessageBegan("commentary"),
        TextDelta("Let me see"),
        TextDelta("."),
        MessageBegan("commentary"),  # it never gets a text
        MessageBegan("final_answer"),
        TextDelta("4"),
        TextDelta("2"),
        RoundEnded(),
        MessageBegan(),
        RefusalDelta("No."),
    )
    assert reply.parts == (
        TextPart("Let me see.", "commentary"),
        TextPart("42", "final_answer"),
        RefusalPart("No."),
    )


def test_details_of_a_request_stand_before_its_calls() -> None:
    details = ReasoningItem("", details="[1]", issuer="https://a:443")
    reply = fold(
        *(TextDelta("First."), RoundEnded()),
        *(ToolCallDelta(0, "{}", "c", "f"), details, RoundEnded()),
        *(ReasoningDelta("Hm."), ToolCallDelta(0, "{}", "d", "f"), details),
    )
    assert reply.parts == (
        TextPart("First."),
        ReasoningPart("", details="[1]", issuer="https://a:443"),
        ToolCallPart("c", "f", "{}", round=1),
        ReasoningPart("Hm.", details="[1]", issuer="https://a:443"),
        ToolCallPart("d", "f", "{}", round=2),
    )


def test_an_item_without_summary_is_kept_for_the_next_turn() -> None:
    reply = fold(ReasoningItem("rs_1", "secret"), ReasoningDelta("New."), TextDelta("Yes"))
    assert reply.parts == (
        ReasoningPart("", "rs_1", "secret"),
        ReasoningPart("New."),
        TextPart("Yes"),
    )


def test_a_section_begins_with_a_gap_only_if_reasoning_precedes_it() -> None:
    reply = fold(ReasoningItem("", "secret"), ReasoningDelta("a", 1), ReasoningDelta("b", 2))
    assert reply.parts == (ReasoningPart("a\n\nb", "", "secret"),)


def test_events_set_facts_about_the_reply() -> None:
    reply = fold(
        Started(request_id="x"),
        Started("resp", "gpt-5.2"),
        UsageReported(Usage(1)),
        UsageReported(Usage(2)),
        Notice("One."),
        StatusChanged(1, ErrorNote("Busy.")),
        Notice("Two."),
        Notice("One."),
    )
    assert (reply.response_id, reply.model, reply.usage) == ("resp", "gpt-5.2", Usage(2))
    assert reply.notices == ("One.", "Two.")
    assert reply.is_empty


@pytest.mark.parametrize(
    ("end", "status"),
    [
        (Completed(), MessageStatus.COMPLETE),
        (Incomplete("max_output_tokens"), MessageStatus.INCOMPLETE),
        (Incomplete("content_filter"), MessageStatus.REFUSED),
        (Failed(ContentFilteredError("No.")), MessageStatus.REFUSED),
        (Failed(StreamCutError("Cut.")), MessageStatus.FAILED),
    ],
)
def test_the_last_event_decides_the_status(end: StreamEvent, status: MessageStatus) -> None:
    reply = fold(TextDelta("a"), end)
    assert (reply.status, reply.text) == (status, "a")


def test_the_rounds_of_a_tool_loop_are_one_reply() -> None:
    image = ImagePart("0" * 64, "a.png", "image/png", 9)
    search = ToolCallPart("h", "web_search", "{}", is_hosted=True)
    reply = fold(
        Started("r1"),
        TextDelta(" I look. "),
        ToolCallDelta(0, "{}", "", "f"),
        ToolCallDelta(1, "{}", "a", "g"),
        ToolCallDelta(2, "{}", "a", "h"),
        TextWasReasoning(),
        UsageReported(Usage(10, 0, 1), "flex"),
        RoundEnded(),
    )
    assert [call.call_id for call in tool_calls(reply.parts)] == ["call_0_0", "a", "call_0_2"]
    assert reply.parts[0] == ReasoningPart("I look.")
    assert (reply.round, reply.round_start, reply.response_id) == (1, 4, "")
    assert (reply.round_usage, reply.is_uncounted) == (None, False)
    assert not reply.may_be_billed
    assert fold(RoundEnded()).is_uncounted
    reply = reduce(
        accumulate,
        [
            ReasoningDelta("So"),
            HostedCall(search),
            HostedCall(replace(search, result="3"), image_part=image),
            ToolCallDelta(0, "{", "a", "f"),
            ToolCallDelta(0, "}"),
            TextDelta("Done"),
            ImageArrived(b"", image),
            ImageArrived(b"", None),
            UsageReported(Usage(20, 5, 2)),
        ],
        reply,
    )
    assert reply.parts[4:] == (
        ReasoningPart("So"),
        replace(search, result="3", round=1),
        image,
        ToolCallPart("a", "f", "{}", round=1),
        TextPart("Done"),
        image,
    )
    assert (reply.usage, reply.round_usage) == (Usage(30, 5, 3), Usage(20, 5, 2))
    assert reply.usages == (Usage(10, 0, 1), Usage(20, 5, 2))
    assert reply.service_tier == "flex"
    assert reply.may_be_billed
    assert accumulate(reply, ToolCallStep(ToolCallPart("other", "f", "{}"))) == reply
    assert [call.call_id for call in tool_calls(accumulate(reply, RoundEnded()).parts)][-1] == (
        "call_1_1"
    )


@pytest.mark.parametrize(("length", "is_kept"), [(1, True), (64, True), (65, False)])
def test_a_long_id_of_a_call_is_replaced(length: int, is_kept: bool) -> None:
    (call,) = tool_calls(fold(ToolCallDelta(0, "{}", "i" * length, "f"), RoundEnded()).parts)
    assert call.call_id == ("i" * length if is_kept else "call_0_0")


@pytest.mark.parametrize(
    ("events", "is_billed"),
    [
        ([], False),
        ([Started("r")], True),
        ([TextDelta("a")], True),
        ([Completed()], True),
        ([Incomplete("x")], True),
        ([Failed(StreamCutError("Cut."))], False),
        ([Started("r"), RoundEnded(), Completed()], False),
        ([RoundEnded(), TextDelta("a"), Completed()], True),
    ],
)
def test_an_answer_that_has_begun_may_be_billed(events: list[StreamEvent], is_billed: bool) -> None:
    assert fold(*events).may_be_billed is is_billed


def test_a_request_keeps_a_bounded_number_of_calls() -> None:
    pieces = [ToolCallDelta(n, text, str(n), "look") for text in "{}" for n in range(250)]
    reply = fold(*pieces, RoundEnded(), ToolCallDelta(0, "{}", "next", "look"))
    calls = tool_calls(reply.parts)
    assert [call.call_id for call in calls] == [*map(str, range(200)), "next"]
    assert all(call.arguments == "{}" for call in calls)
    assert len(reply.calls) == 251


def test_parts_that_do_not_change_are_made_once() -> None:
    calls = [ToolCallDelta(number, "{}", str(number), "look") for number in range(3)]
    before = fold(TextDelta("Wait."), *calls)
    step = replace(tool_calls(before.parts)[1], result="4")
    after = accumulate(before, ToolCallStep(step))
    same = [old is new for old, new in zip(before.parts, after.parts, strict=True)]
    assert same == [True, True, False, True]
    assert tool_calls(after.parts)[1].result == "4"
