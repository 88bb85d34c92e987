"""How connections to a provider are made: through which proxy, trusting whom, and noticed when the
peer is gone.

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

from desktop_app.domain.network_path import ProxyAddress, is_loopback
from desktop_app.providers.http.loop_turns import Turns
from desktop_app.providers.http.reply_limits import LARGEST_HEADERS

if TYPE_CHECKING:
    import ssl
    from urllib.parse import SplitResult

    import httpx

# Seconds that an idle connection is kept: it is opened while the person types.
_KEEPALIVE_S: Final = 300.0

_READ_AT_ONCE: Final = 16 * 1024
"""Bytes. httpx reads 64 KB and works on all of it in one turn of the event loop: 0.3 s for chunks
of one byte."""
_headers_left: ContextVar[list[int] | None] = ContextVar("headers_left", default=None)


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


class ProxyWatch:
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


def socks_error() -> type[Exception]:
    """What socksio raises of a proxy that speaks otherwise, and httpx hands on."""
    from socksio.exceptions import SOCKSError

    return SOCKSError


class HeadersTooLargeError(Exception):
    """More than LARGEST_HEADERS came before the body."""


@contextmanager
def bounded_headers() -> Iterator[None]:
    """While it lasts, connections give this task LARGEST_HEADERS and then HeadersTooLargeError."""
    token = _headers_left.set([LARGEST_HEADERS])
    try:
        yield
    finally:
        _headers_left.reset(token)


class BoundedStream:
    """A network stream of httpcore's that is read in small steps, with turns between them."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._turns = Turns()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore's
        """Read what is there, 16 KB at most."""
        await self._turns.give()
        data: bytes = await self._stream.read(min(max_bytes, _READ_AT_ONCE), timeout)
        left = _headers_left.get()
        if left is not None:
            left[0] -= len(data)
            if left[0] < 0:
                raise HeadersTooLargeError
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Write all of `buffer`."""
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        """Close the connection."""
        await self._stream.aclose()

    async def start_tls(self, *arguments: Any, **named: Any) -> BoundedStream:
        """Return the encrypted stream over this one."""
        return BoundedStream(await self._stream.start_tls(*arguments, **named))

    def get_extra_info(self, info: str) -> Any:
        """Return what the stream below knows."""
        return self._stream.get_extra_info(info)


class BoundedBackend:
    """Opens the connections of a pool of httpcore's, as BoundedStreams."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend

    async def connect_tcp(self, *arguments: Any, **named: Any) -> BoundedStream:
        """Connect to a host."""
        return BoundedStream(await self._backend.connect_tcp(*arguments, **named))

    async def connect_unix_socket(self, *arguments: Any, **named: Any) -> BoundedStream:
        """Connect to a socket in the file system."""
        return BoundedStream(await self._backend.connect_unix_socket(*arguments, **named))

    async def sleep(self, seconds: float) -> None:
        """Wait between two tries to connect."""
        await self._backend.sleep(seconds)


def new_client(
    address: SplitResult, proxy: ProxyAddress | None, ca_file: str, socket_path: str = ""
) -> httpx.AsyncClient:
    """A client of httpx for one provider, by the way to it. Runs in a thread: imports, certificates.

    Args:
        socket_path: of the Unix socket that leads to `address`; "" connects to its host and port.

    Raises:
        SettingError: the file of certificates cannot be used.
        ImportError, ValueError, OSError: the proxy cannot be, or the system's certificates.
    """
    import httpx

    # What the first request on asyncio would import on the event loop.
    with suppress(ImportError):
        importlib.import_module("anyio._backends._asyncio")
    through_tls = "https" in (address.scheme, proxy.url.partition(":")[0] if proxy else "")
    # Without TLS there is nothing to verify, and no certificates to load.
    trust = _trusted(ca_file) if through_tls else None
    # llama.cpp's server closes a connection behind each streamed answer without saying so before:
    # a question sent in that moment would be lost. To open one on the same machine takes no time.
    is_here = not through_tls and proxy is None and is_loopback(address.hostname or "")
    transport = httpx.AsyncHTTPTransport(
        verify=False if trust is None else trust,
        limits=httpx.Limits(
            keepalive_expiry=_KEEPALIVE_S, max_keepalive_connections=0 if is_here else None
        ),
        proxy=None if proxy is None else _proxy_of_httpx(proxy, trust),
        uds=socket_path or None,
        socket_options=None if socket_path else _keepalive_options(),
    )
    # httpx hands no backend on to the pool that it makes.
    pool: Any = transport._pool
    pool._network_backend = BoundedBackend(pool._network_backend)
    # Compressed replies are refused (http_reply.py); and a proxy that compresses holds events back
    # until its buffer is full.
    headers = {"user-agent": "Repartee", "accept-encoding": "identity"}
    return httpx.AsyncClient(transport=transport, follow_redirects=False, headers=headers)


def _trusted(ca_file: str) -> ssl.SSLContext:
    from desktop_app.providers.http.trust import trusted  # with ssl, not before the first request

    return trusted(ca_file)


def _proxy_of_httpx(proxy: ProxyAddress, trust: ssl.SSLContext | None) -> httpx.Proxy:
    import httpx

    auth = (proxy.user, proxy.password) if proxy.user else None
    is_encrypted = proxy.url.startswith("https:")
    return httpx.Proxy(proxy.url, auth=auth, ssl_context=trust if is_encrypted else None)
