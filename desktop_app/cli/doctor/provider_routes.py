"""For `repartee doctor`: how each provider is reached, without passwords or network access."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.domain.conversations.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.errors import SettingError
from desktop_app.domain.network_path import needs_confirmation, split_url

if TYPE_CHECKING:
    from desktop_app.providers.http.trust import CaFile


def way_to(profile: ProviderProfile) -> tuple[bool | None, str]:
    """Describe the proxy and certificates of a provider, and whether they are usable.

    The first value is None for a plain fact. Blocking: reads the file of certificates.
    """
    # Imported late: they load ssl and urllib.request, which would slow down every start.
    from desktop_app.providers.http.proxies import proxy_for
    from desktop_app.providers.http.trust import inspect_ca_file

    address = split_url(profile.base_url)
    if not address.hostname:
        return False, "its address cannot be used"
    open_host = needs_confirmation(profile.base_url)
    if open_host and open_host not in profile.plain_http_hosts:
        return False, f"{open_host} is not encrypted and was not allowed in the settings"
    try:
        proxy = proxy_for(address, profile.proxy)
        extra = inspect_ca_file(profile.ca_file) if profile.ca_file else None
    except SettingError as error:
        return False, error.sentences
    of_whom = "of the settings" if profile.proxy else "of the environment"
    by = f"through the proxy {proxy.url} {of_whom}" if proxy else "directly"
    if address.scheme != "https":
        return None, f"{by}, not encrypted"
    also = f" and {profile.ca_file}{_described(extra)}" if extra else ""
    return None, f"{by}, trusting the system's certificates{also}"


def _described(found: CaFile) -> str:
    if found.until is not None:
        return f" ({found.name or 'an authority'}, until {found.until})"
    return f" ({found.authorities} authorities)" if found.authorities else " (a server’s own)"


def is_remote(profile: ProviderProfile) -> bool:
    """Return True if the provider is reached over a network."""
    has_address = bool(profile.base_url) or profile.from_environment
    return profile.kind is not ProviderKind.ON_DEVICE and has_address
