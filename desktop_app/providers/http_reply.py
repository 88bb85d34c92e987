"""A reply of a provider's over HTTP: its bytes as they come, as events, or as one JSON value.

What breaks while it is read is an error of ours from here on: a connection that breaks or falls
silent has cut the answer. httpx is imported in the functions that need it: see transport.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from desktop_app.domain.errors import StreamCutError, UnexpectedReplyError
from desktop_app.providers import json_fields, refusals, unreached
from desktop_app.providers.sse import EventTooLargeError, ServerSentEvent, SSEDecoder

if TYPE_CHECKING:
    import httpx

LARGEST_REPLY: Final = 256 * 1024 * 1024
_BOM: Final = "\ufeff".encode()
# A comment or a field of a server-sent event: data, event, id, retry.
_BEGINS_A_FIELD: Final = (b":", b"d", b"e", b"i", b"r")


class HttpReply:
    """A reply that opened with a status of success."""

    def __init__(
        self,
        response: httpx.Response,
        tried: unreached.Tried,
        drain_s: float,
        heard: Callable[[], None],
    ) -> None:
        self._response = response
        self._tried = tried
        self._provider = tried.provider
        self._drain_s = drain_s
        self._heard = heard
        self._chunks = response.aiter_bytes()
        self._beginning = bytearray()  # what was read to see what comes
        self.received = 0
        """Bytes of the body so far."""

    @property
    def request_id(self) -> str:
        """The provider's id of the request, "" where it gave none."""
        return request_id_of(self._response.headers)

    async def is_json(self) -> bool:
        """Whether one JSON value comes instead of a stream of events. The body's first character
        tells, for gateways give either any name, or none.

        Raises:
            AttemptError: it is a web page.
            StreamCutError: the connection broke or fell silent before.
        """
        with self._cut_means_stream_cut():
            first = await self._first_character()
        if first == b"<":
            raise self._tried.web_page(self._response.status_code)
        if first in (b"{", b"["):
            return True
        named = "json" in self._response.headers.get("content-type", "").lower()
        return named and first != b"" and first not in _BEGINS_A_FIELD

    async def _first_character(self) -> bytes:
        """The first byte of the body that is no blank, b"" where there is none."""
        async for chunk in self._chunks:
            self._count(chunk)
            self._beginning += chunk
            if not _BOM.startswith(self._beginning):
                begins = self._beginning.removeprefix(_BOM).lstrip()
                if begins:
                    return bytes(begins[:1])
                self._beginning.clear()  # blank lines are heartbeats of some servers
        return b""

    async def _body(self) -> AsyncGenerator[bytes, None]:
        beginning, self._beginning = bytes(self._beginning), bytearray()
        if beginning:
            yield beginning
        async for chunk in self._chunks:
            self._count(chunk)
            yield chunk

    def _count(self, chunk: bytes) -> None:
        self._heard()
        self.received += len(chunk)

    async def events(self) -> AsyncGenerator[ServerSentEvent, None]:
        """The events as they arrive.

        Raises:
            StreamCutError: the connection broke or fell silent.
        """
        decoder = SSEDecoder()
        with self._cut_means_stream_cut():
            async for chunk in self._body():
                for event in decoder.feed(chunk):
                    yield event

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """The body as it arrives, however large it is.

        Raises:
            StreamCutError: the connection broke or fell silent.
        """
        with self._cut_means_stream_cut():
            async for chunk in self._body():
                yield chunk

    async def json(self) -> Any:
        """The whole body, decoded.

        Raises:
            StreamCutError: the connection broke.
            UnexpectedReplyError: it is not JSON.
        """
        body = bytearray()
        with self._cut_means_stream_cut():
            async for chunk in self._body():
                body += chunk
                if len(body) > LARGEST_REPLY:
                    raise EventTooLargeError
        try:
            return json_fields.parse(bytes(body))
        except ValueError as exc:
            raise self._unexpected(
                f"The reply of {self._provider} was not the JSON that it should be"
            ) from exc

    async def drain(self) -> None:
        """Read what is left, if it comes at once: a reply read to its end frees its connection
        for the next message, any other closes it."""
        import httpx

        with suppress(TimeoutError, httpx.HTTPError, httpx.StreamError):
            async with asyncio.timeout(self._drain_s):
                async for _ in self._chunks:
                    pass

    async def leave(self) -> None:
        """Read no further; the response is closed. Left to the garbage collector, what reads would
        end outside of every task, where it cannot."""
        if isinstance(self._chunks, AsyncGenerator):
            await self._chunks.aclose()

    @contextmanager
    def _cut_means_stream_cut(self) -> Iterator[None]:
        import httpx

        try:
            yield
        except httpx.TimeoutException as exc:
            raise self._cut("fell silent", exc) from exc
        except httpx.DecodingError as exc:
            raise self._unexpected("The reply could not be unpacked") from exc
        except httpx.TransportError as exc:
            raise self._cut("broke", exc) from exc
        except EventTooLargeError as exc:
            raise self._unexpected("The reply was larger than fits into memory") from exc

    def _cut(self, how: str, exc: Exception) -> StreamCutError:
        return StreamCutError(
            f"The connection to {self._provider} {how} before the answer was whole.",
            what_to_do=refusals.ASK_AGAIN,
            details=details_of(exc, self.request_id),
            request_id=self.request_id,
        )

    def _unexpected(self, what: str) -> UnexpectedReplyError:
        return UnexpectedReplyError(
            f"{what}.",
            what_to_do="Press Retry; if it stays so, check the address in Settings › Provider.",
            details=refusals.details(None, "", self.request_id, ""),
            request_id=self.request_id,
        )


def request_id_of(headers: Mapping[str, str]) -> str:
    """The request's id for the provider's support, "" where it gave none."""
    return str(headers.get("x-request-id", ""))


def details_of(exc: Exception, request_id: str) -> str:
    """What a foreign exception says, for whoever looks into it."""
    line = f"{type(exc).__name__}: {exc}".rstrip(": ")
    return f"{line}\nRequest id: {request_id}" if request_id else line
