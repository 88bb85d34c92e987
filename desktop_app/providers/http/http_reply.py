"""A provider's HTTP reply: its bytes as they arrive, as events, or as one JSON value.

Everything that a server sends enters here and in transport.py: keys are redacted before anything
else reads it. Only `pieces` yields raw bytes. Errors while reading become errors of the domain: a
connection that breaks or falls silent has cut the answer.
"""

from __future__ import annotations

import asyncio
import itertools
from codecs import BOM_UTF8
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, TypeVar

from desktop_app.domain import hints
from desktop_app.domain.answering.stream_events import StreamEvent, joined_texts
from desktop_app.domain.errors import ReplyTooLargeError, StreamCutError, UnexpectedReplyError
from desktop_app.i18n.translation import N_
from desktop_app.providers.http import connection_errors, json_fields
from desktop_app.providers.http.sse import ServerSentEvent, SSEDecoder
from desktop_app.providers.http.unpacking import unpacked

if TYPE_CHECKING:
    import httpx

    from desktop_app.providers.http.redaction import Redactor
    from desktop_app.providers.http.silence import SilenceWatch


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
_TURN_S: Final = 0.005  # a third of a frame of the screen
_MAX_ID_CHARS: Final = 200
# The first letter of a server-sent event's comment or field: data, event, id, retry.
_FIELD_INITIALS: Final = (b":", b"d", b"e", b"i", b"r")


class HttpReply:
    """A reply with a success status.

    Args:
        drain_s: the longest wait for its end, in seconds.

    Attributes:
        on_bytes: called whenever bytes of the body come.
        received: bytes of the body received so far.
    """

    def __init__(
        self,
        response: httpx.Response,
        attempt: connection_errors.ConnectionAttempt,
        redactor: Redactor,
        drain_s: float,
    ) -> None:
        self._response = response
        self.redactor = redactor
        self._attempt = attempt
        self.drain_s = drain_s
        self.on_bytes: Callable[[], None] = lambda: None
        self._chunks = unpacked(response)
        self._peeked = b""  # bytes read to detect the kind of reply
        self.received = 0

    @property
    def request_id(self) -> str:
        """Return the provider's id of the request, or "" if it gave none."""
        return request_id_of(self._response.headers, self.redactor)

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
        self.on_bytes()
        self.received += len(chunk)
        if self.received > max_bytes:
            raise self.too_large_error(max_bytes)

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

    async def json(self, read: Callable[[Any], T], max_bytes: int = MAX_JSON_BYTES) -> T:
        """Return the result of `read` for the parsed body.

        Raises:
            StreamCutError: the connection broke or fell silent.
            UnexpectedReplyError: it is not JSON.
            ReplyTooLargeError: more than `max_bytes` bytes came.
        """
        body = b"".join([piece async for piece in self.pieces(max_bytes)])
        try:
            return read(json_fields.parse(self.redactor.clean_json(body)))
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
            async with asyncio.timeout(self.drain_s):
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

    def too_large_error(self, limit: int) -> ReplyTooLargeError:
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
            details=details_of(exc, self.redactor),
            request_id=self.request_id,
            provider=self._attempt.provider,
        )


class ReplyReading:
    """A reply that a task requests and reads as it comes, and whose events are taken once a frame.

    Servers send one event a chunk. To read no more until its frame is over would slow the stream
    to one event a frame. A server that is faster than the program waits while a frame is full.

    Args:
        opening: requests the reply; see `Transport.post`.
        watch: reports the silences, also before the reply begins.

    Attributes:
        has_events: True once a server-sent event has come, even if it means nothing.
    """

    def __init__(
        self, opening: AbstractAsyncContextManager[HttpReply], watch: SilenceWatch
    ) -> None:
        self._opening = opening
        self._watch = watch
        self._reply: HttpReply | None = None
        self.has_events = self._is_json = False
        self._decoder = SSEDecoder()
        self._arrived = bytearray()
        self._is_discarded = False
        self._least = 1  # bytes that the wait is for
        self._is_due = asyncio.Event()  # they, the end or a report has come
        self._has_room = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._frame_ends_at = 0.0
        self._task: asyncio.Task[list[StreamEvent]] | None = None

    @property
    def request_id(self) -> str:
        """Return the provider's id of the request; "" if it gave none, or has not replied."""
        return "" if self._reply is None else self._reply.request_id

    @property
    def received(self) -> int:
        """Return the bytes of the body received so far."""
        return 0 if self._reply is None else self._reply.received

    async def events(
        self,
        read: Callable[[bytes, str], list[StreamEvent]],
        read_json: Callable[[Any], list[StreamEvent]],
        end: Callable[[StreamCutError | None], list[StreamEvent]],
    ) -> AsyncGenerator[StreamEvent, None]:
        """Yield the reply's events, each text of a frame as one, and reports of silence. Call once.

        If the task is canceled, what has arrived by then is yielded before CancelledError is
        raised: no text that came is lost by Stop.

        Args:
            read: returns the events of server-sent data and its name.
            read_json: returns the events of a reply that is one JSON value.
            end: returns the last events of a stream; called with the error of a connection that
                broke or fell silent, which it may raise.

        Raises:
            AttemptError: there is no reply, or it is a refusal or not an API's reply.
            StreamCutError: `end` raised it, or the connection broke within JSON.
            ReplyTooLargeError: the reply, or one event, exceeded a limit.
            UnexpectedReplyError: it is not JSON.
        """
        self._task = task = asyncio.create_task(self._read(read_json))
        found: Iterator[StreamEvent] = iter(())
        cut: StreamCutError | None = None
        try:
            try:
                while self._arrived or not task.done():
                    frame = await self._next_frame()
                    for report in self._watch.reports():
                        yield report
                    found = self._results(self._decoder.feed(frame), read)
                    turn_ends_at = self._loop.time() + _TURN_S
                    for event in found:
                        yield event
                        if self._loop.time() > turn_ends_at:  # other tasks run meanwhile
                            await asyncio.sleep(0)
                            turn_ends_at = self._loop.time() + _TURN_S
                await task
            except StreamCutError as error:
                if self._is_json:
                    raise
                cut = error
            found = self._results(self._decoder.end(), read)
            for event in found:
                yield event
            found = joined_texts(task.result() if self._is_json else end(cut))
            for event in found:
                yield event
        except asyncio.CancelledError as canceled:
            await self._end()
            rest = self._results(self._decoder.feed(bytes(self._arrived)), read)
            try:
                for event in itertools.chain(found, rest):
                    yield event
            finally:  # even if the reader leaves at one of these events
                raise canceled
        finally:
            await self._end()

    async def drain(self) -> None:
        """Read the rest of the reply as `HttpReply.drain` does, without keeping it."""
        self._is_discarded = True
        self._has_room.set()
        if self._task is not None and self._reply is not None:
            await asyncio.wait([self._task], timeout=self._reply.drain_s)

    async def _read(self, read_json: Callable[[Any], list[StreamEvent]]) -> list[StreamEvent]:
        """Read the reply; return the events of one that is JSON."""
        try:
            async with self._opening as reply:
                self._reply = reply
                reply.on_bytes = self._end_silence
                self._end_silence()
                if await reply.is_json():
                    self._is_json = True
                    return await reply.json(read_json)
                async for piece in reply.pieces(MAX_STREAM_BYTES):
                    if self._is_discarded:
                        continue
                    self._arrived += piece
                    if len(self._arrived) >= self._least:
                        self._is_due.set()
                    if len(self._arrived) >= _FRAME_BYTES:
                        self._has_room.clear()
                        await self._has_room.wait()
                return []
        finally:
            self._is_due.set()

    def _end_silence(self) -> None:
        if self._watch.end_silence():
            self._is_due.set()

    async def _next_frame(self) -> bytes:
        """Return what has arrived in a frame; the first, the last and full frames at once.

        Return b"" if the silence is to be checked.
        """
        if self._loop.time() < self._frame_ends_at:
            await self._wait(_FRAME_BYTES, self._frame_ends_at)
        if not self._arrived:
            await self._wait(1, self._watch.check_at)
        frame = bytes(self._arrived[:_FRAME_BYTES])
        del self._arrived[:_FRAME_BYTES]
        if len(self._arrived) < _FRAME_BYTES:
            self._has_room.set()
        if frame:
            self._frame_ends_at = self._loop.time() + FRAME_S
        return frame

    async def _wait(self, least: int, until: float) -> None:
        """Wait for so many bytes, the end, a report or a time. Other tasks run meanwhile."""
        assert self._task is not None
        self._least = least
        if len(self._arrived) >= least or self._task.done():
            await asyncio.sleep(0)
            return
        timer = self._loop.call_at(until, self._is_due.set)
        try:
            await self._is_due.wait()
        finally:
            timer.cancel()
        self._is_due.clear()

    def _results(
        self, received: list[ServerSentEvent], read: Callable[[bytes, str], list[StreamEvent]]
    ) -> Iterator[StreamEvent]:
        found: list[StreamEvent] = []
        if received:
            self.has_events = True
            assert self._reply is not None
            redactor = self._reply.redactor
            try:
                for event in received:
                    found += read(bytes(redactor.clean_json(event.data)), event.event)
            finally:  # what came before an event that cannot be read
                yield from joined_texts(found)
        if self._decoder.size > MAX_EVENT_BYTES and self._reply is not None:
            raise self._reply.too_large_error(MAX_EVENT_BYTES)

    async def _end(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)


def request_id_of(headers: Mapping[str, str], redactor: Redactor) -> str:
    """Return the request id for the provider's support, or "" if there is none."""
    # Redact first: half of a key would not be recognized.
    return redactor.clean(str(headers.get("x-request-id", "")))[:_MAX_ID_CHARS]


def details_of(exc: Exception, redactor: Redactor) -> str:
    """Return the text of a foreign exception, redacted: it can quote the server or a proxy."""
    return redactor.clean(f"{type(exc).__name__}: {exc}".rstrip(": "))
