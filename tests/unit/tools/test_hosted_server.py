"""The orders that the process of a server carries out, with a small server that plays a script."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from desktop_app.tools.host.hosted_server import HostedServer
from desktop_app.tools.host.line_output import LineOutput
from desktop_app.tools.servers.tool_server import ServerFault

SERVER = """
import json, sys
methods = []
for line in sys.stdin:
    message = json.loads(line)
    methods.append(message["method"])
    if message["method"] == "initialize":
        version = message["params"]["protocolVersion"]
        info = {"name": "n", "version": "1"}
        result = {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": info}
    elif message["method"] == "tools/call" and message["params"]["name"] == "quick":
        result = {"content": [{"type": "text", "text": json.dumps(methods)}]}
    else:
        continue
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
"""


async def test_a_call_canceled_in_the_next_line_is_canceled(tmp_path: Path) -> None:
    command = [sys.executable, "-I", "-S", "-c", SERVER]
    order = {"command": command, "environment": {}, "folder": str(tmp_path)}
    orders = asyncio.StreamReader()
    reading, writing = os.pipe()
    sent = os.fdopen(reading, "rb")

    def do(**values: Any) -> None:
        orders.feed_data(json.dumps(values).encode() + b"\n")

    async def next_line() -> dict[str, Any]:
        line: dict[str, Any] = json.loads(await asyncio.to_thread(sent.readline))
        return line

    server = HostedServer(order, orders, LineOutput(writing), lambda: None)
    running = asyncio.ensure_future(server.run())
    try:
        async with asyncio.timeout(60):
            assert (await next_line())["event"] == "ready"
            do(id=1, method="call", name="endless", arguments={})
            do(id=1, method="cancel")
            do(id=2, method="call", name="quick", arguments={})
            answer = await next_line()
            orders.feed_eof()
            await running
    finally:
        os.close(writing)
        sent.close()
    assert answer["id"] == 2
    methods = json.loads(answer["result"]["parts"][0])
    assert methods.count("tools/call") - methods.count("notifications/cancelled") == 1


@pytest.mark.skipif(sys.platform != "win32", reason="only Windows has .cmd files")
async def test_a_server_may_be_a_cmd_file(tmp_path: Path) -> None:
    (tmp_path / "server.py").write_text(SERVER)
    starter = f'@"{sys.executable}" -I -S "{tmp_path / "server.py"}"\n'
    (tmp_path / "own-server.cmd").write_text(starter)
    environment = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    order = {"command": ["own-server"], "environment": environment, "folder": str(tmp_path)}
    orders = asyncio.StreamReader()
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as sent:
        server = HostedServer(order, orders, LineOutput(writing), lambda: None)
        running = asyncio.ensure_future(server.run())
        try:
            async with asyncio.timeout(60):
                first = json.loads(await asyncio.to_thread(sent.readline))
                orders.feed_eof()
                await running
        finally:
            os.close(writing)
    assert first["event"] == "ready"


@asynccontextmanager
async def http_site(response: bytes, requests: list[bytes]) -> AsyncIterator[int]:
    """Answer every request with `response`, and add its head to `requests`."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        requests.append(head)
        writer.write(response)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as site:
        yield site.sockets[0].getsockname()[1]


async def failure_of(order: dict[str, Any]) -> dict[str, Any]:
    """Return the failure that a server of `order` reports."""
    reading, writing = os.pipe()
    server = HostedServer(order, asyncio.StreamReader(), LineOutput(writing), lambda: None)
    try:
        async with asyncio.timeout(60):
            await server.run()
    finally:
        os.close(writing)
    with os.fdopen(reading, "rb") as sent:
        failure: dict[str, Any] = [json.loads(line) for line in sent][-1]
    assert failure["event"] == "failed"
    return failure


async def test_no_cookie_of_a_server_is_sent_back() -> None:
    requests: list[bytes] = []
    response = b"HTTP/1.1 500 No\r\nSet-Cookie: who=you\r\nContent-Length: 0\r\n\r\n"
    async with http_site(response, requests) as port:
        url = f"http://127.0.0.1:{port}/mcp"
        await failure_of({"url": url, "headers": {}, "proxies": {}})
    assert len(requests) > 1
    assert not any(b"cookie" in head.lower() for head in requests)


@pytest.mark.attack("key-origin")
@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY"])
@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "localhost"])
@pytest.mark.parametrize("headers", [{"X-Key": "k"}, {"Authorization": "Bearer t"}])
async def test_no_proxy_gets_what_is_sent_to_this_computer(
    variable: str, host: str, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, "")  # so that it is reset after the test
    missing = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    of_proxy: list[bytes] = []
    of_server: list[bytes] = []
    async with http_site(missing, of_proxy) as proxy, http_site(missing, of_server) as port:
        proxies = {variable: f"http://127.0.0.1:{proxy}"}
        url = f"http://{host}:{port}/"
        await failure_of({"url": url, "headers": headers, "proxies": proxies})
    assert of_proxy == []
    # The server listens on one address only.
    is_reached = any(head.startswith(b"POST / HTTP/1.1\r\n") for head in of_server)
    assert is_reached is (host != "127.0.0.2")


@pytest.mark.parametrize(
    ("headers", "needs_sign_in"),
    [({}, True), ({"X-Key": "authorization"}, True), ({"Authorization": "Bearer t"}, False)],
)
async def test_only_a_server_without_a_token_is_signed_in_at(
    headers: dict[str, str], needs_sign_in: bool
) -> None:
    refusal = b"HTTP/1.1 401 Unauthorized\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
    async with http_site(refusal, []) as port:
        url = f"http://127.0.0.1:{port}/"
        failure = await failure_of({"url": url, "headers": headers, "proxies": {}})
    assert (failure["event"], failure["needs_sign_in"]) == ("failed", needs_sign_in)


async def test_the_older_transport_is_named() -> None:
    events = (
        b"HTTP/1.1 %s\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
        b"event: endpoint\ndata: /messages\n\n"
    )

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        status = b"200 OK" if head.startswith(b"GET") else b"404 Not Found"
        writer.write(events % status)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as site:
        url = f"http://127.0.0.1:{site.sockets[0].getsockname()[1]}/sse"
        failure = await failure_of({"url": url, "headers": {}, "proxies": {}})
    assert failure["reason"] == ServerFault.OLD_TRANSPORT
