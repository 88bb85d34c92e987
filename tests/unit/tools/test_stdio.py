"""The standard streams of a server, as a small process writes them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from mcp import types
from mcp.shared.message import SessionMessage

from desktop_app.child_processes import ChildCommand
from desktop_app.tools.host import stdio as module
from desktop_app.tools.host.failure_text import reason_of
from desktop_app.tools.host.stdio import MAX_SHOWN_BYTES, bounded_stdio
from tests.helpers.waiting import LONGEST_S, until

SAYS = """
import json, sys
for is_output, text, *times in json.loads(sys.argv[1]):
    line = text.encode("latin-1") * sum(times or [1]) + b"\\n"
    (sys.stdout if is_output else sys.stderr).buffer.write(line)
    sys.stdout.flush()
    sys.stderr.flush()
"""
ECHOES = """
import sys
for line in sys.stdin:
    print(line.strip().replace("ping", "pong"), file=sys.stderr, flush=True)
    print('{"jsonrpc": "2.0", "id": 1, "result": {}}', flush=True)
"""


class Server:
    """A running server, with its log and the messages that it sends.

    Attributes:
        ended: how often it was said that it sends nothing more.
    """

    def __init__(self) -> None:
        self.log: list[tuple[str, str]] = []
        self.ended = 0
        self.received: Any = None
        self.sent: Any = None

    def on_log(self, level: str, text: str) -> None:
        self.log.append((level, text))

    def on_ended(self) -> None:
        self.ended += 1

    async def messages(self) -> list[dict[str, Any]]:
        """Return all messages until the server sends nothing more."""
        with anyio.fail_after(LONGEST_S):
            return [each.message.model_dump(exclude_none=True) async for each in self.received]

    async def logs(self, count: int) -> None:
        """Wait for so many lines of standard error."""

        async def has_logged() -> bool:
            return sum(not level for level, _ in self.log) == count

        await until(has_logged)


@asynccontextmanager
async def open_server(program: str, *arguments: str) -> AsyncIterator[Server]:
    """Yield a server; it has been ended after the block."""
    server = Server()
    argv = (sys.executable, "-I", "-S", "-c", program, *arguments)
    # Without it, no Python starts on Windows.
    environment = {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}
    command = ChildCommand(argv, environment)
    async with bounded_stdio(command, server.on_log, server.on_ended) as streams:
        server.received, server.sent = streams
        yield server


async def messages_and_log(
    *lines: tuple[object, ...],
) -> tuple[list[dict[str, Any]], list[tuple[str, str]]]:
    """Return the messages and the log of a server that writes lines and ends."""
    async with open_server(SAYS, json.dumps(lines)) as server:
        messages = await server.messages()
        assert server.ended == 1
        await server.logs(sum(not is_output for is_output, *_ in lines))
    return messages, server.log


def reply(number: object, **more: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": number, **more}


async def test_lines_that_are_no_messages_are_logged() -> None:
    messages, log = await messages_and_log(
        *((1, "Hello"), (1, ""), (1, "  "), (1, "x" * 3_000), (1, "[", 100_000), (1, "\xe9")),
        (1, json.dumps(reply(1, result={"a": "\xe9"}), ensure_ascii=False)),
    )
    assert messages == [reply(1, result={"a": "\ufffd"})]
    assert log == [
        ("warning", "Not a message: Hello"),
        ("warning", f"Not a message: {'x' * MAX_SHOWN_BYTES}"),
        ("warning", f"Not a message: {'[' * MAX_SHOWN_BYTES}"),
        ("warning", "Not a message: \ufffd"),
    ]


@pytest.mark.attack("reply-bounds")
async def test_a_server_that_sends_too_much_is_disconnected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MAX_MESSAGE_BYTES", 1 << 20)
    message = json.dumps(reply(1, result={}))
    with pytest.raises(ExceptionGroup) as caught:
        await messages_and_log((1, message), (1, "x", 1_100_000))
    assert reason_of(caught.value) == "it sent a message of more than 1 MB"


async def test_standard_error_is_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_MESSAGE_BYTES", 10_000)
    _, log = await messages_and_log((0, "One \xe9 "), (0, ""), (0, "x" * 3_000))
    assert log == [("", "One \ufffd"), ("", ""), ("", "x" * MAX_SHOWN_BYTES)]


async def test_a_message_is_sent_as_a_line() -> None:
    request = types.JSONRPCRequest(jsonrpc="2.0", id=1, method="ping", params={"text": "é\u2028"})
    plain = types.JSONRPCNotification(jsonrpc="2.0", method="ping")
    async with open_server(ECHOES) as server:
        for message in (request, plain):
            await server.sent.send(SessionMessage(message))
            with anyio.fail_after(LONGEST_S):
                answer = await server.received.receive()
            assert answer.message.id == 1
        await server.logs(2)
    assert [json.loads(text) for _, text in server.log] == [
        {"jsonrpc": "2.0", "id": 1, "method": "pong", "params": {"text": "é\u2028"}},
        {"jsonrpc": "2.0", "method": "pong"},
    ]
