"""Selects the proxy of a request: the user's own, else that of the environment."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from urllib.parse import SplitResult

from desktop_app.domain.answering.chat_request import DIRECT
from desktop_app.domain.network.network_address import ProxyAddress, is_loopback, parse_proxy
from desktop_app.domain.network.origin import origin
from desktop_app.domain.network.secret import Secret


def proxy_for(
    address: SplitResult, setting: str = "", password: Secret | None = None
) -> ProxyAddress | None:
    """Return the proxy for `address`, or None for a direct connection.

    Args:
        setting: the value of `ProviderProfile.proxy`.
        password: the password of the chosen proxy, used only if its origin matches. A proxy of the
            environment has its own.

    Raises:
        SettingError: the address of the proxy is invalid.
    """
    if setting == DIRECT or is_loopback(address.hostname or ""):
        return None
    if setting:
        proxy = parse_proxy(setting)
        if password is None or password.origin != origin(proxy.url):
            return replace(proxy, password="")
        return replace(proxy, password=password.value)
    address_text = _environment_proxy(address)
    return parse_proxy(address_text) if address_text else None


def _environment_proxy(address: SplitResult) -> str | None:
    import urllib.request  # imports http.client and email: 30 ms that start-up avoids

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
    import ipaddress  # not needed at the start

    for name in no_proxy.lower().replace(" ", "").split(","):
        if name.startswith("*.") and host.endswith(name[1:]):
            return True
        with suppress(ValueError):  # not a network, or not an address
            if "/" in name and ipaddress.ip_address(host) in ipaddress.ip_network(name, False):
                return True
    return False
