"""A provider's HTTP reply: its bytes as they arrive, as events, or as one JSON value.

Everything that a server sends enters here and in transport.py: keys are redacted before anything
else reads it. Only `pieces` yields raw bytes. Errors while reading become errors of the domain: a
connection that breaks or falls silent has cut the answer.
"""

from __future__ import annotations

import asyncio
from codecs import BOM_UTF8
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing, contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, TypeVar

from desktop_app.domain import hints
from desktop_app.domain.errors import ReplyTooLargeError, StreamCutError, UnexpectedReplyError
from desktop_app.i18n.translation import N_
from desktop_app.providers.http import connection_errors, json_fields
from desktop_app.providers.http.sse import ServerSentEvent, SSEDecoder
from desktop_app.providers.http.unpacking import unpacked

if TYPE_CHECKING:
    import httpx

    from desktop_app.providers.http.redaction import Redactor


T = TypeVar("T")

# A faulty server can send without end. No honest reply comes near these limits.
MAX_EVENT_BYTES: Final = 16 << 20
MAX_JSON_BYTES: Final = 32 << 20
MAX_STREAM_BYTES: Final = 128 << 20
"""A whole stream: each token of an answer takes some 300 bytes."""
FRAME_S: Final = 0.034
"""Seconds between two frames of a stream: the events of a frame cost little more than one."""
_FRAME_BYTES: Final = 1 << 15
"""The most bytes of a frame: some 150 events, whose decoding takes 6 ms of the event loop."""
_MAX_ID_CHARS: Final = 200
# The first letter of a server-sent event's comment or field: data, event, id, retry.
_FIELD_INITIALS: Final = (b":", b"d", b"e", b"i", b"r")


class HttpReply:
    """A reply with a success status.

    Args:
        drain_s: the longest wait of `drain`, in seconds.
        on_bytes: called whenever bytes of the body come.
    """

    def __init__(
        self,
        response: httpx.Response,
        attempt: connection_errors.ConnectionAttempt,
        redactor: Redactor,
        drain_s: float,
        on_bytes: Callable[[], None],
    ) -> None:
        self._response = response
        self._redactor = redactor
        self._attempt = attempt
        self._drain_s = drain_s
        self._on_bytes = on_bytes
        self._chunks = unpacked(response)
        self._peeked = b""  # bytes read to detect the kind of reply
        self._read_ahead: _ReadAhead | None = None
        self.received = 0
        """Bytes of the body received so far."""

    @property
    def request_id(self) -> str:
        """Return the provider's id of the request, or "" if it gave none."""
        return request_id_of(self._response.headers, self._redactor)

    async def is_json(self) -> bool:
        """Return True if the reply is one JSON value instead of a stream of events.

        The beginning of the body decides, and the content type only in doubt: gateways send wrong
        content types, or none.

        Raises:
            AttemptError: it is a web page.
            StreamCutError: the connection broke or fell silent first.
            ReplyTooLargeError: the stream exceeded its limit.
        """
        with self._translate_errors():
            async for chunk in self._chunks:
                self._count(chunk, MAX_STREAM_BYTES)
                # Blank lines before the content mean nothing, and some servers send megabytes.
                self._peeked = (self._peeked + chunk).removeprefix(BOM_UTF8).lstrip()
                if self._peeked:
                    break
        content = self._peeked
        first = content[:1]
        if first == b"<":
            raise self._attempt.web_page_error(self._response.status_code)
        is_json_type = "json" in self._response.headers.get("content-type", "").lower()
        return first in (b"{", b"[") or (is_json_type and first not in (b"", *_FIELD_INITIALS))

    def _count(self, chunk: bytes, max_bytes: int) -> None:
        self._on_bytes()
        self.received += len(chunk)
        if self.received > max_bytes:
            raise self._too_large_error(max_bytes)

    async def pieces(self, max_bytes: int) -> AsyncGenerator[bytes, None]:
        """Yield the body as it arrives.

        Raises:
            StreamCutError: the connection broke or fell silent.
            ReplyTooLargeError: more than `max_bytes` bytes came.
        """
        peeked, self._peeked = self._peeked, b""
        if peeked:
            yield peeked
        with self._translate_errors():
            async for chunk in self._chunks:
                self._count(chunk, max_bytes)
                yield chunk

    async def events(self, read: Callable[[bytes, str], list[T]]) -> AsyncGenerator[list[T], None]:
        """Yield the results of `read`, which takes data and name, for the events of each read.

        Raises:
            StreamCutError: the connection broke or fell silent.
            ReplyTooLargeError: the stream, or one event, exceeded a limit.
        """
        decoder = SSEDecoder()

        def results(received: list[ServerSentEvent]) -> Iterator[list[T]]:
            found: list[T] = []
            try:
                for event in received:
                    found += read(bytes(self._redactor.clean_json(event.data)), event.event)
            finally:  # what came before an event that cannot be read
                if received:
                    yield found
            if decoder.size > MAX_EVENT_BYTES:
                raise self._too_large_error(MAX_EVENT_BYTES)

        peeked, self._peeked = self._peeked, b""
        for found in results(decoder.feed(peeked)):
            yield found
        self._read_ahead = _ReadAhead(self._counted_chunks())
        cut: StreamCutError | None = None
        try:
            async with aclosing(self._read_ahead.frames()) as frames:
                async for frame in frames:
                    for found in results(decoder.feed(frame)):
                        yield found
        except StreamCutError as error:
            cut = error
        for found in results(decoder.end()):
            yield found
        if cut is not None:
            raise cut

    async def _counted_chunks(self) -> AsyncGenerator[bytes, None]:
        with self._translate_errors():
            async for chunk in self._chunks:
                self._count(chunk, MAX_STREAM_BYTES)
                yield chunk

    async def json(self, read: Callable[[Any], T], max_bytes: int = MAX_JSON_BYTES) -> T:
        """Return the result of `read` for the parsed body.

        Raises:
            StreamCutError: the connection broke or fell silent.
            UnexpectedReplyError: it is not JSON.
            ReplyTooLargeError: more than `max_bytes` bytes came.
        """
        body = b"".join([piece async for piece in self.pieces(max_bytes)])
        try:
            return read(json_fields.parse(self._redactor.clean_json(body)))
        except ValueError as exc:
            raise UnexpectedReplyError(
                N_("{provider} sent an invalid response."),
                hint=N_("Try again, or check the base URL in {provider_page}."),
                request_id=self.request_id,
                provider=self._attempt.provider,
            ) from exc

    async def drain(self) -> None:
        """Read the rest of the reply if it arrives within the drain time.

        Only a reply that is read to its end frees its connection for the next message.
        """
        import httpx

        with suppress(TimeoutError, httpx.HTTPError, httpx.StreamError):
            async with asyncio.timeout(self._drain_s):
                if self._read_ahead is not None:
                    await self._read_ahead.discard()
                    return
                async for _ in self._chunks:
                    pass

    async def close(self) -> None:
        """End the generator that reads the body. Call it after the response is closed.

        The garbage collector would end it outside of any task, where it cannot be closed.
        """
        await self._chunks.aclose()

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        """Raise errors of httpx as errors of the domain."""
        import httpx

        try:
            yield
        except httpx.TimeoutException as exc:
            raise self._cut_error(
                N_("{provider} stopped sending data before the response finished."), exc
            ) from exc
        except (httpx.TransportError, httpx.DecodingError) as exc:
            raise self._cut_error(
                N_("The connection to {provider} was lost before the response finished."), exc
            ) from exc

    def _too_large_error(self, limit: int) -> ReplyTooLargeError:
        return ReplyTooLargeError(
            N_("{provider} sent more than {limit} MB."),
            hint=hints.CHECK_ADDRESS_OR_SWITCH,
            limit=limit >> 20,
            request_id=self.request_id,
            provider=self._attempt.provider,
        )

    def _cut_error(self, message: str, exc: Exception) -> StreamCutError:
        return StreamCutError(
            message,
            hints.RETRY_BILLED,
            details=details_of(exc, self._redactor),
            request_id=self.request_id,
            provider=self._attempt.provider,
        )


class _ReadAhead:
    """The bytes of a stream, which a task reads as they come and which are taken once a frame.

    Servers send one event a chunk. To read no more until its frame is over would slow the stream
    to one event a frame. A server that is faster than the program waits while a frame is full.
    """

    def __init__(self, chunks: AsyncGenerator[bytes, None]) -> None:
        self._chunks = chunks
        self._arrived = bytearray()
        self._is_discarded = False
        self._has_arrived = asyncio.Event()  # or the stream has ended
        self._is_due = asyncio.Event()  # a full frame has arrived, or the end
        self._has_room = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None

    async def frames(self) -> AsyncGenerator[bytes, None]:
        """Yield what has arrived, once in FRAME_S, but the first, the last and full frames at once.

        If the task is canceled, what has arrived by then is yielded before CancelledError is
        raised: no text that came is lost by Stop.

        Raises:
            Exception: reading raised it; what came before is yielded first.
        """
        self._reading = reading = asyncio.create_task(self._read())
        try:
            while True:
                await self._has_arrived.wait()
                if self._arrived:
                    yield self._take()
                elif reading.done():
                    break
                if self._is_due.is_set():
                    await asyncio.sleep(0)  # other tasks run between two full frames
                else:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(FRAME_S):
                            await self._is_due.wait()
            await reading
        except asyncio.CancelledError as canceled:
            await self._end()
            try:
                yield bytes(self._arrived)
            finally:
                raise canceled
        finally:
            await self._end()

    async def discard(self) -> None:
        """Read the rest of the stream without keeping it."""
        self._is_discarded = True
        self._has_room.set()
        if self._reading is not None:
            await asyncio.wait([self._reading])

    async def _read(self) -> None:
        try:
            async with aclosing(self._chunks):
                async for chunk in self._chunks:
                    if self._is_discarded:
                        continue
                    if not self._arrived:
                        self._has_arrived.set()
                    self._arrived += chunk
                    if len(self._arrived) >= _FRAME_BYTES:
                        self._is_due.set()
                        self._has_room.clear()
                        await self._has_room.wait()
        finally:
            self._has_arrived.set()
            self._is_due.set()

    def _take(self) -> bytes:
        frame = bytes(self._arrived[:_FRAME_BYTES])
        del self._arrived[:_FRAME_BYTES]
        has_ended = self._reading is not None and self._reading.done()
        if not has_ended and not self._arrived:
            self._has_arrived.clear()
        if not has_ended and len(self._arrived) < _FRAME_BYTES:
            self._is_due.clear()
            self._has_room.set()
        return frame

    async def _end(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)


def request_id_of(headers: Mapping[str, str], redactor: Redactor) -> str:
    """Return the request id for the provider's support, or "" if there is none."""
    # Redact first: half of a key would not be recognized.
    return redactor.clean(str(headers.get("x-request-id", "")))[:_MAX_ID_CHARS]


def details_of(exc: Exception, redactor: Redactor) -> str:
    """Return the text of a foreign exception, redacted: it can quote the server or a proxy."""
    return redactor.clean(f"{type(exc).__name__}: {exc}".rstrip(": "))
