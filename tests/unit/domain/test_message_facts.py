"""The facts beside an answer, a tool call and an attachment."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from desktop_app.domain.conversations import message_facts
from desktop_app.domain.conversations.conversation import Message, MessageStatus, ModelChoice
from desktop_app.domain.conversations.message_parts import (
    ChosenPages,
    DocumentPart,
    ImagePart,
    PageImage,
    ToolCallPart,
)
from desktop_app.domain.cost import Usage
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.models.variants import Effort
from desktop_app.domain.tools.tool import ToolCallState
from tests.helpers.messages import answer, question

_NESTED = "[" * 500 + "0," * 20_000 + "0" + "]" * 500


@pytest.mark.parametrize(
    ("usage", "facts"),
    [
        (None, []),
        (Usage(), ["Input: 0 tokens", "Output: 0 tokens"]),
        (
            Usage(input_tokens=800, cached_tokens=200, output_tokens=1, reasoning_tokens=2),
            [
                "Input: 800 tokens",
                "Cached share of the input: 25%",
                "Output: 1 token",
                "Reasoning: 2 tokens",
            ],
        ),
        (Usage(cached_tokens=5), ["Input: 0 tokens", "Output: 0 tokens"]),
    ],
)
def test_tokens_are_listed_by_kind(usage: Usage | None, facts: list[str]) -> None:
    assert message_facts.token_facts(answer("Yes.", usage=usage)) == facts


@pytest.mark.parametrize(
    ("reply", "facts"),
    [
        (answer("a"), ["Thinking", "High"]),
        (answer("a", choice=None), []),
        (answer("a", choice=ModelChoice("p", "m")), ["M"]),
        (answer("a", choice=None, usage=Usage(9, 1, 3, 2)), ["12 tokens"]),
        (answer("a", choice=None, cost=Decimal("0.5")), ["$0.50"]),
        (answer("a", choice=None, cost=Decimal(0)), ["$0"]),
        (answer("a", choice=None, duration_s=0.04), ["0.1 s"]),
        (answer("a", choice=None, duration_s=0.2), ["0.2 s"]),
    ],
)
def test_the_known_facts_of_an_answer_are_listed(reply: Message, facts: list[str]) -> None:
    assert message_facts.answer_facts(reply, str.upper) == facts


@pytest.mark.parametrize(
    ("provider", "seconds", "lines"),
    [
        ("on-device", 2.0, ["12 tokens · 2.0 s", "Speed: 2 tokens/s"]),
        ("on-device", None, ["12 tokens"]),
        ("openai", 2.0, ["12 tokens · 2.0 s"]),
    ],
)
def test_details_tell_the_speed_of_models_on_this_computer(
    provider: str, seconds: float | None, lines: list[str]
) -> None:
    choice = ModelChoice(provider, "m")
    said = answer("a", choice=choice, usage=Usage(9, 1, 3, 2), duration_s=seconds)
    told = message_facts.detail_lines(said)
    assert [told[0], *(line for line in told if line.startswith("Speed"))] == lines


def test_facts_without_an_effort_keep_a_model_named_like_one() -> None:
    reply = answer("Yes.", choice=ModelChoice("p", "m", effort=Effort.HIGH), answered_by="High")
    facts = message_facts.answer_facts(reply, lambda _model: "High", with_effort=False)
    assert facts == ["High", "answered by High"]
    assert message_facts.answer_facts(reply, lambda _model: "High") == [*facts, "High"]


@pytest.mark.parametrize(
    ("message", "speaker"),
    [
        (question("Why?"), "You"),
        (answer("a"), "GPT-5.2, High"),
        (answer("a", choice=ModelChoice("p", "m")), "m"),
        (answer("a", choice=ModelChoice("p", "")), "Response"),
        (answer("a", choice=None), "Response"),
    ],
)
def test_a_heading_names_the_speaker(message: Message, speaker: str) -> None:
    heading = message_facts.heading_of(message, lambda model: model.replace("gpt", "GPT"))
    assert heading.startswith(f"{speaker} · ")


@pytest.mark.parametrize(
    ("reasoning", "seconds", "thinking", "title"),
    [
        ("", None, True, "Thinking"),
        ("**Safe repeats**\n\nThe", None, True, "Thinking: Safe repeats"),
        ("", 0.9, False, "Thought"),
        ("**Safe repeats**\n\nThe", None, False, "Thought: Safe repeats"),
        ("", 1, False, "Thought for 1.0 s"),
        ("**Safe repeats**\n\nThe", 9.3, False, "Thought for 9.3 s: Safe repeats"),
    ],
)
def test_reasoning_has_the_title_of_its_summary(
    reasoning: str, seconds: float | None, thinking: bool, title: str
) -> None:
    assert message_facts.reasoning_title(reasoning, seconds, is_thinking=thinking) == title


@pytest.mark.parametrize(
    ("status", "has_error", "shown", "exported"),
    [
        (MessageStatus.COMPLETE, False, False, False),
        (MessageStatus.STREAMING, False, False, True),
        (MessageStatus.CANCELLED, False, True, True),
        (MessageStatus.CANCELLED, True, True, True),
        (MessageStatus.INCOMPLETE, False, True, True),
        (MessageStatus.INCOMPLETE, True, True, False),
        (MessageStatus.INTERRUPTED, True, True, False),
        (MessageStatus.REFUSED, True, True, False),
        (MessageStatus.FAILED, True, False, False),
    ],
)
def test_an_unusual_end_is_told_once(
    status: MessageStatus, has_error: bool, shown: bool, exported: bool
) -> None:
    reply = answer("Yes.", status, error=ErrorNote("Busy.") if has_error else None)
    assert bool(message_facts.ending_text(reply)) is shown
    assert bool(message_facts.export_ending(reply)) is exported


@pytest.mark.parametrize(
    ("message", "is_told"),
    [
        (answer(" \n"), True),
        (answer("", reasoning="So"), True),
        (answer("a"), False),
        (question(""), False),
    ],
)
def test_an_empty_answer_is_told(message: Message, is_told: bool) -> None:
    assert bool(message_facts.ending_text(message)) is is_told


RUNNING = ToolCallPart("1", "files__find", '{"q": "é"}', state=ToolCallState.RUNNING)
SEARCH = ToolCallPart("1", "search_library", '{"words": "contract"}')
DONE = replace(SEARCH, state=ToolCallState.DONE, result="A: …\nB: …\nC: …", seconds=0.4)
FAILED = replace(SEARCH, state=ToolCallState.FAILED, result="It took\ntoo long.")
DENIED = replace(SEARCH, state=ToolCallState.DENIED, result="The user did not allow this call.")
TO_SEARCH = "Search your conversations for “contract”"
SEARCHED = "Searched your conversations for “contract”"


@pytest.mark.parametrize(
    ("call", "is_streaming", "line"),
    [
        (SEARCH, True, f"{TO_SEARCH}…"),
        (SEARCH, False, f"{TO_SEARCH} · Not run"),
        (replace(SEARCH, state=ToolCallState.ALLOWED), True, f"{TO_SEARCH}…"),
        (replace(SEARCH, state=ToolCallState.ALLOWED), False, f"{TO_SEARCH} · Not run"),
        (RUNNING, True, "Use “find” of “files” (q: é)…"),
        (replace(RUNNING, result="3 of\n9"), True, "Use “find” of “files” (q: é)… · 3 of 9"),
        (DONE, False, f"{SEARCHED} · 3 found"),
        (replace(DONE, result="Nothing was found."), False, f"{SEARCHED} · Nothing found"),
        (replace(DONE, seconds=1.0), False, f"{SEARCHED} · 3 found · 1.0 s"),
        (FAILED, False, f"{TO_SEARCH} · Failed: It took too long."),
        (replace(FAILED, result="x" * 999), False, f"{TO_SEARCH} · Failed: {'x' * 200}"),
        (
            replace(FAILED, result="The arguments do not match the schema:\n$: Additional …"),
            False,
            f"{TO_SEARCH} · The model’s arguments don’t fit the tool.",
        ),
        (replace(FAILED, result=""), False, f"{TO_SEARCH} · Failed"),
        (DENIED, False, f"{TO_SEARCH} · Denied"),
        (
            replace(DONE, edited='{"words": "lease"}'),
            False,
            "Searched your conversations for “lease” · 3 found · Arguments changed",
        ),
    ],
)
def test_a_tool_call_is_described_on_one_line(
    call: ToolCallPart, is_streaming: bool, line: str
) -> None:
    assert message_facts.call_line(call, is_streaming=is_streaming) == line


def edited(result: str, state: ToolCallState = ToolCallState.DONE) -> ToolCallPart:
    return ToolCallPart("1", "edit_text", "{}", state=state, result=result)


NOT_FOUND = edited("Proposed 0 of 1 changes. …\nChange 1: …", ToolCallState.FAILED)


@pytest.mark.parametrize(
    ("calls", "is_streaming", "line"),
    [
        ([edited("Proposed 3 of 3 changes. …")], False, "Proposed 3 changes to the text"),
        (
            [edited("Proposed 199 of 200 changes. …"), NOT_FOUND],
            False,
            "Proposed 199 changes to the text · 2 didn’t fit the text",
        ),
        ([NOT_FOUND], False, "Change the open text · 1 didn’t fit the text"),
        ([edited("Proposed 0 of 0 changes. …")], False, "Change the open text · No change"),
        # As earlier versions stored them.
        ([edited("Proposed. The user …")] * 2, False, "Proposed 2 changes to the text"),
        (
            [edited("Proposed 1 of 1 changes. …"), edited("", ToolCallState.RUNNING)],
            True,
            "Proposed 1 change to the text…",
        ),
    ],
)
def test_all_changes_of_a_text_are_one_line(
    calls: list[ToolCallPart], is_streaming: bool, line: str
) -> None:
    assert message_facts.edits_line(calls, is_streaming=is_streaming) == line


def test_the_caption_of_a_call_has_no_arguments() -> None:
    assert message_facts.call_caption(RUNNING) == "Tool: find (files) · Running"
    assert message_facts.call_caption(DONE) == "Tool: Search your conversations · Done · 0.4 s"


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        ('{"city": "Åre"}', ["{", '  "city": "Åre"', "}"]),
        ("", [""]),
        ("no JSON\nat all", ["no JSON", "at all"]),
        ("[" * 100_000, ["[" * 100_000]),
        (_NESTED, [_NESTED]),
        (f'"{"a" * 1_000_000}"', [f'"{"a" * 1_000_000}"']),
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
        (_document(), "a"),
        (_document(1, 1), "a\u20031 page\u20031 token"),
        (_document(tokens=12), "a\u200312 tokens"),
        (_document(2, seen=1), "a\u20032 pages, 1 as image"),
        (_document(3, seen=2), "a\u20033 pages, 2 as images"),
        (_document(9, chosen=ChosenPages("page", ((3, 4),), 9)), "a\u2003pages 3–4 of 9"),
        (_document(9, chosen=ChosenPages("slide", ((3, 3),), 9)), "a\u2003slide 3 of 9"),
        (_document(9, chosen=ChosenPages("sheet", ((1, 2),), 9)), "a\u2003sheets 1–2 of 9"),
        (_document(9, chosen=ChosenPages("chapter", ((1, 1),), 9)), "a\u2003chapter 1 of 9"),
    ],
)
def test_an_attachment_is_described_on_one_line(part: DocumentPart | ImagePart, line: str) -> None:
    assert message_facts.attachment_line(part) == line


@pytest.mark.parametrize(
    ("part", "caption"),
    [
        (ImagePart("", "a", "image/png", 9, 30, 40), "Attached: a"),
        (_document(), "Attached: a"),
        (_document(3, 12), "Attached: a, 3 pages"),
    ],
)
def test_an_attachment_has_a_caption(part: DocumentPart | ImagePart, caption: str) -> None:
    assert message_facts.attachment_caption(part) == caption
