"""Connections to a provider: proxy, trusted certificates, detection of a lost peer.

httpx, ssl and the certificates cost 100 ms and 20 MB: `new_client` runs in a thread.
"""

from __future__ import annotations

import asyncio
import importlib
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import SettingError
from desktop_app.domain.network.network_address import ProxyAddress, is_loopback
from desktop_app.providers.http.reply.loop_turns import LoopTurns
from desktop_app.providers.http.reply.reply_limits import MAX_HEADER_BYTES

if TYPE_CHECKING:
    import ssl
    from urllib.parse import SplitResult

    import httpx

_KEEPALIVE_S: Final = 300.0
"""Seconds until an idle connection is closed: long, because it is opened while the user types."""

_MAX_READ_BYTES: Final = 16 * 1024
"""Bytes that are read at once.

httpx would read 64 KB and handle them in one turn of the event loop: 0.3 s if they are chunks of
one byte.
"""
_header_bytes_left: ContextVar[list[int] | None] = ContextVar("header_bytes_left", default=None)
"""The bytes of headers that the current task may still read, in a list to be counted down; None for
no limit.
"""


def _keepalive_options() -> list[tuple[int, int, int]]:
    """Return socket options that detect a lost peer, as after sleep, within two minutes.

    Probes start after a minute of silence; sent data must be acknowledged within half a minute.
    """
    value_by_name = {
        "TCP_KEEPIDLE": 60,
        "TCP_KEEPINTVL": 10,
        "TCP_KEEPCNT": 6,
        "TCP_USER_TIMEOUT": 30_000,  # milliseconds; the system's default is 15 minutes
    }
    options: list[tuple[int, int, int]] = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, True)]
    for name, value in value_by_name.items():
        if hasattr(socket, name):
            options.append((socket.IPPROTO_TCP, getattr(socket, name), value))
    return options


def is_decodable(url: str) -> bool:
    """Return False if httpx finds no host in an address, or cannot decode the host ("xn--a")."""
    import httpx

    try:
        return bool(httpx.URL(url).host)
    except (httpx.InvalidURL, UnicodeError):
        return False


class ProxyWatch:
    """Follower of a connection through a proxy, by the trace events of httpx.

    It cancels the proxy's deadline once the request is sent to the provider. SOCKS connections get
    the socket options that httpx sets on all other connections. They are closed if the request is
    canceled during the greeting, because httpx would leave them open.
    """

    def __init__(self, deadline: asyncio.Timeout) -> None:
        self._deadline = deadline
        self._greeting: Any = None
        self.is_sending = False
        """True once the request goes to the provider, which may bill it from then on."""

    async def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        if event == "socks.connect_tcp.complete":
            self._greeting = info["return_value"]
            tcp_socket = self._greeting.get_extra_info("socket")
            for option in _keepalive_options():
                tcp_socket.setsockopt(*option)
        elif event == "socks.setup_socks5_connection.complete":
            self._greeting = None
        is_request = event == "http11.send_request_headers.started"
        if is_request and info["request"].method != b"CONNECT":
            self.is_sending = True
            self._deadline.reschedule(None)

    async def close(self) -> None:
        """Close a SOCKS connection whose greeting has not ended."""
        if self._greeting is not None:
            await self._greeting.aclose()


def socks_error() -> type[Exception]:
    """Return the exception of socksio for a malformed SOCKS reply, which httpx passes on."""
    from socksio.exceptions import SOCKSError

    return SOCKSError


class HeadersTooLargeError(Exception):
    """The headers exceed MAX_HEADER_BYTES."""


@contextmanager
def bounded_headers() -> Iterator[None]:
    """Limit the headers that this task reads; more raise HeadersTooLargeError."""
    token = _header_bytes_left.set([MAX_HEADER_BYTES])
    try:
        yield
    finally:
        _header_bytes_left.reset(token)


class BoundedStream:
    """A network stream of httpcore that is read in small steps and yields between them."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._turns = LoopTurns()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        """Read the bytes available, 16 KB at most."""
        await self._turns.yield_if_due()
        data: bytes = await self._stream.read(min(max_bytes, _MAX_READ_BYTES), timeout)
        bytes_left = _header_bytes_left.get()
        if bytes_left is not None:
            bytes_left[0] -= len(data)
            if bytes_left[0] < 0:
                raise HeadersTooLargeError
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Write all of `buffer`."""
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        """Close the connection."""
        await self._stream.aclose()

    async def start_tls(self, *arguments: Any, **keywords: Any) -> BoundedStream:
        """Return the encrypted stream over this one."""
        return BoundedStream(await self._stream.start_tls(*arguments, **keywords))

    def get_extra_info(self, info: str) -> Any:
        """Return information from the wrapped stream."""
        return self._stream.get_extra_info(info)


class BoundedBackend:
    """A network backend of httpcore whose connections are BoundedStreams."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend

    async def connect_tcp(self, *arguments: Any, **keywords: Any) -> BoundedStream:
        """Connect to a host."""
        return BoundedStream(await self._backend.connect_tcp(*arguments, **keywords))

    async def connect_unix_socket(self, *arguments: Any, **keywords: Any) -> BoundedStream:
        """Connect to a Unix socket."""
        return BoundedStream(await self._backend.connect_unix_socket(*arguments, **keywords))

    async def sleep(self, seconds: float) -> None:
        """Wait between two attempts to connect."""
        await self._backend.sleep(seconds)


def new_client(
    address: SplitResult, proxy: ProxyAddress | None, ca_file: str, socket_path: str = ""
) -> httpx.AsyncClient:
    """Return an httpx client for one provider. Call it in a thread: it loads certificates.

    Args:
        socket_path: the Unix socket that leads to `address`; "" connects to its host and port.

    Raises:
        SettingError: the file of certificates, or the proxy's address, cannot be used.
        ImportError, ValueError, OSError: the proxy, or the system's certificates, cannot be used.
    """
    import httpx

    from desktop_app.providers.http.trust import trusted_context  # imports ssl

    # The first request on asyncio would import this on the event loop. Other versions of anyio may
    # lack this private module.
    with suppress(ImportError):
        importlib.import_module("anyio._backends._asyncio")
    uses_tls = address.scheme == "https" or (proxy is not None and _is_encrypted(proxy))
    # Without TLS there is nothing to verify, and no certificates to load.
    trust = trusted_context(ca_file) if uses_tls else None
    # llama.cpp's server closes a connection after each streamed answer without notice, and a
    # request sent at that time is lost. A new connection to the same machine takes no time.
    is_local_server = not uses_tls and proxy is None and is_loopback(address.hostname or "")
    transport = httpx.AsyncHTTPTransport(
        verify=False if trust is None else trust,
        limits=httpx.Limits(
            keepalive_expiry=_KEEPALIVE_S, max_keepalive_connections=0 if is_local_server else None
        ),
        proxy=None if proxy is None else _proxy_of_httpx(proxy, trust),
        uds=socket_path or None,
        socket_options=None if socket_path else _keepalive_options(),
    )
    # httpx offers no way to pass a backend to its pool.
    pool: Any = transport._pool
    pool._network_backend = BoundedBackend(pool._network_backend)
    # Compressed replies are refused (http_reply.py). A proxy that compresses also delays events
    # until its buffer is full.
    headers = {"user-agent": "Repartee", "accept-encoding": "identity"}
    return httpx.AsyncClient(transport=transport, follow_redirects=False, headers=headers)


def _is_encrypted(proxy: ProxyAddress) -> bool:
    return proxy.url.startswith("https:")


def _proxy_of_httpx(proxy: ProxyAddress, trust: ssl.SSLContext | None) -> httpx.Proxy:
    import httpx

    auth = (proxy.user, proxy.password) if proxy.user else None
    ssl_context = trust if _is_encrypted(proxy) else None
    try:
        return httpx.Proxy(proxy.url, auth=auth, ssl_context=ssl_context)
    except httpx.InvalidURL:  # such as for an invisible character in the name of the proxy
        raise SettingError(Reason.PROXY_ADDRESS_INVALID) from None
