"""Which proxy a request takes: the person's own, else the one that the environment names."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import SplitResult

from desktop_app.domain.conversations.chat_request import DIRECT
from desktop_app.domain.network_path import ProxyAddress, is_loopback, parse_proxy
from desktop_app.domain.origin import origin
from desktop_app.domain.secret import Secret


def proxy_for(
    address: SplitResult, chosen: str = "", password: Secret | None = None
) -> ProxyAddress | None:
    """The proxy for `address`; None where it is reached directly.

    Args:
        chosen: as `ProviderProfile.proxy` has it.
        password: of the chosen proxy, which gets it if it has the password's origin; one of the
            environment brings its own.

    Raises:
        SettingError: what is named is no proxy's address.
    """
    if chosen == DIRECT or is_loopback(address.hostname or ""):
        return None
    if chosen:
        proxy = parse_proxy(chosen)
        if password is None or password.origin != origin(proxy.url):
            return replace(proxy, password="")
        return replace(proxy, password=password.value)
    named = _named_by_the_environment(address)
    return parse_proxy(named) if named else None


def _named_by_the_environment(address: SplitResult) -> str:
    import urllib.request  # with http.client and email: 30 ms that a start does not pay

    if urllib.request.proxy_bypass(address.hostname or ""):
        return ""
    proxies = urllib.request.getproxies()
    return proxies.get(address.scheme) or proxies.get("all") or ""
