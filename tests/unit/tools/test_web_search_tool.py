"""The search by a server of the user's: what is sent, results, and failures that say what to do."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.error_text import TERMINAL, error_segments
from desktop_app.domain.places import plain_text
from desktop_app.domain.tools.tool import OWN_SEARCH, ToolContext, ToolDefinition, ToolError
from desktop_app.tools.built_in.web_tools import (
    MAX_RESULTS,
    SearchSettings,
    WebSearchTool,
    results_text,
)

TOOL = ToolDefinition(OWN_SEARCH, "")
ROWS: list[Any] = [
    {"url": "https://a.example/x", "title": "A\n title", "content": "It  rains."},
    {"url": "magnet:?xt=1", "title": "no page"},
    {"url": "https://www.b.example/", "title": ""},
    "no row",
    {"url": "https://notb.example/", "title": "Other"},
]


class _Server(BaseHTTPRequestHandler):
    queries: ClassVar[list[tuple[str, dict[str, list[str]]]]] = []

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        self.queries.append((url.path, parse_qs(url.query)))
        status, kind, body = 200, "application/json", json.dumps({"results": ROWS})
        if url.path.startswith("/status/"):
            status = int(url.path.split("/")[2])
        elif url.path.startswith("/html/"):
            kind, body = "text/html", "<p>Welcome"
        elif url.path.startswith("/list/"):
            body = "[]"
        self.send_response(status)
        if status == 302:
            self.send_header("location", "https://elsewhere.example/")
        self.send_header("content-type", kind)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Server) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def tool_for(address: str, *domains: str) -> WebSearchTool:
    async def settings() -> SearchSettings:
        return SearchSettings(address, domains)

    return WebSearchTool(settings, ssl.create_default_context)


def numbering() -> ToolContext:
    known: list[str] = []

    def cite(address: str, _title: str) -> int:
        known.append(address)
        return len(known) + 6

    return ToolContext("c", cite=cite)


@pytest.mark.parametrize("path", ["", "/", "/searx", "/searx/search"])
async def test_results_are_numbered_and_only_the_words_are_sent(address: str, path: str) -> None:
    _Server.queries.clear()
    result = await tool_for(address + path).call(TOOL, {"query": " rain\nOslo "}, numbering())
    assert result == (
        "[7] A title\nhttps://a.example/x\nIt rains.\n\n"
        "[8] https://www.b.example/\nhttps://www.b.example/\n\n"
        "[9] Other\nhttps://notb.example/"
    )
    folder = "/searx" if "searx" in path else ""
    assert _Server.queries == [(f"{folder}/search", {"q": ["rain Oslo"], "format": ["json"]})]


async def test_domains_limit_the_words_and_the_results(address: str) -> None:
    _Server.queries.clear()
    tool = tool_for(address, "b.example", "c.example")
    result = await tool.call(TOOL, {"query": "rain"}, ToolContext("c"))
    assert result == "https://www.b.example/\nhttps://www.b.example/"
    assert _Server.queries[0][1]["q"] == ["rain site:b.example OR site:c.example"]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/status/403", "add “json” to search.formats"),
        ("/status/429", "limiter"),
        ("/status/302", "redirects to https://elsewhere.example/"),
        ("/status/500", "HTTP status 500"),
        ("/html/", "did not answer in JSON"),
        ("/list/", "did not answer as SearXNG does"),
    ],
)
async def test_a_failure_says_what_to_do(address: str, path: str, words: str) -> None:
    with pytest.raises(ToolError, match=words):
        await tool_for(address + path).call(TOOL, {"query": "rain"}, ToolContext("c"))


async def test_a_server_that_is_not_there_is_named() -> None:
    with pytest.raises(ToolError, match=r"search server 127\.0\.0\.1:9 could not be reached"):
        await tool_for("http://127.0.0.1:9").call(TOOL, {"query": "rain"}, ToolContext("c"))


@pytest.mark.parametrize("query", ["", " \n ", "x" * 1001])
async def test_words_are_neither_empty_nor_endless(address: str, query: str) -> None:
    with pytest.raises(ToolError, match="1 to 1000 characters"):
        await tool_for(address).call(TOOL, {"query": query}, ToolContext("c"))


@pytest.mark.parametrize(
    ("entered", "refusal"),
    [
        ("", "There is no search server. Enter the address of a SearXNG server"),
        ("http://searx.example.org", "isn’t encrypted. Enter an address that begins with https"),
        ("https://searx.example.org", ""),
        ("http://localhost:8080", ""),
        ("http://192.168.1.7/searx", ""),
    ],
)
async def test_a_server_is_needed_and_its_address_is_part_of_the_consent(
    entered: str, refusal: str
) -> None:
    (listed,) = await tool_for(entered).tools()
    assert listed.is_available is not bool(refusal)
    if listed.refusal:
        assert refusal in plain_text(error_segments(listed.refusal, TERMINAL))
        with pytest.raises(ToolError):
            await tool_for(entered).call(TOOL, {"query": "rain"}, ToolContext("c"))
    else:
        assert urlsplit(entered).netloc in listed.definition.touches
    assert listed.definition.needs_consent


def test_nothing_found_names_the_engines_that_were_silent() -> None:
    context = ToolContext("c")
    assert results_text({"results": []}, (), context) == "Nothing was found."
    silent = {"unresponsive_engines": [["google", "CAPTCHA"], [], ["bing", "timeout"]]}
    assert results_text(silent, (), context).endswith("did not answer: google, bing")
    many = [{"url": f"https://a.example/{n}", "title": "t"} for n in range(99)]
    assert results_text({"results": many}, (), context).count("https://") == MAX_RESULTS


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
row = st.fixed_dictionaries({}, optional=dict.fromkeys(("url", "title", "content"), values))


@given(st.lists(row | values), values)
def test_any_reply_is_read(rows: list[Any], engines: Any) -> None:
    reply = {"results": rows, "unresponsive_engines": engines}
    results_text(reply, (), ToolContext("c")).encode()
