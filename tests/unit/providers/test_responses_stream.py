"""Events of the Responses API that repeat or leave out others, and calls of hosted tools."""

from __future__ import annotations

import json
from typing import Any

import pytest

from desktop_app.domain.answering.stream_events import (
    Completed,
    Failed,
    HostedCall,
    ImagePreview,
    Incomplete,
    ReasoningItem,
    Started,
    StreamEvent,
)
from desktop_app.domain.conversations.message_parts import Source, SourcesPart
from desktop_app.domain.errors import ContentFilteredError, ProviderFaultError, StreamCutError
from desktop_app.domain.tools.tool import ToolCallState
from desktop_app.providers.apis.hosted_items import (
    MAX_BASE64_CHARS,
    code_images,
    decode_image,
    hosted_call,
)
from desktop_app.providers.apis.responses_stream import ResponsesReader
from desktop_app.providers.apis.source_list import MAX_SOURCES, SourceList
from tests.unit.providers.samples import fold

Row = dict[str, Any]


def read(*rows: Row, numbered: bool = False) -> list[StreamEvent]:
    """Return the stream events of these events."""
    reader = ResponsesReader("OpenAI", is_background=numbered)
    return [event for row in rows for event in reader.read(json.dumps(row).encode())]


def added(at: int, **item: Any) -> Row:
    return {"type": "response.output_item.added", "output_index": at, "item": item}


def done(at: int, **item: Any) -> Row:
    return {"type": "response.output_item.done", "output_index": at, "item": item}


def ended(*output: Row, **response: Any) -> Row:
    return {"type": "response.completed", "response": {"output": output, **response}}


def test_a_stream_ends_only_once() -> None:
    reader = ResponsesReader("OpenAI")
    (cut,) = reader.end()
    assert isinstance(cut, Failed)
    assert isinstance(cut.error, StreamCutError)
    assert reader.end() == []


def test_the_model_may_be_named_only_at_the_end() -> None:
    response = {"id": "r", "model": "m"}
    created = {"type": "response.created", "response": response}
    queued = {"type": "response.queued", "response": {"id": "r"}}
    both = [Started("r"), Started("r", "m")]
    assert read(created, queued, ended(**response)) == [*reversed(both), Completed()]
    assert read(queued, ended(**response)) == [*both, Completed()]


@pytest.mark.parametrize(
    ("kind", "response", "reason"),
    [
        ("incomplete", {}, "unknown"),
        ("incomplete", {"status": "completed"}, "unknown"),
        ("completed", {"status": "incomplete"}, "unknown"),
        ("done", {"status": "incomplete", "incomplete_details": {"reason": "x"}}, "x"),
    ],
)
def test_an_answer_is_incomplete_by_status_or_type(kind: str, response: Row, reason: str) -> None:
    assert read({"type": f"response.{kind}", "response": response}) == [Incomplete(reason)]


def test_done_does_not_end_a_background_run() -> None:
    reader = ResponsesReader("OpenAI", is_background=True)
    assert reader.read(b"[DONE]") == []
    assert not reader.is_finished


def test_sources_are_numbered_as_they_are_cited_and_kept_apart_from_the_text() -> None:
    def part(text: str, *annotations: Row, kind: str = "output_text") -> Row:
        content = {"type": kind, "text": text, "refusal": text, "annotations": [*annotations]}
        return {"type": "response.content_part.done", "content_index": len(text), "part": content}

    def page(address: str, title: str = "") -> Row:
        return {"type": "url_citation", "url": address, "title": title}

    def search(name: str, **action: Any) -> Row:
        return done(0, type="web_search_call", id=name, status="completed", action=action)

    read_pages = [{"type": "url", "url": "https://b.example/(x)"}, {"url": "https://d.example/"}]
    events = read(
        search("1", type="search", query="q", sources=read_pages),
        search("2", type="open_page", url="https://e.example/"),
        part("Rain.", page("https://a.example/x", "A\n page"), page("https://a.example/x", "2nd")),
        part(
            " More.",
            page("javascript:alert(1)", "no page"),
            page("https://b.example/(x)", "B"),
            {"type": "file_citation", "filename": " notes.md "},
            {"type": "file_citation", "filename": " "},
            {"type": "other", "url": "https://c.example/"},
        ),
        part("No, never.", page("https://z.example/"), kind="refusal"),
        ended(),
    )
    reply = fold(events)
    assert reply.text == "Rain. More."
    assert [part for part in reply.parts if isinstance(part, SourcesPart)] == [
        SourcesPart(
            (
                Source(1, "https://a.example/x", "A page", is_cited=True),
                Source(2, "https://b.example/(x)", "B", is_cited=True),
                Source(3, "", "notes.md", is_cited=True),
                Source(0, "https://d.example/"),
                Source(0, "https://e.example/"),
            )
        )
    ]


def test_a_page_is_the_same_with_the_tag_of_citations() -> None:
    found = SourceList()
    found.read([{"url": "https://a.example/x?b=1"}, {"url": "https://a.example/"}])
    for address in ("https://a.example/x?b=1&utm_source=openai", "https://c.example/?q#f"):
        found.cite({"type": "url_citation", "url": address, "title": "T"})
    found.cite({"type": "url_citation", "url": "https://a.example/?utm_source=openai#f"})
    (news,) = found.news()
    assert news.sources == (
        Source(1, "https://a.example/x?b=1", "T", is_cited=True),
        Source(0, "https://a.example/"),
        Source(2, "https://c.example/?q#f", "T", is_cited=True),
        Source(3, "https://a.example/?utm_source=openai#f", is_cited=True),
    )


def test_sources_are_limited() -> None:
    found = SourceList()
    found.read({"url": f"https://a.example/{number}"} for number in range(MAX_SOURCES + 9))
    (news,) = found.news()
    assert len(news.sources) == MAX_SOURCES
    assert not found.news()
    assert not found.cite({"type": "url_citation", "url": "https://new.example/"})
    assert found.cite({"type": "url_citation", "url": "https://a.example/7"})
    assert not found.cite({"type": "url_citation", "url": "https://a.example/" + "a" * 9000})


def test_reasoning_is_kept_once() -> None:
    def reasoning(item_id: str, encrypted: str = "") -> Row:
        return done(0, type="reasoning", id=item_id, encrypted_content=encrypted)

    items = [reasoning("a"), reasoning("a", "e"), reasoning(""), reasoning("", "f")]
    found = [ReasoningItem("a", ""), ReasoningItem("", "f")]
    assert read(*items) == found
    others = [reasoning("", "g"), reasoning("", "f")]
    assert read(*items, *others) == [*found, ReasoningItem("", "g")]
    # Reasoning is content, so the last event brings nothing more.
    message = {"type": "message", "content": [{"type": "output_text", "text": "late"}]}
    assert read(items[0], ended(message)) == [found[0], Completed()]


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("aGk=", b"hi"),
        ("data:image/png;base64,aGk=", b"hi"),
        *((text, b"") for text in ("", "a", "ä", "data:text/html;base64,aGk=", "aGk=\n")),
        ("A" * (MAX_BASE64_CHARS + 4), b""),
    ],
)
def test_an_image_is_base64(text: str, data: bytes) -> None:
    assert decode_image(text) == data


def test_code_draws_images() -> None:
    outputs = [{"logs": "l"}, {"url": "data:image/png;base64,aGk="}, {"url": "no"}]
    item = {"type": "code_interpreter_call", "outputs": outputs}
    assert list(code_images(item)) == [b"hi"]
    assert list(code_images({**item, "type": "other"})) == []


@pytest.mark.parametrize(
    ("item", "arguments", "result"),
    [
        (
            {"type": "web_search_call", "action": {"type": "search", "query": "q", "x": "y"}},
            {"type": "search", "query": "q"},
            "",
        ),
        (
            {"type": "web_search_call", "action": {"queries": ["a", 1, "b"], "url": "u"}},
            {"url": "u", "queries": ["a", "b"]},
            "",
        ),
        (
            {
                "type": "file_search_call",
                "queries": ["ä"],
                "results": [{"filename": "f"}, {"filename": "g"}, {"filename": "f"}, {}],
            },
            {"queries": ["ä"]},
            "f\ng",
        ),
        ({"type": "file_search_call", "queries": "a"}, {"queries": []}, ""),
        (
            {
                "type": "code_interpreter_call",
                "code": "1",
                "container_id": "c",
                "outputs": [{"logs": "a"}, {"url": "u"}, {"logs": "b"}],
            },
            {"code": "1", "container": "c"},
            "a\nb",
        ),
        ({"type": "image_generation_call", "revised_prompt": "p"}, {"prompt": "p"}, ""),
    ],
)
def test_a_call_has_its_arguments_and_result(
    item: dict[str, Any], arguments: dict[str, Any], result: str
) -> None:
    call = hosted_call("id", item).call
    assert call.arguments == json.dumps(arguments, ensure_ascii=False)
    assert (call.call_id, call.result, call.is_hosted) == ("id", result, True)
    assert call.name == str(item["type"]).removesuffix("_call")


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("failed", ToolCallState.FAILED),
        ("incomplete", ToolCallState.FAILED),
        ("completed", ToolCallState.DONE),
        ("", ToolCallState.DONE),
    ],
)
def test_a_failed_call_is_shown_as_failed(status: str, state: ToolCallState) -> None:
    item = {"type": "image_generation_call", "status": status, "result": "aGk="}
    made = hosted_call("id", item)
    assert (made.call.state, made.image) == (state, b"hi")
    assert hosted_call("id", {**item, "type": "web_search_call"}).image == b""


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"message": "Your request was rejected by the safety system."}, ContentFilteredError),
        ({"code": "moderation_blocked", "message": "No."}, ContentFilteredError),
        ({"message": "The server had an error."}, ProviderFaultError),
        ({}, ProviderFaultError),
    ],
)
def test_a_picture_that_was_not_made_ends_the_answer(error: Row, kind: type[Exception]) -> None:
    failed = done(0, type="image_generation_call", id="ig_1", status="failed", error=error)
    *_, call, end = read(failed, ended())
    assert isinstance(call, HostedCall)
    assert call.call.result == error.get("message", "")
    assert isinstance(end, Failed)
    assert type(end.error) is kind
    assert error.get("message", "no reason") in str(end.error) + end.error.all_details


def test_a_picture_that_was_made_later_is_no_failure() -> None:
    failed = done(
        0, type="image_generation_call", id="a", status="failed", error={"message": "safety"}
    )
    made = done(1, type="image_generation_call", id="b", status="completed", result="aGk=")
    assert read(failed, made, ended())[-1] == Completed()


def test_a_partial_image_is_passed_on() -> None:
    event = {"type": "response.image_generation_call.partial_image", "item_id": "ig_1"}
    found = read(event | {"partial_image_b64": "aGk="}, event | {"partial_image_b64": "?"}, event)
    assert found == [ImagePreview(b"hi")]
