"""Bounds the bodies of a server's HTTP responses, and how often its streams are opened again.

The SDK reads whole bodies, and httpx2 decompresses each piece at once: a few kilobytes can expand
to gigabytes. Here bodies are decompressed in small pieces, up to a limit.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

import httpx2

from desktop_app.tool_servers.host.bounded_stdio import MAX_MESSAGE_BYTES

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

ACCEPTED_ENCODINGS: Final = "gzip, deflate"
"""The value of Accept-Encoding. By default, httpx2 accepts Zstandard, too, if Python has it."""
STREAM_INTERVAL_S: Final = 1.0
"""The least seconds between two requests for a stream of events."""
_PIECE_BYTES: Final = 64 * 1024
_ENCODINGS: Final = ("gzip", "x-gzip", "deflate")
_GZIP_OR_ZLIB_WBITS: Final = zlib.MAX_WBITS + 32
_RAW_DEFLATE_WBITS: Final = -zlib.MAX_WBITS


async def bound_body(response: httpx2.Response) -> None:
    """Limit the body of a response, after decompression, to MAX_MESSAGE_BYTES.

    A stream of events may be longer, because the SDK limits each event. This is an event hook of
    httpx2, to be called before others read the body. Reading a body that is too long or damaged
    raises httpx2.StreamError, which the SDK converts to an error of the request.
    """
    header_values = response.headers.get_list("content-encoding", split_commas=True)
    encodings = [name for name in map(str.lower, header_values) if name not in ("", "identity")]
    if encodings:
        del response.headers["content-encoding"]  # httpx2 would decompress once more
    media_type = response.headers.get("content-type", "").lower()
    limit = None if media_type.startswith("text/event-stream") else MAX_MESSAGE_BYTES
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    response.stream = _BoundedBody(response.stream, encodings, limit)


class StreamPace:
    """A delay before requests for streams of events.

    The SDK opens a stream that has ended again after the time that the server names. Without this
    delay, a server that ends each stream and names 0 would keep a processor busy.
    """

    def __init__(self) -> None:
        self._next_open_at = 0.0

    async def wait(self, request: httpx2.Request) -> None:
        """Wait until another stream may be opened. This is an event hook of httpx2."""
        if request.method == "GET" and "text/event-stream" in request.headers.get("accept", ""):
            now = asyncio.get_running_loop().time()
            opens_at = max(now, self._next_open_at)
            self._next_open_at = opens_at + STREAM_INTERVAL_S
            await asyncio.sleep(opens_at - now)


class _BoundedBody(httpx2.AsyncByteStream):
    """A body that is decompressed in small pieces, up to a limit in bytes; None for no limit."""

    def __init__(
        self, stream: httpx2.AsyncByteStream, encodings: list[str], limit: int | None
    ) -> None:
        self._stream = stream
        self._encodings = encodings
        self._limit = limit
        self._decompressor = zlib.decompressobj(_GZIP_OR_ZLIB_WBITS)
        self._is_first_piece = True

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if len(self._encodings) > 1 or not set(self._encodings) <= set(_ENCODINGS):
            raise httpx2.StreamError("The response is compressed in a way that is not supported.")
        size = 0
        async with aclosing(self._raw_pieces()) as pieces:
            async for piece in pieces:
                for data in self._unpack(piece):
                    size += len(data)
                    if self._limit is not None and size > self._limit:
                        limit = f"{self._limit >> 20} MB"
                        raise httpx2.StreamError(f"The response is larger than {limit}.")
                    yield data

    async def _raw_pieces(self) -> AsyncGenerator[bytes]:
        async for piece in self._stream:
            yield piece

    def _unpack(self, piece: bytes) -> Iterator[bytes]:
        """Yield a piece of the body, decompressed in small pieces if it is compressed."""
        if not self._encodings:
            yield piece
            return
        may_have_more = not self._decompressor.eof  # data after the compressed stream is padding
        while may_have_more:
            data = self._decompress(piece)
            piece = self._decompressor.unconsumed_tail
            may_have_more = bool(piece) or len(data) == _PIECE_BYTES
            if data:
                yield data

    def _decompress(self, piece: bytes) -> bytes:
        is_first = self._is_first_piece
        self._is_first_piece = False
        try:
            return self._decompressor.decompress(piece, _PIECE_BYTES)
        except zlib.error as error:
            # Some servers send deflate without its header.
            if is_first and self._encodings == ["deflate"]:
                self._decompressor = zlib.decompressobj(_RAW_DEFLATE_WBITS)
                return self._decompress(piece)
            raise httpx2.StreamError("The response is damaged.") from error

    async def aclose(self) -> None:
        """Close the connection's stream."""
        await self._stream.aclose()
