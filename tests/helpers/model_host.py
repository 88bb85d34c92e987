"""A host of models that cuts, stalls, and lies about ranges and lengths."""

from __future__ import annotations

import asyncio
import re

from tests.unit.providers.loopback import Received, Script

PIECE = 16 * 1024


def serves(
    content: bytes,
    *,
    etag: str = '"v1"',
    cut_after: int | None = None,
    stalls_after: int | None = None,
    ranges: str = "honest",
    stated_length: int | None = None,
) -> Script:
    """Serve a file.

    Args:
        cut_after: close the connection after so many bytes of each reply.
        stalls_after: fall silent after so many bytes of each reply.
        ranges: "honest", "ignored" (always the whole file), "shifted" (other bytes than
            requested and stated), "mislabeled" (the requested bytes, said to be
            others) or "refused".
        stated_length: a wrong Content-Length.
    """

    async def script(request: Received, writer: asyncio.StreamWriter) -> None:
        match = re.fullmatch(r"bytes=(\d+)-", request.headers.get("range", ""))
        begin = int(match[1]) if match else 0
        if request.headers.get("if-range") not in (None, etag) or ranges == "ignored":
            begin = 0
        if begin and (ranges == "refused" or begin >= len(content)):
            writer.write(b"HTTP/1.1 416 Range Not Satisfiable\r\ncontent-length: 0\r\n\r\n")
            await writer.drain()
            return
        stated = begin + 1000 if begin and ranges == "mislabeled" else begin
        body = content[begin:]
        if begin and ranges == "shifted":
            body = body[1000:] + body[:1000]
        length = len(body) if stated_length is None else stated_length
        lines = [f"HTTP/1.1 {'206 Partial' if begin else '200 OK'}", f"content-length: {length}"]
        if etag:
            lines.append(f"etag: {etag}")
        if begin:
            last = stated + len(body) - 1
            lines.append(f"content-range: bytes {stated}-{last}/{len(content)}")
        writer.write("\r\n".join([*lines, "", ""]).encode())
        body = body[:cut_after]
        for at in range(0, len(body), PIECE):
            if stalls_after is not None and at >= stalls_after:
                await request.gone.wait()
                return
            writer.write(body[at : at + PIECE])
            await writer.drain()
        if cut_after is not None or length != len(body):
            writer.close()

    return script


def moves_to(location: str) -> Script:
    """Redirect to another address."""

    async def script(_: Received, writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"
        writer.write(head.encode())
        await writer.drain()

    return script


def says(status: int, body: bytes = b"") -> Script:
    """Reply with a status."""

    async def script(_: Received, writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 {status} Status\r\ncontent-length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()

    return script
