"""Tools in words: names, sentences on calls, and what an argument cannot make them say."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.tools.tool_words import (
    MAX_QUOTED_CHARS,
    describe_call,
    short_arguments,
    tool_title,
)


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("search_library", "Search your conversations"),
        ("web_search", "Search the web"),
        ("weather/get_forecast", "get_forecast (weather)"),
        ("weather/*", "All tools of weather"),
        ("unknown", "unknown"),
    ],
)
def test_tools_have_names_for_people(name: str, title: str) -> None:
    assert tool_title(name) == title


@pytest.mark.parametrize(
    ("name", "arguments", "action", "done", "is_complete"),
    [
        ("search_library", {"words": "a b"}, "Search your conversations for “a b”",
         "Searched your conversations for “a b”", True),
        ("search_documents", {"words": "a"}, "Search your documents for “a”",
         "Searched your documents for “a”", True),
        ("read_pages", {"document": "a.pdf", "first": None, "last": None},
         "Look at page 1 of “a.pdf”", "Looked at page 1 of “a.pdf”", True),
        ("read_pages", {"document": "a.pdf", "first": 3, "last": 5},
         "Look at pages 3–5 of “a.pdf”", "Looked at pages 3–5 of “a.pdf”", True),
        ("fetch_page", {"url": "https://a.com/b?c"}, "Open “https://a.com/b?c”",
         "Opened “https://a.com/b?c”", True),
        ("query_table", {"sql": "SELECT 1"}, "Query your tables", "Queried your tables", False),
        ("python", {"code": "print(1)"}, "Run Python code", "Ran Python code", False),
        ("web_search", {"query": "rain"}, "Search the web for “rain”",
         "Searched the web for “rain”", True),
        ("web_search", {"url": "https://a.com"}, "Search the web", "Searched the web", False),
        ("date_time", {"zone": None}, "Look up the date and time", "Looked up the date and time",
         True),
        ("date_time", {"zone": "Europe/Oslo"}, "Look up the date and time",
         "Looked up the date and time", False),
        ("weather/get", {}, "Use “get” of “weather”", "Used “get” of “weather”", True),
        ("weather/get", {"city": "Oslo", "days": 3}, "Use “get” of “weather” (city: Oslo, days: 3)",
         "Used “get” of “weather” (city: Oslo, days: 3)", True),
        ("weather/get", {"at": [1]}, "Use “get” of “weather” (at: [1])",
         "Used “get” of “weather” (at: [1])", False),
        ("look", {}, "Use “look”", "Used “look”", True),
    ],
)  # fmt: skip
def test_calls_are_sentences(
    name: str, arguments: dict[str, object], action: str, done: str, is_complete: bool
) -> None:
    text = json.dumps(arguments)
    assert describe_call(name, text) == (action, is_complete)
    assert describe_call(name, text, is_done=True) == (done, is_complete)


@pytest.mark.attack("tools")
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("search_library", {"words": "a”? The result stays here. “b"}),
        ("search_library", {"words": "a\nb"}),
        ("search_library", {"words": "a\u202eb"}),
        ("search_library", {"words": "a\u3164"}),
        ("search_library", {"words": "a", "more": "b"}),
        ("search_library", {"words": "a" * (MAX_QUOTED_CHARS + 1)}),
        ("search_library", {"words": 1}),
        ("fetch_page", {"url": "https://\u0430pple.com"}),
        ("weather/get", {"city": "Oslo)? It stays here. ("}),
        ("weather/get", {"city": "Oslo, secret: none"}),
        ("weather/get", {"city": "a" * 80}),
    ],
)
def test_a_sentence_that_lacks_or_changes_something_is_not_complete(
    name: str, arguments: dict[str, object]
) -> None:
    described = describe_call(name, json.dumps(arguments))
    assert not described.is_complete
    assert "”?" not in described.text
    assert described.text.isprintable()


@given(words=st.text(min_size=1))
def test_a_complete_sentence_contains_the_argument_as_it_is(words: str) -> None:
    described = describe_call("search_library", json.dumps({"words": words}))
    assert described.text.count("“") == described.text.count("”") <= 1
    if described.is_complete:
        assert f"“{words}”" in described.text


@pytest.mark.parametrize("arguments", ["", "no JSON", "[1]", "{", "null", "[" * 100_000])
def test_odd_arguments_are_described_too(arguments: str) -> None:
    for name in ("search_library", "read_pages", "weather/get", "python"):
        assert describe_call(name, arguments).text


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ('{"city": "Oslo", "days": 3, "at": ["é"]}', 'city: Oslo, days: 3, at: ["é"]'),
        ("{}", ""),
        ("two\n words", "two words"),
        ("[" * 100_000, f"{'[' * 59}…"),
        ("a" * 60, "a" * 60),
        ("a" * 61, f"{'a' * 59}…"),
    ],
)
def test_arguments_are_cut_to_a_short_line(arguments: str, line: str) -> None:
    assert short_arguments(arguments) == line
