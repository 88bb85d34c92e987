"""Which proxy a request takes: the person's own, else the one that the environment names."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import SplitResult

from desktop_app.domain.chat_request import DIRECT
from desktop_app.domain.network_path import ProxyAddress, is_loopback, parse_proxy


def proxy_for(address: SplitResult, chosen: str = "", password: str = "") -> ProxyAddress | None:
    """The proxy for `address`; None where it is reached directly.

    Args:
        chosen: as `ProviderProfile.proxy` has it.
        password: of the chosen proxy; one of the environment brings its own.

    Raises:
        SettingError: what is named is no proxy's address.
    """
    if chosen == DIRECT or is_loopback(address.hostname or ""):
        return None
    if chosen:
        return replace(parse_proxy(chosen), password=password)
    named = _named_by_the_environment(address)
    return parse_proxy(named) if named else None


def _named_by_the_environment(address: SplitResult) -> str:
    import urllib.request  # with http.client and email: 30 ms that a start does not pay

    if urllib.request.proxy_bypass(address.hostname or ""):
        return ""
    proxies = urllib.request.getproxies()
    return proxies.get(address.scheme) or proxies.get("all") or ""
