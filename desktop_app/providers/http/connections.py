"""The connections to one provider: proxy, trusted certificates, detection of a lost peer.

httpx, ssl and the certificates cost 100 ms and 20 MB. So they are imported in a thread with the
first request, never with this module, which start-up imports.
"""

from __future__ import annotations

import asyncio
import importlib
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from desktop_app.domain import hints
from desktop_app.domain.answering.chat_request import DIRECT, ProviderProfile
from desktop_app.domain.errors import NetworkError, SettingError
from desktop_app.domain.network.network_address import (
    ProxyAddress,
    ProxyAddressError,
    is_loopback,
    parse_proxy,
    split_url,
    unencrypted_private_host,
)
from desktop_app.domain.network.origin import origin
from desktop_app.i18n.translation import N_
from desktop_app.providers.http.retries import AttemptError

if TYPE_CHECKING:
    from urllib.parse import SplitResult

    import httpx

    from desktop_app.domain.network.origin import Secret
    from desktop_app.providers.http.request_secrets import ProviderAccess

_KEEPALIVE_S: Final = 300.0
"""Seconds until an idle connection is closed: long, because it is opened while the user types."""


def open_client(access: ProviderAccess) -> tuple[ProxyAddress | None, httpx.AsyncClient]:
    """Return the proxy, None for a direct connection, and a client with its pool. Blocking.

    Raises:
        AttemptError: the address, the proxy or the certificates cannot be used.
    """
    profile = access.profile
    address = split_url(profile.base_url)
    _require_encryption(profile, address)
    try:
        if access.socket_path:
            return None, _new_client(address, None, "", access.socket_path)
        if not _is_decodable(profile.base_url):
            raise AttemptError(bad_address_error(profile))
        proxy = proxy_for(address, profile.proxy, access.proxy_password)
        return proxy, _new_client(address, proxy, profile.ca_file)
    except SettingError as exc:
        is_of_environment = isinstance(exc, ProxyAddressError) and not profile.proxy
        hint = hints.CHECK_ENVIRONMENT_PROXY if is_of_environment else exc.hint
        error = NetworkError(exc.message, hint, params=exc.params, details=exc.details)
    except (ImportError, ValueError, OSError) as exc:
        error = NetworkError(
            N_("Proxy or certificate settings aren’t valid."),
            hint=hints.CHECK_ENVIRONMENT_PROXY,
            details=str(exc),
        )
    raise AttemptError(error)


def bad_address_error(profile: ProviderProfile) -> NetworkError:
    """Return the error for an address to which no request can be sent."""
    hint = (
        N_("Set OPENAI_BASE_URL to a URL such as https://host/v1, without a query.")
        if profile.from_environment
        else N_("Enter one like https://host/v1 in {provider_page}.")
    )
    return NetworkError(
        N_("The base URL of {provider} isn’t valid."), hint=hint, provider=profile.name
    )


def _require_encryption(profile: ProviderProfile, address: SplitResult) -> None:
    host = address.hostname or ""
    if address.scheme == "https" and host:
        return
    if address.scheme != "http" or not host:
        raise AttemptError(bad_address_error(profile))
    if not is_loopback(host) and host not in profile.plain_http_hosts:
        # Only a private host can be allowed by the user.
        private_host = unencrypted_private_host(profile.base_url)
        error = NetworkError(
            N_("The connection to {provider} isn’t encrypted, so others could read your messages."),
            hint=N_("Allow {host} in {provider_page}, or use https://.")
            if private_host
            else N_("Use an https:// URL in {provider_page}."),
            provider=profile.name,
            host=private_host,
        )
        raise AttemptError(error)


def _is_decodable(url: str) -> bool:
    """Return False if httpx finds no host in an address, or cannot decode the host ("xn--a")."""
    import httpx

    try:
        return bool(httpx.URL(url).host)
    except (httpx.InvalidURL, UnicodeError):
        return False


def proxy_for(
    address: SplitResult, setting: str = "", password: Secret | None = None
) -> ProxyAddress | None:
    """Return the proxy for `address`, or None for a direct connection.

    Args:
        setting: the value of `ProviderProfile.proxy`; "" takes the proxy of the environment.
        password: the password of the chosen proxy, used only if its origin matches. A proxy of the
            environment has its own.

    Raises:
        SettingError: the address of the proxy is invalid.
    """
    if setting == DIRECT or is_loopback(address.hostname or ""):
        return None
    if setting:
        proxy = parse_proxy(setting)
        is_for_proxy = password is not None and password.origin == origin(proxy.url)
        return replace(proxy, password=password.value if password and is_for_proxy else "")
    address_text = _environment_proxy(address)
    return parse_proxy(address_text) if address_text else None


def _environment_proxy(address: SplitResult) -> str | None:
    import urllib.request

    host = address.hostname or ""
    host_and_port = address.netloc.rpartition("@")[2]
    if any(map(urllib.request.proxy_bypass, (host, host_and_port))):  # NO_PROXY may name a port
        return None
    if _is_bypassed(host, urllib.request.getproxies_environment().get("no", "")):
        return None
    proxies = urllib.request.getproxies()
    return proxies.get(address.scheme) or proxies.get("all")


def _is_bypassed(host: str, no_proxy: str) -> bool:
    """Return True if `no_proxy` has a network (10.0.0.0/8) or wildcard (*.example.com) of `host`.

    curl and desktops use these forms; urllib does not know them.
    """
    import ipaddress

    for name in no_proxy.lower().replace(" ", "").split(","):
        if name.startswith("*.") and host.endswith(name[1:]):
            return True
        with suppress(ValueError):  # not a network, or not an address
            if "/" in name and ipaddress.ip_address(host) in ipaddress.ip_network(name, False):
                return True
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
    return [
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE, True),
        *(
            (socket.IPPROTO_TCP, getattr(socket, name), value)
            for name, value in value_by_name.items()
            if hasattr(socket, name)
        ),
    ]


def _new_client(
    address: SplitResult, proxy: ProxyAddress | None, ca_file: str, socket_path: str = ""
) -> httpx.AsyncClient:
    """Return an httpx client for one provider. Call it in a thread: it loads certificates.

    Args:
        socket_path: the Unix socket that leads to `address`; "" connects to its host and port.

    Raises:
        SettingError: the file of certificates, or the proxy's address, cannot be used.
        ImportError, ValueError, OSError: the proxy, or the system's certificates, cannot be used.
    """
    from http.cookiejar import CookieJar, DefaultCookiePolicy

    import httpx

    from desktop_app.providers.http.trust import trusted_context  # imports ssl

    # The first request on asyncio would import this on the event loop. Other versions of anyio may
    # lack this private module.
    with suppress(ImportError):
        importlib.import_module("anyio._backends._asyncio")
    uses_tls = address.scheme == "https" or (proxy is not None and _is_encrypted(proxy))
    # Without TLS there is nothing to verify, and no certificates to load.
    trust = trusted_context(ca_file) if uses_tls else None
    proxy_of_httpx = None
    if proxy is not None:
        try:
            proxy_of_httpx = httpx.Proxy(
                proxy.url,
                auth=(proxy.user, proxy.password) if proxy.user else None,
                ssl_context=trust if _is_encrypted(proxy) else None,
            )
        except httpx.InvalidURL:  # such as for an invisible character in the name of the proxy
            raise ProxyAddressError() from None
    # llama.cpp's server closes a connection after each streamed answer without notice, and a
    # request sent at that time is lost. A new connection to the same machine takes no time.
    is_local_server = not uses_tls and proxy is None and is_loopback(address.hostname or "")
    transport = httpx.AsyncHTTPTransport(
        verify=False if trust is None else trust,
        limits=httpx.Limits(
            keepalive_expiry=_KEEPALIVE_S, max_keepalive_connections=0 if is_local_server else None
        ),
        proxy=proxy_of_httpx,
        uds=socket_path or None,
        socket_options=None if socket_path else _keepalive_options(),
    )
    return httpx.AsyncClient(
        transport=transport,
        follow_redirects=False,
        # A proxy that compresses delays events until its buffer is full.
        headers={"user-agent": "Repartee", "accept-encoding": "identity"},
        # No cookie is kept: it would connect conversations with each other.
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
    )


def _is_encrypted(proxy: ProxyAddress) -> bool:
    return proxy.url.startswith("https:")
