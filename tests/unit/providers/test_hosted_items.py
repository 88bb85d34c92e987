"""Cited pages and calls of hosted tools, as the provider lists them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from desktop_app.domain.tools.call_state import ToolCallState
from desktop_app.providers.apis.hosted_items import (
    MAX_BASE64_CHARS,
    MAX_CITATIONS,
    CitedSource,
    cited_sources,
    code_images,
    decode_image,
    hosted_call,
)

PAGE = {"type": "url_citation", "url": "https://a.example/x", "title": "A [page]\n of _two_"}


def test_pages_and_files_are_cited_once() -> None:
    rows: list[dict[str, Any]] = [
        PAGE,
        {"type": "url_citation", "url": "https://a.example/x", "title": "again"},
        {"type": "url_citation", "url": "javascript:alert(1)", "title": "no page"},
        {"type": "url_citation", "url": "https://b.example/", "title": ""},
        {"type": "file_citation", "filename": " notes.md ", "url": "https://c.example/"},
        {"type": "file_citation", "filename": " "},
        {"type": "other", "url": "https://d.example/", "filename": "d"},
    ]
    found = list(cited_sources(rows))
    assert [(source.address, source.name) for source in found] == [
        ("https://a.example/x", "https://a.example/x"),
        ("https://b.example/", "https://b.example/"),
        ("", "notes.md"),
    ]
    assert [source.markdown for source in found] == [
        r"[A \[page\] of \_two\_](https://a.example/x)",
        "[https://b.example/](https://b.example/)",
        "notes.md",
    ]
    assert CitedSource("", "n" * 300).markdown == "n" * 200
    many = ({**PAGE, "url": f"https://a.example/{number}"} for number in range(200))
    assert len(list(cited_sources(many))) == MAX_CITATIONS


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
            {"type": "web_search_call", "action": {"query": "q", "queries": ["a"]}},
            {"query": "q"},
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
