"""Unpacks the body of a reply in small pieces.

httpx unpacks each piece that arrives whole. One of 64 kB that was packed twice becomes gigabytes
before anything can count them.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import httpx

_PIECE_BYTES: Final = 1 << 16
_UNPACKED: Final = ("gzip", "x-gzip", "deflate")
_OTHERS: Final = ("br", "zstd", "compress", "x-compress")
_GZIP_MARK: Final = b"\x1f"
_ANY_HEADER: Final = 47  # of gzip or zlib, with the largest window


async def unpacked(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    """Yield the body. Close the generator after the response.

    Raises:
        httpx.DecodingError: the body is damaged, or packed otherwise than once with gzip or
            deflate. An unknown packing is none: some gateways write anything there.
        httpx.TransportError: the connection broke or fell silent.
    """
    import httpx

    stated = response.headers.get("content-encoding", "").lower().split(",")
    packings = [each for name in stated if (each := name.strip()) in (*_UNPACKED, *_OTHERS)]
    if len(packings) > 1 or set(packings) & set(_OTHERS):
        raise httpx.DecodingError(f"packed with {' and '.join(packings[:3])}")
    unpacker = zlib.decompressobj(_ANY_HEADER) if packings else None
    async with aclosing(response.aiter_raw()) as chunks:  # type: ignore[type-var]  # a generator
        async for chunk in chunks:
            if unpacker is None:
                yield chunk
                continue
            try:
                while chunk:
                    if unpacker.eof:
                        if not chunk.startswith(_GZIP_MARK):  # padding
                            break
                        unpacker = zlib.decompressobj(_ANY_HEADER)  # of the next member
                    piece = unpacker.decompress(chunk, _PIECE_BYTES)
                    chunk = unpacker.unconsumed_tail or unpacker.unused_data
                    if piece:
                        yield piece
                    if chunk:  # a small chunk can have megabytes, beside which the window works
                        await asyncio.sleep(0)
            except zlib.error as exc:
                raise httpx.DecodingError(str(exc)) from exc
