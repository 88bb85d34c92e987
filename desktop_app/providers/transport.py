"""HTTP to one provider: the only place that knows httpx.

One connection pool per profile, by the way that the profile names (proxies.py, trust.py), no
redirects (an API does not redirect; a wrong address does), and every foreign exception turned
into an error of ours (unreached.py). What was sent and what came back is bytes and events here; what they mean
is the adapters' business.

httpx, ssl and the certificates cost 100 ms and 20 MB, so they are imported in a thread with the first
request, never with this module: the window's start imports it.
"""

from __future__ import annotations

import asyncio
import importlib
import socket
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Iterator,
    Mapping,
)
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from desktop_app.domain.errors import (
    AuthenticationError,
    NetworkError,
    SettingError,
    StreamCutError,
    UnexpectedReplyError,
)
from desktop_app.domain.network_path import (
    ProxyAddress,
    is_loopback,
    needs_confirmation,
    split_url,
)
from desktop_app.providers import json_fields, refusals, unreached
from desktop_app.providers.proxies import proxy_for
from desktop_app.providers.request_bytes import packed
from desktop_app.providers.retries import AttemptError, failed_reply
from desktop_app.providers.sse import EventTooLargeError, ServerSentEvent, SSEDecoder

if TYPE_CHECKING:
    import ssl
    from urllib.parse import SplitResult

    import httpx

    from desktop_app.domain.chat_request import ProviderProfile

LARGEST_REPLY: Final = 256 * 1024 * 1024
LARGEST_ERROR_BODY: Final = 64 * 1024
# Seconds that an idle connection is kept: it is opened while the person types.
_KEEPALIVE_S: Final = 300.0
_BOM: Final = "\ufeff".encode()
# A comment or a field of a server-sent event: data, event, id, retry.
_BEGINS_A_FIELD: Final = (b":", b"d", b"e", b"i", b"r")
_WEB_PAGE_STATUSES: Final = (403, 404, 405, 501, 511)  # 511: the network wants a login first


@dataclass(frozen=True)
class Timeouts:
    """Seconds. `read` is the longest silence while an answer is awaited: more than any provider
    gives itself, so that only a peer that is gone meets it; `silence` is after how long the
    person is told that nothing was heard, `silence_again` how often from then on; `after_sleep` is
    the longest silence once the computer woke, and `look` how often the clocks are looked at;
    `proxy` is what a proxy may take to make the connection; `drain` is what the end of a finished
    reply may take so that its connection can be used again; `transfer` is the longest silence of a
    file's way.
    """

    connect: float = 5.0
    proxy: float = 20.0
    read: float = 1800.0
    quick_read: float = 30.0
    transfer: float = 120.0
    write: float = 120.0
    silence: float = 40.0
    silence_again: float = 60.0
    after_sleep: float = 20.0
    look: float = 5.0
    drain: float = 0.25


def _unheard() -> None:
    """For replies whose silences nobody is told of."""


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
            details=_details(exc, self.request_id),
            request_id=self.request_id,
        )

    def _unexpected(self, what: str) -> UnexpectedReplyError:
        return UnexpectedReplyError(
            f"{what}.",
            what_to_do="Press Retry; if it stays so, check the address in Settings › Provider.",
            details=refusals.details(None, "", self.request_id, ""),
            request_id=self.request_id,
        )


class Transport:
    """Requests to one provider with one key; nothing is opened before the first.

    `proxy_password` is that of the profile's own proxy.
    """

    def __init__(
        self,
        profile: ProviderProfile,
        key: str | None,
        *,
        proxy_password: str = "",
        timeouts: Timeouts | None = None,
    ) -> None:
        self._profile = profile
        self._provider = profile.name
        self._base_url = profile.base_url.rstrip("/")
        self._key = key or ""
        self._proxy_password = proxy_password
        self._timeouts = timeouts or Timeouts()
        self._client: httpx.AsyncClient | None = None
        self._proxy: ProxyAddress | None = None
        self._opening = asyncio.Lock()

    @asynccontextmanager
    async def post(
        self, path: str, body: Mapping[str, Any], heard: Callable[[], None] = _unheard
    ) -> AsyncIterator[HttpReply]:
        """Send `body` as JSON; leaving the context, by whatever way, closes what is unread.

        `heard` is called whenever bytes of the reply come.

        Raises:
            AttemptError: no reply, one that says no, or none of an API.
        """
        content, needed = packed(body)
        headers = {
            **needed,
            "accept": "text/event-stream, application/json",
            # A proxy that compresses holds events back until its buffer is full.
            "accept-encoding": "identity",
            "content-type": "application/json",
        }
        async with self._open("POST", path, self._timeouts.read, headers, content, heard) as reply:
            yield reply

    @asynccontextmanager
    async def get(
        self, path: str, heard: Callable[[], None] = _unheard
    ) -> AsyncIterator[HttpReply]:
        """The stream of events at `path`; as with `post`.

        Raises:
            AttemptError
        """
        headers = {"accept": "text/event-stream, application/json", "accept-encoding": "identity"}
        async with self._open("GET", path, self._timeouts.read, headers, None, heard) as reply:
            yield reply

    async def get_json(self, path: str) -> Any:
        """The JSON at `path`.

        Raises:
            AttemptError, StreamCutError, UnexpectedReplyError
        """
        headers = {"accept": "application/json"}
        async with self._open("GET", path, self._timeouts.quick_read, headers, None) as reply:
            return await reply.json()

    @asynccontextmanager
    async def send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        content: bytes | AsyncIterable[bytes] | None = None,
    ) -> AsyncIterator[HttpReply]:
        """A request that is no question: files up and down. A body that comes in pieces needs its
        length among the headers.

        Raises:
            AttemptError
        """
        named = {"accept": "*/*", **(headers or {})}
        async with self._open(method, path, self._timeouts.transfer, named, content) as reply:
            yield reply

    async def aclose(self) -> None:
        """Close every connection."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    @asynccontextmanager
    async def _open(
        self,
        method: str,
        path: str,
        read_s: float,
        headers: dict[str, str],
        content: bytes | AsyncIterable[bytes] | None,
        heard: Callable[[], None] = _unheard,
    ) -> AsyncIterator[HttpReply]:
        async with AsyncExitStack() as stack:
            response = await self._send(stack, method, path, read_s, headers, content)
            heard()
            await self._refuse_what_is_no_api(response)
            yield HttpReply(response, self._tried, self._timeouts.drain, heard)

    async def _send(
        self,
        stack: AsyncExitStack,
        method: str,
        path: str,
        read_s: float,
        headers: dict[str, str],
        content: bytes | AsyncIterable[bytes] | None,
    ) -> httpx.Response:
        client = await self._opened_client()
        import httpx  # already loaded, by the line above

        limits = self._timeouts
        timeout = httpx.Timeout(read_s, connect=limits.connect, write=limits.write)
        if self._key:
            headers = {**headers, "authorization": f"Bearer {self._key}"}
        url = f"{self._base_url}/{path}"
        send = partial(
            client.stream, method, url, headers=headers, content=content, timeout=timeout
        )
        if self._key:  # a user in the address would take the key's place
            send = partial(send, auth=httpx.Auth())
        watch: _ProxyWatch | None = None
        try:
            if self._proxy is None:
                return await stack.enter_async_context(send())
            async with asyncio.timeout(limits.proxy) as deadline:
                watch = _ProxyWatch(deadline)
                try:
                    return await stack.enter_async_context(send(extensions={"trace": watch}))
                finally:
                    await watch.close()
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            if isinstance(exc, httpx.RemoteProtocolError) and watch and not watch.is_sending:
                raise self._tried.proxy_speaks_otherwise(_details(exc, "")) from None
            raise self._not_reached(exc) from None
        except TimeoutError:
            raise self._tried.proxy_silent() from None
        except _socks_error() as exc:
            raise self._tried.proxy_speaks_otherwise(_details(exc, "")) from None

    async def _opened_client(self) -> httpx.AsyncClient:
        if self._key and not (self._key.isascii() and self._key.isprintable()):
            raise AttemptError(
                AuthenticationError(
                    "The API key holds characters that no key has.",
                    what_to_do="Enter it again in Settings › Provider.",
                )
            )
        async with self._opening:
            if self._client is None:
                address = split_url(self._base_url)
                self._refuse_what_anyone_could_read(address)
                self._proxy, client = await asyncio.to_thread(self._new_client, address)
                self._client = client
            return self._client

    def _new_client(self, address: SplitResult) -> tuple[ProxyAddress | None, httpx.AsyncClient]:
        """Runs in a thread: imports, certificates."""
        try:
            proxy = proxy_for(address, self._profile.proxy, self._proxy_password)
            return proxy, _new_client(address, proxy, self._profile.ca_file)
        except SettingError as exc:
            is_of_environment = not self._profile.proxy and not self._profile.ca_file
            todo = unreached.CHECK_PROXY_OF_ENVIRONMENT if is_of_environment else exc.what_to_do
            error = NetworkError(exc.what_happened, what_to_do=todo, details=exc.details)
        except (ImportError, ValueError, OSError) as exc:
            error = NetworkError(
                "The proxy or the certificates of this computer cannot be used.",
                what_to_do=unreached.CHECK_PROXY_OF_ENVIRONMENT,
                details=str(exc),
            )
        raise AttemptError(error)

    @property
    def _tried(self) -> unreached.Tried:
        profile = self._profile
        host = split_url(self._base_url).hostname or self._base_url
        return unreached.Tried(
            self._provider, host, self._proxy, bool(profile.proxy), bool(profile.ca_file)
        )

    def _refuse_what_anyone_could_read(self, address: SplitResult) -> None:
        host = address.hostname or ""
        if address.scheme == "https" and host:
            return
        if address.scheme != "http" or not host:
            raise AttemptError(self._bad_address())
        if not is_loopback(host) and host not in self._profile.plain_http_hosts:
            private = needs_confirmation(self._base_url)
            raise AttemptError(unreached.open_to_all(self._provider, private))

    async def _refuse_what_is_no_api(self, response: httpx.Response) -> None:
        status = response.status_code
        if 300 <= status < 400:
            to = split_url(response.headers.get("location", "")).hostname or "another address"
            raise self._tried.redirected(to)
        if status == 407:
            raise self._tried.proxy_refused("407", "HTTP status 407")
        html = "html" in response.headers.get("content-type", "").lower()
        if html and (status < 400 or status in _WEB_PAGE_STATUSES):
            raise self._tried.web_page(status)
        if status >= 400:
            raise await self._refused(response)

    async def _refused(self, response: httpx.Response) -> AttemptError:
        body = refusals.ErrorBody()
        with suppress(ValueError):
            body = refusals.parse_error(json_fields.parse(await _start_of_body(response)))
        if self._key and self._key in body.message:
            words = body.message.replace(self._key, "…")
            body = refusals.ErrorBody(words, body.code, body.type, body.param)
        error = refusals.error_from(
            self._provider,
            body,
            status=response.status_code,
            request_id=request_id_of(response.headers),
        )
        return failed_reply(error, response.status_code, response.headers)

    def _bad_address(self) -> NetworkError:
        return NetworkError(
            f"The address of {self._provider} cannot be used.",
            what_to_do="Enter one like https://host/v1 in Settings › Provider.",
        )

    def _not_reached(self, exc: Exception) -> AttemptError:
        """No reply came: only a connection that was never made is tried again."""
        import httpx

        details = _details(exc, "")
        if isinstance(exc, httpx.InvalidURL | httpx.UnsupportedProtocol):
            return AttemptError(self._bad_address())
        if isinstance(exc, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
            return self._tried.not_connected(str(exc), details)
        if isinstance(exc, httpx.ProxyError):
            return self._tried.proxy_refused(str(exc), details)
        if isinstance(exc, httpx.TimeoutException):
            what = f"{self._provider} gave no answer in time"
        else:
            what = f"The connection to {self._provider} broke before the answer began"
        error = NetworkError(f"{what}.", what_to_do=refusals.ASK_AGAIN, details=details)
        return AttemptError(error)


async def _start_of_body(response: httpx.Response) -> bytes:
    """As much of an error's body as is worth reading; what breaks on the way is not missed."""
    import httpx

    body = bytearray()
    with suppress(httpx.HTTPError):
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > LARGEST_ERROR_BODY:
                break
    return bytes(body)


def request_id_of(headers: Mapping[str, str]) -> str:
    """The request's id for the provider's support, "" where it gave none."""
    return str(headers.get("x-request-id", ""))


def _details(exc: Exception, request_id: str) -> str:
    line = f"{type(exc).__name__}: {exc}".rstrip(": ")
    return f"{line}\nRequest id: {request_id}" if request_id else line


def _keepalive_options() -> list[tuple[int, int, int]]:
    """Probes after a minute of silence, and half a minute for what was sent to be acknowledged:
    a peer that is gone, as after the computer slept, is noticed within two minutes."""
    wanted = {
        "TCP_KEEPIDLE": 60,
        "TCP_KEEPINTVL": 10,
        "TCP_KEEPCNT": 6,
        "TCP_USER_TIMEOUT": 30_000,  # milliseconds; the system's own patience is 15 minutes
    }
    options = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    for name, value in wanted.items():
        if hasattr(socket, name):
            options.append((socket.IPPROTO_TCP, getattr(socket, name), value))
    return options


class _ProxyWatch:
    """Follows a request through a proxy, as httpx traces it: once it is on its way to the provider,
    the time that the proxy may take is over. A connection through SOCKS gets the options that
    httpx gives others, and is closed where httpx leaves it open: in the middle of a greeting."""

    def __init__(self, deadline: asyncio.Timeout) -> None:
        self._deadline = deadline
        self._greeting: Any = None
        self.is_sending = False  # to the provider, who may bill it from then on

    async def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        if event == "socks.connect_tcp.complete":
            self._greeting = info["return_value"]
            connected = self._greeting.get_extra_info("socket")
            for option in _keepalive_options():
                connected.setsockopt(*option)
        elif event == "socks.setup_socks5_connection.complete":
            self._greeting = None
        begins = event == "http11.send_request_headers.started"
        if begins and info["request"].method != b"CONNECT":
            self.is_sending = True
            self._deadline.reschedule(None)

    async def close(self) -> None:
        if self._greeting is not None:
            await self._greeting.aclose()


def _socks_error() -> type[Exception]:
    """What socksio raises of a proxy that speaks otherwise, and httpx hands on."""
    from socksio.exceptions import SOCKSError

    return SOCKSError


def _new_client(
    address: SplitResult, proxy: ProxyAddress | None, ca_file: str
) -> httpx.AsyncClient:
    """Runs in a thread: imports, certificates."""
    import httpx

    # What the first request on asyncio would import on the event loop.
    with suppress(ImportError):
        importlib.import_module("anyio._backends._asyncio")
    through_tls = "https" in (address.scheme, proxy.url.partition(":")[0] if proxy else "")
    # Without TLS there is nothing to verify, and no certificates to load.
    trust = _trusted(ca_file) if through_tls else None
    transport = httpx.AsyncHTTPTransport(
        verify=False if trust is None else trust,
        limits=httpx.Limits(keepalive_expiry=_KEEPALIVE_S),
        proxy=None if proxy is None else _proxy_of_httpx(proxy, trust),
        socket_options=_keepalive_options(),
    )
    agent = {"user-agent": "Repartee"}
    return httpx.AsyncClient(transport=transport, follow_redirects=False, headers=agent)


def _trusted(ca_file: str) -> ssl.SSLContext:
    from desktop_app.providers.trust import trusted  # with ssl, not before the first request

    return trusted(ca_file)


def _proxy_of_httpx(proxy: ProxyAddress, trust: ssl.SSLContext | None) -> httpx.Proxy:
    import httpx

    auth = (proxy.user, proxy.password) if proxy.user else None
    is_encrypted = proxy.url.startswith("https:")
    return httpx.Proxy(proxy.url, auth=auth, ssl_context=trust if is_encrypted else None)
