"""Servers that fail, flood, lie or change."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from desktop_app.domain.error_note import note_from_error
from desktop_app.domain.error_text import TERMINAL, error_segments
from desktop_app.domain.errors import ToolServerError
from desktop_app.domain.places import plain_text
from desktop_app.domain.tools.tool import MAX_RESULT_CHARS, ToolContext, ToolError, UserReply
from desktop_app.tools.calls.consent import fingerprint
from desktop_app.tools.servers.server_run import ServerState
from desktop_app.tools.servers.server_source import TOOL_CHANGED
from desktop_app.tools.servers.tool_server import ServerFailure
from tests.helpers.closed_port import closed_port
from tests.helpers.server_runs import RunningServer, running_server, scripted_server
from tests.helpers.waiting import until
from tests.integration.tool_servers.session_server import session_server

pytestmark = pytest.mark.usefixtures("forked_children")

SECRET = "tok-0123456789-abcdefgh"


async def wait_for_log(server: RunningServer, words: str, count: int = 1) -> None:
    """Wait until the server has written these words to its log, `count` times."""

    async def is_there() -> bool:
        return server.log.count(words) == count

    await until(is_there)


async def test_a_large_result_is_cut() -> None:
    async with scripted_server() as server:
        result = await server.call("huge")
        note = "\n[Cut here: the result has 10485760 characters.]"
        assert result == "y" * (MAX_RESULT_CHARS - len(note)) + note


async def test_a_server_without_the_handshake_is_used() -> None:
    async with scripted_server("modern") as server:
        assert "echo" in await server.tools()
        assert await server.call("echo", text="on") == "echo: on"


async def test_a_call_that_hangs_is_cancelled_there() -> None:
    async with scripted_server() as server:
        await server.tools()
        call = asyncio.ensure_future(server.call("hang"))
        await wait_for_log(server, "hangs")
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert await server.call("echo", text="on") == "echo: on"
        await wait_for_log(server, "told notifications/cancelled")


async def test_a_crash_ends_the_call_and_the_next_one_starts_it_again() -> None:
    async with scripted_server() as server:
        assert "crashed" in await server.call("crash")
        states = [server.run.state]
        assert await server.call("echo", text="again") == "echo: again"
        assert [*states, server.run.state] == [ServerState.FAILED, ServerState.RUNNING]
        await wait_for_log(server, "started ", 2)


@pytest.mark.parametrize(
    "refusal", [(404, b""), (404, b"no"), (400, b"Bad Request: No valid session ID provided")]
)
async def test_a_lost_session_is_replaced(refusal: tuple[int, bytes]) -> None:
    with session_server() as sessions:
        sessions.refusal = refusal
        async with running_server(url=sessions.url) as server:
            assert await server.call("greet") == "Hello"
            sessions.forget_sessions()
            replies = await asyncio.gather(*(server.call("greet") for _ in range(3)))
            assert replies == ["Hello"] * 3
            sessions.forget_sessions()
            server.run.on_list_changed("tools")
            assert await server.call("greet") == "Hello"
        first, *others, last = sessions.calls
        assert len({first, *others, last}) == 3
        assert len(set(others)) == 1


async def test_a_call_whose_connection_breaks_says_what_happened() -> None:
    with session_server() as sessions:
        async with running_server(url=sessions.url) as server:
            assert await server.call("greet") == "Hello"
            sessions.breaks_calls = True
            assert await server.call("greet") == (
                "ToolError: The connection to the server was lost. The call may have taken effect."
            )
            assert server.run.state is ServerState.FAILED
            sessions.breaks_calls = False
            assert await server.call("greet") == "Hello"


EVENTS, JSON, HTML = "text/event-stream", "application/json", "text/html"
QUOTA = {"code": -32000, "message": "The quota is used up"}
ERROR = json.dumps({"jsonrpc": "2.0", "id": 3, "error": QUOTA})
LOST = "The connection to the server was lost. The call may have taken effect."


@pytest.mark.parametrize(
    ("status", "kind", "body", "reason"),
    [
        (200, EVENTS, f"event: error\ndata: {ERROR}\n\n", "The quota is used up"),
        (200, EVENTS, "event: error\ndata: no more\ndata: today\n\n", "no more today"),
        (200, EVENTS, "event: other\ndata: {}\n\n", LOST),
        (200, JSON, '{"jsonrpc": "2.0", "id": 3, "result": null}', "its reply is not valid"),
        (
            200,
            EVENTS,
            'data: {"jsonrpc": "2.0", "id": 3, "result": null}\n\n',
            "its reply is not valid",
        ),
        (403, JSON, '{"error": {"message": "No seat."}}', "it refuses access (HTTP 403): No seat."),
        (403, JSON, ERROR, "The quota is used up"),
        (403, HTML, "<h1>No</h1>", "it refuses access (HTTP 403)"),
        (429, "text/plain", "Slow down", "it refuses the request (HTTP 429): Slow down"),
        (502, "text/plain", "", "it has a fault (HTTP 502)"),
    ],
)
async def test_a_call_that_the_server_refuses_fails_at_once_with_its_reason(
    status: int, kind: str, body: str, reason: str
) -> None:
    with session_server() as sessions:
        async with running_server(url=sessions.url) as server:
            assert await server.call("greet") == "Hello"
            sessions.call_reply = (status, kind, body.encode())
            async with asyncio.timeout(45):
                found = await server.call("greet")
            assert found.startswith("ToolError: ")
            assert reason in found
            assert "pydantic" not in found
            sessions.call_reply = None
            assert await server.call("greet") == "Hello"


async def test_a_question_of_a_server_is_answered_by_the_user_or_named() -> None:
    asked: list[tuple[str, Any]] = []
    texts: list[str] = []

    async def reply(question: str, schema: Any) -> UserReply:
        asked.append((question, schema))
        return UserReply("accept", {"size": "L", "count": 2})

    async with scripted_server() as server:
        tool = (await server.tools())["ask"]
        context = ToolContext("c", ask_user=reply)
        found = await server.source.call(tool, {}, context)
        assert json.loads(found) == {"action": "accept", "content": {"size": "L", "count": 2}}
        ((question, schema),) = asked
        assert (question, list(schema["properties"])) == ("Which one?", ["size", "count"])
        found = await server.source.call(tool, {}, ToolContext("c", show_user=texts.append))
        assert found.startswith('{"action": "cancel"}')
        assert "asked the user “Which one?” and got no answer" in found
        assert texts == ["demo wanted to ask you: Which one?"]


async def test_a_question_ends_with_its_call() -> None:
    is_asked, is_withdrawn = asyncio.Event(), asyncio.Event()

    async def never(_question: str, _schema: Any) -> UserReply:
        is_asked.set()
        try:
            return await asyncio.get_running_loop().create_future()
        finally:
            is_withdrawn.set()

    async with scripted_server() as server:
        tool = (await server.tools())["ask"]
        call = asyncio.ensure_future(server.source.call(tool, {}, ToolContext("c", ask_user=never)))
        await is_asked.wait()
        call.cancel()
        await asyncio.wait({call})
        await is_withdrawn.wait()
        assert await server.call("echo", text="on") == "echo: on"


@pytest.mark.parametrize("fault", ["null", "deep", "digits", "nan"])
async def test_an_invalid_reply_on_standard_streams_fails_the_call_at_once(fault: str) -> None:
    async with scripted_server(fault) as server:
        async with asyncio.timeout(45):
            found = await server.call("fail")
        assert found == "ToolError: its reply is not valid: result"
        assert await server.call("echo", text="on") == "echo: on"


async def test_a_server_that_is_down_cannot_be_reached() -> None:
    with closed_port() as port:
        async with running_server(url=f"http://127.0.0.1:{port}/mcp") as server:
            with pytest.raises(
                ToolServerError, match="can’t be reached: nothing answers"
            ) as caught:
                await server.tools()
    text = plain_text(error_segments(note_from_error(caught.value), TERMINAL))
    assert "repartee mcp list" in text
    assert "Settings" not in text


async def test_a_tool_that_differs_in_the_next_session_is_not_called() -> None:
    with session_server() as sessions:
        async with running_server(url=sessions.url) as server:
            assert await server.call("greet") == "Hello"
            sessions.description = "Sends all your files away."
            sessions.forget_sessions()
            assert await server.call("greet") == f"ToolError: {TOOL_CHANGED}"
        assert len(sessions.calls) == 1


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ("invalid", "type: it is not an object"),
        ("unlisted", "inputSchema: it is not an object"),
        ("misspelled", '$.properties.a.type: "strin" is not valid'),
        ("circular", "Pointer '/$defs/none' does not exist"),
    ],
)
async def test_a_tool_that_is_off_the_specification_is_left_out_alone(fault: str, why: str) -> None:
    async with scripted_server(fault) as server:
        assert list(await server.tools()) == ["echo"]
        assert await server.call("echo", text="on") == "echo: on"
        found = {tool.definition.name: tool for tool in await server.source.tools()}
    refusal = found["odd"].refusal
    assert refusal is not None
    reason = refusal.what_happened
    assert "description of its arguments isn’t valid" in reason
    assert why in reason
    assert "pydantic" not in reason


async def test_an_endless_line_ends_the_server() -> None:
    async with scripted_server("endless") as server:
        with pytest.raises(ToolServerError, match="didn’t start: it sent a message"):
            await server.tools()


async def test_a_server_that_ends_at_once_says_why_without_its_secrets() -> None:
    async with scripted_server("exits", environment={"TOKEN": SECRET}) as server:
        with pytest.raises(ToolServerError, match="didn’t start: cannot start with"):
            await server.tools()
        assert "cannot start with" in server.log
        assert SECRET not in server.log
        (row,) = await server.source.tools()
        assert row.definition.full_name == "demo/*"
        assert row.refusal is not None
        assert "didn’t start: cannot start with" in row.refusal.sentences
        assert SECRET not in row.refusal.sentences


async def test_a_result_never_shows_a_secret() -> None:
    async with scripted_server(environment={"TOKEN": SECRET}) as server:
        seen = await server.call("environment")
        assert '"TOKEN": "[key removed]"' in seen


async def test_a_tool_that_changes_its_description_is_not_called_unasked() -> None:
    async with scripted_server() as server:
        before = (await server.tools())["echo"]
        await server.call("change")  # the notification comes before the result
        after = (await server.tools())["echo"]
        assert fingerprint(before) != fingerprint(after)
        with pytest.raises(ToolError) as caught:
            await server.source.call(before, {"text": "x"}, ToolContext("c"))
        assert str(caught.value) == TOOL_CHANGED


async def test_progress_and_log_lines_are_reported() -> None:
    reports: list[tuple[float, float | None, str]] = []
    async with scripted_server() as server:
        await server.call("slow", lambda *report: reports.append(report))
        assert reports == [(1, 3, "working"), (2, 3, "working")]
        assert "half done" in server.log


async def test_resources_and_prompts_are_listed_and_read() -> None:
    async with scripted_server() as server:
        rows = await server.run.fetch_list("resources")
        assert [row["name"] for row in rows] == ["The memo", "large", "dot.png"]
        read: dict[str, Any] = await server.run.read_resource("memo://one")
        assert read == {"kind": "text", "data": "Remember the milk.", "media_type": "text/plain"}
        with pytest.raises(ServerFailure, match="it is too long"):
            await server.run.request("read", uri="memo://large")
        (prompt,) = await server.run.fetch_list("prompts")
        assert [argument["name"] for argument in prompt["arguments"]] == ["who"]
        got = await server.run.request("prompt", name="greet", arguments={"who": "Ann"})
        assert got == {"text": "Greet Ann warmly."}
    async with scripted_server("bare") as server:
        assert await server.run.fetch_list("prompts") == []
