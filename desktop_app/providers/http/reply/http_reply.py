"""A provider's HTTP reply: its bytes as they arrive, as events, or as one JSON value.

Everything that a server sends enters here and in transport.py: keys are redacted before anything
else reads it. Only `pieces` yields raw bytes.

Errors while reading become errors of the domain: a connection that breaks or falls silent has cut
the answer. Nothing is decompressed: uncompressed replies are requested, because a few kilobytes can
expand to gigabytes. However fast bytes come, the event loop gets its turn every few milliseconds.
httpx is imported in the functions that need it: see transport.py.
"""

from __future__ import annotations

import asyncio
from codecs import BOM_UTF8
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, TypeVar

from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import ReplyTooLargeError, StreamCutError, UnexpectedReplyError
from desktop_app.providers.http import connection_errors
from desktop_app.providers.http.reply import json_fields
from desktop_app.providers.http.reply.json_parser import ValueTooLargeError
from desktop_app.providers.http.reply.loop_turns import LoopTurns
from desktop_app.providers.http.reply.reply_limits import (
    MAX_EVENT_BYTES,
    MAX_JSON_BYTES,
    MAX_STREAM_BYTES,
    MB,
    BodyTooLargeError,
    EventTooLargeError,
)
from desktop_app.providers.http.reply.sse import ServerSentEvent, SSEDecoder

if TYPE_CHECKING:
    import httpx

    from desktop_app.domain.network.redaction import Redactor

T = TypeVar("T")

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
        self._provider = attempt.provider
        self._drain_s = drain_s
        self._on_bytes = on_bytes
        self._turns = LoopTurns()
        self._chunks = response.aiter_raw()
        self._peeked = bytearray()  # bytes read to detect the kind of reply
        self.received = 0
        """Bytes of the body received so far."""

    @property
    def request_id(self) -> str:
        """Return the provider's id of the request, or "" if it gave none."""
        return request_id_of(self._response.headers, self._redactor)

    async def is_json(self) -> bool:
        """Return True if the reply is one JSON value instead of a stream of events.

        The first character of the body decides, and the content type only in doubt: gateways send
        wrong content types, or none.

        Raises:
            AttemptError: it is a web page.
            StreamCutError: the connection broke or fell silent first.
            ReplyTooLargeError: the stream exceeded its limit.
        """
        with self._translate_errors():
            first = await self._first_character()
        if first == b"<":
            raise self._attempt.web_page_error(self._response.status_code)
        if first in (b"{", b"["):
            return True
        is_json_type = "json" in self._response.headers.get("content-type", "").lower()
        return is_json_type and first != b"" and first not in _FIELD_INITIALS

    async def _first_character(self) -> bytes:
        """Return the first byte of the body that is not blank, or b"" if there is none."""
        async for chunk in self._chunks:
            await self._count_chunk(chunk, MAX_STREAM_BYTES)
            self._peeked += chunk
            if not BOM_UTF8.startswith(self._peeked):
                content = self._peeked.removeprefix(BOM_UTF8).lstrip()
                if content:
                    return bytes(content[:1])
                self._peeked.clear()  # some servers send blank lines as heartbeats
        return b""

    async def _read_body(self, max_bytes: int) -> AsyncGenerator[bytes, None]:
        beginning = bytes(self._peeked)
        self._peeked.clear()
        if beginning:
            yield beginning
        async for chunk in self._chunks:
            await self._count_chunk(chunk, max_bytes)
            yield chunk

    async def _count_chunk(self, chunk: bytes, max_bytes: int) -> None:
        self._on_bytes()
        self.received += len(chunk)
        if self.received > max_bytes:
            raise BodyTooLargeError(max_bytes)
        await self._turns.yield_if_due()

    async def events(self, read: Callable[[bytes | bytearray, str], T]) -> AsyncGenerator[T, None]:
        """Yield the result of `read` for each server-sent event.

        `read` takes the data and the name. It runs in a thread if the event is large.

        Raises:
            StreamCutError: the connection broke or fell silent.
            ReplyTooLargeError: the stream, or one event, exceeded a limit.
        """

        def read_redacted(event: ServerSentEvent) -> T:
            return read(self._redactor.clean_bytes(event.data), event.event)

        decoder = SSEDecoder()
        with self._translate_errors():
            async for chunk in self._read_body(MAX_STREAM_BYTES):
                for event in decoder.feed(chunk):
                    size = len(event.data)
                    yield await json_fields.run_in_thread_if_large(size, read_redacted, event)
                    await self._turns.yield_if_due()

    async def pieces(self, max_bytes: int) -> AsyncGenerator[bytes, None]:
        """Yield the body as it arrives.

        Raises:
            StreamCutError: the connection broke or fell silent.
            ReplyTooLargeError: more than `max_bytes` bytes came.
        """
        with self._translate_errors():
            async for chunk in self._read_body(max_bytes):
                yield chunk

    async def json(self, read: Callable[[Any], T], max_bytes: int = MAX_JSON_BYTES) -> T:
        """Return the result of `read` for the parsed body. A thread handles a large body.

        Raises:
            StreamCutError: the connection broke or fell silent.
            UnexpectedReplyError: it is not JSON.
            ReplyTooLargeError: more than `max_bytes` bytes came, or values that fill the memory.
        """
        body = bytearray()
        with self._translate_errors():
            async for chunk in self._read_body(max_bytes):
                body += chunk

            def parse_body() -> T:
                return read(json_fields.parse(self._redactor.clean_bytes(body)))

            try:
                return await json_fields.run_in_thread_if_large(len(body), parse_body)
            except ValueError as exc:
                raise UnexpectedReplyError(
                    Reason.REPLY_NOT_JSON, request_id=self.request_id, provider=self._provider
                ) from exc

    async def drain(self) -> None:
        """Read the rest of the reply if it arrives within the drain time.

        Only a reply that is read to its end frees its connection for the next message.
        """
        import httpx

        with suppress(TimeoutError, httpx.HTTPError, httpx.StreamError):
            async with asyncio.timeout(self._drain_s):
                async for _ in self._chunks:
                    await self._turns.yield_if_due()

    async def close(self) -> None:
        """End the generator that reads the body. Call it after the response is closed.

        The garbage collector would end it outside of any task, where it cannot be closed.
        """
        if isinstance(self._chunks, AsyncGenerator):
            await self._chunks.aclose()

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        """Raise errors of httpx, and exceeded limits, as errors of the domain."""
        import httpx

        try:
            yield
        except httpx.TimeoutException as exc:
            raise self._cut_error(Reason.SILENT_IN_ANSWER, exc) from exc
        except httpx.TransportError as exc:
            raise self._cut_error(Reason.BROKE_IN_ANSWER, exc) from exc
        except EventTooLargeError as exc:
            limit = MAX_EVENT_BYTES // MB
            raise self._too_large_error(Reason.EVENT_TOO_LARGE, limit=limit) from exc
        except ValueTooLargeError as exc:
            raise self._too_large_error(Reason.TOO_MANY_VALUES) from exc
        except BodyTooLargeError as exc:
            raise self._too_large_error(Reason.REPLY_TOO_LARGE, limit=exc.limit // MB) from exc

    def _too_large_error(self, reason: Reason, **params: int) -> ReplyTooLargeError:
        return ReplyTooLargeError(
            reason, params, request_id=self.request_id, provider=self._provider
        )

    def _cut_error(self, reason: Reason, exc: Exception) -> StreamCutError:
        return StreamCutError(
            reason,
            details=details_of(exc, self._redactor),
            request_id=self.request_id,
            provider=self._provider,
        )


def request_id_of(headers: Mapping[str, str], redactor: Redactor) -> str:
    """Return the request id for the provider's support, or "" if there is none."""
    # Redact first: half of a key would not be recognized.
    return redactor.clean(str(headers.get("x-request-id", "")))[:_MAX_ID_CHARS]


def details_of(exc: Exception, redactor: Redactor) -> str:
    """Return the text of a foreign exception, redacted: it can quote the server or a proxy."""
    return redactor.clean(f"{type(exc).__name__}: {exc}".rstrip(": "))
