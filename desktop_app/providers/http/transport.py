"""HTTP requests to one provider.

Redirects are refused: an API does not redirect, a wrong address does. Every foreign exception
becomes an error of the domain (connection_errors.py). This module handles bytes and events
(http_reply.py); their meaning is up to `apis`, `jobs` and `models`.

httpx is imported in the functions that need it: see connections.py.
"""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import quote

from desktop_app.domain import hints
from desktop_app.domain.answering.chat_request import MODEL_PLACEHOLDER, FileData, ImageData
from desktop_app.domain.errors import NetworkError, QuotaExhaustedError
from desktop_app.domain.network.network_address import split_url
from desktop_app.i18n.translation import N_
from desktop_app.providers.errors import error_body, error_replies
from desktop_app.providers.http import connection_errors
from desktop_app.providers.http.connections import ProxyWatch, bad_address_error, open_client
from desktop_app.providers.http.http_reply import HttpReply, details_of, request_id_of
from desktop_app.providers.http.retries import AttemptError, failed_attempt
from desktop_app.providers.http.silence import SilenceLimits
from desktop_app.providers.http.unpacking import unpacked

if TYPE_CHECKING:
    import httpx

    from desktop_app.domain.models.model_facts import ServerKind
    from desktop_app.domain.network.network_address import ProxyAddress
    from desktop_app.providers.http.request_secrets import ProviderAccess


T = TypeVar("T")
_Send = Callable[..., AbstractAsyncContextManager["httpx.Response"]]

_STREAM_OR_JSON: Final = "text/event-stream, application/json"

_PACKED_BYTES: Final = 3 << 18  # a multiple of 3, so that the pieces of Base64 join
_MAX_ERROR_BODY_BYTES: Final = 64 * 1024  # arbitrary: error messages are far shorter
_MAX_HOST_CHARS: Final = 253  # the limit of DNS
# A web page with one of these shows that the address is not an API's. Web pages with other error
# statuses come from proxies and gateways before an API, so they count as refusals.
_WEB_PAGE_STATUSES: Final = (403, 404, 405, 501, 511)  # 511: the network wants a login first


@dataclass(frozen=True)
class Timeouts:
    """Time limits of requests, in seconds.

    Attributes:
        connect: the longest time to connect.
        write: the longest time to send a part of a request.
        proxy: the longest time that a proxy may take to connect.
        read: the longest silence while an answer is awaited: longer than any provider's own limit,
            so that only a lost peer exceeds it.
        quick_read, quick_total: the longest silence and the longest time of a quick request.
        transfer: the longest silence of a file transfer.
        silence: the limits on silence that is reported to the user.
        windows: the longest time of the second request that asks some servers for context windows:
            the list of models waits for it.
        drain: the longest wait for the end of a finished reply, to reuse its connection.
    """

    connect: float = 5.0
    proxy: float = 20.0
    read: float = 1800.0
    quick_read: float = 30.0
    quick_total: float = 120.0
    transfer: float = 120.0
    write: float = 120.0
    silence: SilenceLimits = field(default_factory=SilenceLimits)
    windows: float = 5.0
    drain: float = 0.25


class Transport:
    """Requests to one provider.

    Attributes:
        timeouts: its time limits.
        server: the kind of server, which errors name; None until its list of models has shown it.
        redactor: removes the secrets that are sent, because a server can echo them.
    """

    def __init__(
        self, access: ProviderAccess, timeouts: Timeouts, server: ServerKind | None = None
    ) -> None:
        self._profile = access.profile
        self._provider = access.profile.name
        self._base_url = access.profile.base_url.rstrip("/")
        self._access = access
        self._client: httpx.AsyncClient | None = None
        self._opening = asyncio.Lock()
        self._proxy: ProxyAddress | None = None
        self.redactor = access.redactor()
        self.timeouts = timeouts
        self.server = server

    @asynccontextmanager
    async def post(self, path: str, body: Mapping[str, Any]) -> AsyncIterator[HttpReply]:
        """Send `body` as JSON. Leaving the context closes an unread reply.

        Raises:
            AttemptError: there is no reply, or it is a refusal or not an API's reply.
        """
        # Base64 of a file of 30 MB takes a quarter of a second.
        content = await asyncio.to_thread(pack_body, body)
        async with self._open(
            "POST",
            path,
            {"accept": _STREAM_OR_JSON, "content-type": "application/json"},
            content=content,
            sent=body,
        ) as reply:
            yield reply

    async def get_json(self, path: str, read: Callable[[Any], T]) -> T:
        """GET `path` and return the result of `read` for its JSON; see `HttpReply.json`.

        Raises:
            AttemptError, StreamCutError, UnexpectedReplyError, ReplyTooLargeError
        """
        limits = self.timeouts
        request = self._open("GET", path, {"accept": "application/json"}, read_s=limits.quick_read)
        try:
            async with asyncio.timeout(limits.quick_total), request as reply:
                return await reply.json(read)
        except TimeoutError as exc:
            raise AttemptError(self._timeout_error(exc)) from exc

    def send(
        self, method: str, path: str, *, is_page_expected: bool = False, **content: Any
    ) -> AbstractAsyncContextManager[HttpReply]:
        """Send a request with the timeout of a file transfer; see `post`.

        Args:
            is_page_expected: the reply may be a web page, which is otherwise refused.
            content: as httpx takes it: `json`, or the `data` and `files` of a form; `sent` as for
                an answer.
        """
        read_s = self.timeouts.transfer
        return self._open(
            method,
            path,
            {"accept": "*/*"},
            read_s=read_s,
            is_page_expected=is_page_expected,
            **content,
        )

    async def aclose(self) -> None:
        """Close every connection."""
        async with self._opening:  # a client that is being opened is closed as well
            client = self._client
            self._client = None
        if client is not None:
            await client.aclose()

    async def _open_client(self) -> httpx.AsyncClient:
        """Return the client of the connection pool.

        Raises:
            AttemptError: the key, the address, the proxy or the certificates cannot be used.
        """
        self._access.require_sendable_key()
        async with self._opening:
            if self._client is None:
                self._proxy, client = await asyncio.to_thread(open_client, self._access)
                self._client = client
                self.redactor = self._access.redactor(self._proxy)
            return self._client

    @asynccontextmanager
    async def _open(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        *,
        read_s: float | None = None,
        sent: Mapping[str, Any] | None = None,
        is_page_expected: bool = False,
        **content: Any,
    ) -> AsyncIterator[HttpReply]:
        """Send a request, and check that its reply is an API's. Close the reply at the end.

        Args:
            path: relative to the base URL. A path that begins with / is relative to the base URL
                without its /v1.
            read_s: the longest silence in seconds; None for that of an answer.
            sent: the fields of the request: the model, whose address may get it, and what a
                refusal may name.
            content: as httpx takes it.
        """
        client = await self._open_client()
        import httpx  # already imported, by the line above

        limits = self.timeouts
        send = partial(
            client.stream,
            method,
            self._build_url(path, str((sent or {}).get("model", ""))),
            headers=headers,
            **content,
            # Always set: without it httpx would send the user and password of an address.
            auth=self._access.authorize,
            timeout=httpx.Timeout(
                limits.read if read_s is None else read_s,
                connect=limits.connect,
                write=limits.write,
            ),
        )
        # Two stacks, because the response has to be closed before `reply.close` runs: the stack
        # that is entered last is left first.
        async with AsyncExitStack() as afterwards, AsyncExitStack() as stack:
            response = await self._receive(stack, send)
            await self._require_api_reply(response, sent, is_page_expected=is_page_expected)
            reply = HttpReply(response, self._attempt, self.redactor, limits.drain)
            afterwards.push_async_callback(reply.close)
            yield reply

    async def _receive(self, stack: AsyncExitStack, send: _Send) -> httpx.Response:
        """Return the reply to a request; `stack` closes it."""
        import httpx

        try:
            if self._proxy is None:
                return await stack.enter_async_context(send())
            return await self._receive_through_proxy(stack, send)
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            raise self._connection_failure(exc) from None
        except UnicodeError:  # httpx decodes the host of a redirect, to compare it
            raise self._attempt.redirect_error("") from None
        except TimeoutError:
            raise self._attempt.proxy_timeout_error() from None

    def _build_url(self, path: str, model: str) -> str:
        """Return the URL of a path. A request that names a model goes to that model's address."""
        base_url = self._base_url
        if model:
            base_url = base_url.replace(MODEL_PLACEHOLDER, quote(model, safe=""))
        else:  # Azure's address without a model, for its lists
            base_url = base_url.removesuffix(f"/deployments/{MODEL_PLACEHOLDER}")
        if path.startswith("/"):
            return base_url.removesuffix("/v1") + path
        return f"{base_url}/{path}"

    async def _receive_through_proxy(self, stack: AsyncExitStack, send: _Send) -> httpx.Response:
        """Receive as `_receive` does. Raise TimeoutError if the proxy takes too long to connect."""
        import httpx
        from socksio.exceptions import SOCKSError  # of a malformed reply, which httpx passes on

        async with asyncio.timeout(self.timeouts.proxy) as deadline:
            watch = ProxyWatch(deadline)
            try:
                return await stack.enter_async_context(send(extensions={"trace": watch}))
            except httpx.RemoteProtocolError as exc:
                if watch.is_sending:  # past the proxy: the provider broke the protocol
                    raise
                raise self._attempt.proxy_kind_error(details_of(exc, self.redactor)) from None
            except SOCKSError as exc:
                raise self._attempt.proxy_kind_error(details_of(exc, self.redactor)) from None
            finally:
                await watch.close()

    @property
    def _attempt(self) -> connection_errors.ConnectionAttempt:
        address = split_url(self._base_url)
        return connection_errors.ConnectionAttempt(
            provider=self._provider,
            host=address.hostname or self._base_url,
            proxy=self._proxy,
            is_own_proxy=bool(self._profile.proxy),
            has_ca_file=bool(self._profile.ca_file),
            port=address.port,
            server_kind=self.server,
        )

    async def _require_api_reply(
        self, response: httpx.Response, sent: Mapping[str, Any] | None, *, is_page_expected: bool
    ) -> None:
        """Raise AttemptError for a redirect, an unexpected web page or a refusal."""
        status = response.status_code
        if 300 <= status < 400:
            location = response.headers.get("location", "")
            target = split_url(location).hostname or ""
            if len(target) > _MAX_HOST_CHARS or self.redactor.clean(location) != location:
                target = ""  # not a host that the error could name
            raise self._attempt.redirect_error(target)
        if status == 407:  # "Proxy Authentication Required"
            raise self._attempt.proxy_refusal_error("407", "HTTP status 407")
        is_html = "html" in response.headers.get("content-type", "").lower()
        if is_html and ((status < 400 and not is_page_expected) or status in _WEB_PAGE_STATUSES):
            raise self._attempt.web_page_error(status)
        if status >= 400:
            raise await self._read_refusal(response, sent)

    async def _read_refusal(
        self, response: httpx.Response, sent: Mapping[str, Any] | None
    ) -> AttemptError:
        body_start = self.redactor.clean_json(await self._read_start_of_body(response))
        body = error_body.read_body(body_start)
        error = await asyncio.to_thread(  # the first compiles many expressions
            error_replies.error_from,
            self._provider,
            body,
            status=response.status_code,
            request_id=request_id_of(response.headers, self.redactor),
            sent=sent,
        )
        # Redacted once more: `error_from` removes invisible characters, and with them what may have
        # hidden an echoed key from the first redaction.
        error = error_replies.redacted(self.redactor, error)
        if isinstance(error, QuotaExhaustedError):  # for the link to its billing page
            error = error.copy_with(
                params={**error.params, "host": split_url(self._base_url).hostname or ""}
            )
        headers = {**body.headers, **response.headers}
        return failed_attempt(error, response.status_code, headers, body.message)

    def _connection_failure(self, exc: Exception) -> AttemptError:
        """Return the failed attempt for a missing reply.

        Only a failed connection is repeated. After it, the request may have been answered and
        billed.
        """
        import httpx

        details = details_of(exc, self.redactor)
        reason = self.redactor.clean(_first_message(exc))
        if isinstance(exc, httpx.InvalidURL):
            return AttemptError(bad_address_error(self._profile))
        if isinstance(exc, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
            return self._attempt.connect_error(reason, details)
        if isinstance(exc, httpx.ProxyError):
            return self._attempt.proxy_refusal_error(reason, details)
        if isinstance(exc, httpx.TimeoutException):
            return AttemptError(self._timeout_error(exc))
        error = NetworkError(
            N_("The connection to {provider} was lost before the response started."),
            hint=hints.RETRY_BILLED,
            details=details,
            provider=self._provider,
        )
        return AttemptError(error)

    def _timeout_error(self, exc: Exception) -> NetworkError:
        return NetworkError(
            N_("{provider} didn’t respond in time."),
            hint=hints.RETRY_BILLED,
            details=details_of(exc, self.redactor),
            provider=self._provider,
        )

    async def _read_start_of_body(self, response: httpx.Response) -> bytes:
        """Return the start of an error's body; ignore reading errors."""
        import httpx

        body = bytearray()
        chunks = unpacked(response)
        with suppress(httpx.HTTPError, TimeoutError):
            async with asyncio.timeout(self.timeouts.quick_read):
                async for chunk in chunks:
                    body += chunk
                    if len(body) > _MAX_ERROR_BODY_BYTES:
                        break
        # Closed before `chunks` is dropped: Python ends it outside of any task on Qt's loop, where
        # httpcore cannot close the connection ("async generator ignored GeneratorExit").
        await response.aclose()
        await chunks.aclose()
        return bytes(body[:_MAX_ERROR_BODY_BYTES])


def _first_message(exc: BaseException | None) -> str:
    """Return the first message in a chain of exceptions.

    The exception of httpx for an interrupted handshake has no message, but its cause has one.
    """
    while exc and not str(exc):
        exc = exc.__cause__ or exc.__context__
    return str(exc or "")


def pack_body(body: Mapping[str, Any]) -> bytes:
    """Return the body as JSON. An unpaired surrogate, which has no UTF-8 form, becomes "?".

    Images and files are put in as Base64 in small pieces, because each step blocks all threads.
    """
    mark = secrets.token_hex(16)
    files: list[ImageData | FileData] = []

    def marked(value: object) -> str:
        files.append(_require_data(value))
        return mark

    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), default=marked)
    first, *others = text.encode("utf-8", "replace").split(mark.encode())
    pieces = [first]
    for file, rest in zip(files, others, strict=True):
        pieces.append(f"data:{json.dumps(file.media_type)[1:-1]};base64,".encode())
        data = memoryview(file.data)
        pieces += (
            base64.b64encode(data[start : start + _PACKED_BYTES])
            for start in range(0, len(data), _PACKED_BYTES)
        )
        pieces.append(rest)
    return b"".join(pieces)


def data_url(value: object) -> str:
    """Return an image or a file as a data URL. Raises TypeError for any other value."""
    file = _require_data(value)
    return f"data:{file.media_type};base64,{base64.b64encode(file.data).decode()}"


def _require_data(value: object) -> ImageData | FileData:
    if not isinstance(value, ImageData | FileData):
        raise TypeError(f"{type(value).__name__} has no place in a request")
    return value
