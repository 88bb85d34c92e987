"""Web search and research in the window: who searches, what is asked, the sources below."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from desktop_app.domain.answering.stream_events import (
    Completed,
    SourcesCited,
    SourcesFound,
    TextDelta,
    ToolCallDelta,
)
from desktop_app.domain.conversations.message_parts import Source, ToolCallPart
from desktop_app.domain.documents.collections import passage_link
from desktop_app.domain.models.variants import Effort
from desktop_app.tools.ui import consent_card
from desktop_app.tools.ui.consent_card import ConsentCard
from desktop_app.transcript.message_items import TOGGLE_SOURCES
from desktop_app.transcript.segment import Place
from tests.gui.app.app_harness import AppHarness, until

OPENAI = {"OPENAI_API_KEY": "sk-a"}
# A server of other models, which has no search of its own.
SERVER = {**OPENAI, "OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "OPENAI_MODEL": "qwen"}
FOUND = {"results": [{"url": "https://rain.example/oslo", "title": "Rain", "content": "It rains."}]}


class _Search(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(FOUND).encode())

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def search_server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Search) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


async def test_a_model_without_a_search_uses_the_server_that_the_user_enters(
    search_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consent_card, "MIN_READ_MS", 0)
    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    async with AppHarness(environment=SERVER) as app:
        row, web = app.window.prompt.row, app.window.prompt.row.web_button
        app.type("Rain")  # its first use, from which on the server's list is read
        app.text.clear()
        await until(lambda: row.searches_web is False)
        row.web_requested.emit(True)
        assert "can’t search the web itself" in app.said
        assert web.isHidden()
        await app.state.values.set("tools.search_server", search_server)
        row.web_requested.emit(True)
        assert not web.isHidden()
        assert search_server.removeprefix("http://") in web.toolTip()
        turn = await app.ask("Rain in Oslo?")
        offered = {tool.name for tool in turn.request.tools}
        assert offered == {"search_web", "fetch_page"}
        turn.give(ToolCallDelta(0, '{"query": "rain Oslo"}', "c1", "search_web"), Completed())
        await until(lambda: app.window.findChild(ConsentCard))
        card = app.window.findChild(ConsentCard)
        assert card is not None
        await until(lambda: "rain Oslo" in card.words)
        assert search_server.removeprefix("http://") in card.words
        app.click("consent-once")
        second = await app.turn(1)
        call = next(
            part
            for message in second.request.messages
            for part in message.parts
            if isinstance(part, ToolCallPart)
        )
        assert "[1] Rain\nhttps://rain.example/oslo\nIt rains." in call.result
        second.end("It rains [1].")
        await app.settled()
        assert "1 source" in app.transcript
        answer = app.state.current.path[-1]
        transcript = app.window.transcript
        transcript.commands.run(answer.id, TOGGLE_SOURCES)
        await until(lambda: "[1] Rain\u2003rain.example" in app.transcript)
        transcript.follow_link(Place(answer.id, 0), passage_link(1))
        assert opened == [QUrl("https://rain.example/oslo")]
        # A later question continues the numbers.
        third = await app.ask("And Bergen?")
        third.give(ToolCallDelta(0, '{"query": "rain"}', "c2", "search_web"), Completed())
        await until(lambda: not card.isHidden())
        app.click("consent-once")
        last = await app.turn(3)
        results = [p.result for p in last.request.messages[-1].parts if hasattr(p, "result")]
        assert "[2] Rain" in results[-1]
        last.end("Also.")
        await app.settled()


async def test_sources_are_listed_numbered_and_researched() -> None:
    async with AppHarness(environment=OPENAI) as app:
        # Sources of a provider are listed and not sent back.
        turn = await app.ask("Rain?")
        turn.give(SourcesFound((Source(1, "https://a.example/", "A", is_cited=True),)))
        turn.end("It rains ([a](https://a.example/)).")
        await app.settled()
        assert "1 source" in app.transcript
        later = await app.ask("Why?")
        texts = [p.text for m in later.request.messages for p in m.parts if hasattr(p, "text")]
        assert texts[1] == "It rains ([a](https://a.example/))."
        later.end("So.")
        await app.settled()

        # A number that comes after the text stands in its place.
        await app.start_over()
        turn = await app.ask("Rain?")
        turn.give(TextDelta("It rains. Bring a coat."))
        await until(lambda: "Bring a coat." in app.transcript)
        name = "https://a.example/"
        turn.give(SourcesFound((Source(1, name, "A", is_cited=True),)))
        turn.give(SourcesCited((name,), len("Bring a coat."), " "))
        await until(lambda: "It rains. [1] Bring" in app.transcript)
        turn.end(" And boots.")
        await app.settled()
        assert "It rains. [1] Bring a coat. And boots." in app.transcript

        # Research searches at high effort in the background and may ask back.
        await app.start_over()
        row = app.window.prompt.row
        app.state.setup.choose(replace(app.state.setup.choice, effort=Effort.LOW))
        app.session.actions["prompt.research"].trigger()
        assert not row.research_button.isHidden()
        assert row.searches_web
        app.type("Which heat pump?")
        await until(lambda: app.estimate.startswith("≥ $"))
        assert "stores the request" in app.estimate_tooltip
        app.enter()
        turn = await app.turn(0)
        request = turn.request
        assert [tool.name for tool in request.tools] == ["web_search"]
        assert (request.effort, request.background) == (Effort.HIGH, True)
        assert "ask one short question" in request.instructions
        turn.end("For which country?")
        await app.settled()
        follow_up = await app.ask("Norway.")
        assert follow_up.request.background
        follow_up.end("A report.")
        await app.settled()
        row.background_button.click()  # so that the provider stores nothing
        unstored = await app.ask("More.")
        assert [tool.name for tool in unstored.request.tools] == ["web_search"]
        assert not unstored.request.background
        unstored.end("Another.")
        await app.settled()
        app.session.actions["prompt.research"].trigger()
        assert row.research_button.isHidden()
        assert not row.searches_web
        plain = await app.ask("Thanks.")
        assert (plain.request.tools, plain.request.effort) == ((), Effort.LOW)
        assert not plain.request.background
        plain.end("Welcome.")
        await app.settled()
