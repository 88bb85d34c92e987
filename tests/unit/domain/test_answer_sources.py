"""The sources of answers: numbers, marks in the text, their place among the parts, lists."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce

import pytest

from desktop_app.domain.answering.reply import Reply, accumulate
from desktop_app.domain.answering.stream_events import (
    ReasoningDelta,
    RoundEnded,
    SourcesCited,
    SourcesFound,
    StreamEvent,
    TextDelta,
)
from desktop_app.domain.conversations.answer_sources import (
    answer_sources,
    host_of,
    merged_sources,
    sources_below,
    sources_markdown,
    sources_of,
    unnamed_sources,
)
from desktop_app.domain.conversations.conversation import next_passage_number
from desktop_app.domain.conversations.message_parts import (
    ReasoningPart,
    Source,
    SourcesPart,
    TextPart,
    ToolCallPart,
    parts_from_json,
    parts_to_json,
)
from tests.helpers.messages import answer

A = Source(1, "https://a.example/", "A", is_cited=True)
B = Source(2, "https://b.example/b_(c)", "B *b* [x]")
C = Source(0, "https://c.example/")


def with_sources(text: str, *sources: Source):
    made = answer(text)
    return replace(made, parts=(SourcesPart(sources), *made.parts))


@pytest.mark.parametrize(
    ("text", "cited", "read"),
    [
        ("It rains.", (A,), (B, C)),
        ("It rains [2].", (A, B), (C,)),
        ("It rains [3, 2] and [0].", (A, B), (C,)),
        ("a[12], [2b] and 2 are no marks.", (A,), (B, C)),
    ],
)
def test_cited_and_read_sources_are_told_apart(
    text: str, cited: tuple[Source, ...], read: tuple[Source, ...]
) -> None:
    assert answer_sources(with_sources(text, A, B, C)) == (cited, read)


def test_sources_never_cut_a_text_in_two() -> None:
    events: list[StreamEvent] = [
        ReasoningDelta("Hm"),
        TextDelta("It "),
        SourcesFound((A,)),
        TextDelta("rains."),
        RoundEnded(),
        SourcesFound((B, replace(A, title="again"))),
        TextDelta("Still."),
    ]
    reply = Reply()
    for event in events:
        reply = accumulate(reply, event)
    assert reply.parts == (
        ReasoningPart("Hm"),
        SourcesPart((replace(A, title="again"), B)),
        TextPart("It rains."),
        TextPart("Still."),
    )
    assert parts_from_json(parts_to_json(reply.parts)) == reply.parts
    # Sources may come first.
    assert accumulate(Reply(), SourcesFound((A,))).parts == (SourcesPart((A,)),)


@pytest.mark.parametrize(
    ("before_end", "texts"),
    [
        (0, ["First.", "One. ", "Two.[1, 2]"]),
        (3, ["First.", "One. ", "T[1, 2]wo."]),
        (4, ["First.", "One. [1, 2]", "Two."]),  # a mark follows what it is about
        (6, ["First.", "One[1, 2]. ", "Two."]),
        (9, ["First.", "[1, 2]One. ", "Two."]),
        (99, ["First.", "[1, 2]One. ", "Two."]),  # never in the text of an earlier request
    ],
)
def test_a_citation_is_put_into_the_text_of_its_request(before_end: int, texts: list[str]) -> None:
    events: list[StreamEvent] = [
        TextDelta("First."),
        RoundEnded(),
        TextDelta("One. "),
        ReasoningDelta("Hm"),
        TextDelta("Two."),
        SourcesFound((A, B)),
        SourcesCited((B.name, A.name), before_end),
        SourcesCited(("https://unknown.example/",)),
    ]
    reply = reduce(accumulate, events, Reply())
    assert [part.text for part in reply.parts if isinstance(part, TextPart)] == texts
    alone = reduce(accumulate, (SourcesFound((A,)), SourcesCited((A.name,))), Reply())
    assert alone.text == "[1]"


def test_numbers_that_two_requests_gave_are_made_different() -> None:
    other = Source(1, "https://z.example/", is_cited=True)
    assert merged_sources((A, B), (other, replace(C, number=2, is_cited=True))) == (
        A,
        B,
        replace(other, number=3),
        replace(C, number=4, is_cited=True),
    )
    assert merged_sources((C,), (replace(C, number=1, title="c"),)) == (
        replace(C, number=1, title="c"),
    )


def test_lists_of_sources_are_markdown() -> None:
    said = with_sources("It rains [2].", A, B, C)
    cited = (
        "Sources:\n\n- [1] [A](https://a.example/)\n"
        r"- [2] [B \*b\* \[x\]](https://b.example/b_%28c%29)"
    )
    assert sources_markdown(said) == (
        f"{cited}\n\nAlso read:\n\n- [https://c.example/](https://c.example/)"
    )
    assert sources_below(said) == f"\n\n{cited}"
    assert sources_below(with_sources('{"a": 1}', A)) == ""
    assert sources_markdown(answer("Plain.")) == ""
    assert sources_markdown(with_sources("See.", Source(1, "", "n.md", True))) == (
        "Sources:\n\n- [1] n.md"
    )


def test_a_later_request_names_the_pages_of_marks() -> None:
    assert unnamed_sources(with_sources("It rains [1].", A, C)) == (
        "Sources:\n\n- [1] [A](https://a.example/)"
    )
    assert unnamed_sources(with_sources("See https://a.example/.", A)) == ""
    with_result = with_sources("It rains [1].", A)
    call = ToolCallPart("1", "search_web", "{}", result="[1] A")
    assert unnamed_sources(replace(with_result, parts=(call, *with_result.parts))) == ""


def test_later_numbers_follow_those_of_sources() -> None:
    assert next_passage_number([with_sources("x", A, B, C)]) == 3
    assert sources_of(answer("x").parts) == ()


def test_hosts_are_shown_without_letters_that_look_like_others() -> None:
    assert host_of(Source(1, "https://user@a.example:8080/x?y#z")) == "a.example:8080"
    assert host_of(Source(1, "https://аpple.example/")) == "\\u0430pple.example"
