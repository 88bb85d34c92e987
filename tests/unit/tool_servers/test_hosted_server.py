"""The orders that the process of a server carries out, with a small server that plays a script."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from desktop_app.tool_servers.host.hosted_server import HostedServer
from desktop_app.tool_servers.host.line_output import LineOutput

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
    orders, sent = asyncio.StreamReader(), asyncio.StreamReader()
    reading, writing = os.pipe()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(sent), os.fdopen(reading, "rb")
    )

    def do(**values: Any) -> None:
        orders.feed_data(json.dumps(values).encode() + b"\n")

    async def next_line() -> dict[str, Any]:
        line: dict[str, Any] = json.loads(await sent.readline())
        return line

    server = HostedServer(order, orders, LineOutput(writing), lambda: None)
    running = asyncio.ensure_future(server.run())
    try:
        async with asyncio.timeout(60):
            assert (await next_line())["event"] == "ready"
            do(id=1, do="call", name="endless", arguments={})
            do(id=1, do="cancel")
            do(id=2, do="call", name="quick", arguments={})
            answer = await next_line()
            orders.feed_eof()
            await running
    finally:
        transport.close()
        os.close(writing)
    assert answer["id"] == 2
    methods = json.loads(answer["result"]["text"])
    assert methods.count("tools/call") - methods.count("notifications/cancelled") == 1


@pytest.mark.attack("reply-bounds")
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer t"}])
async def test_a_response_that_expands_too_far_is_refused(headers: dict[str, str]) -> None:
    packed = gzip.compress(bytes(40 << 20))
    head = (
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\n"
        f"connection: close\r\ncontent-length: {len(packed)}\r\n\r\n"
    )

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head.encode() + packed)
        writer.close()

    site = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{site.sockets[0].getsockname()[1]}/"
    order = {"url": url, "headers": headers, "proxies": {}}
    reading, writing = os.pipe()
    server = HostedServer(order, asyncio.StreamReader(), LineOutput(writing), lambda: None)
    try:
        async with site, asyncio.timeout(60):
            await server.run()
    finally:
        os.close(writing)
    with os.fdopen(reading, "rb") as sent:
        failure = [json.loads(line) for line in sent][-1]
    assert failure["event"] == "failed"
    assert failure["reason"].endswith("The response is larger than 32 MB.")
