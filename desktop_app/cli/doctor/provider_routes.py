"""Describes the connection to a provider for `repartee doctor`, without using the network.

No password is shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.errors import SettingError
from desktop_app.domain.network.network_address import split_url, unencrypted_private_host
from desktop_app.domain.places import Place, place_name
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import tr, tr_plural

if TYPE_CHECKING:
    from desktop_app.providers.http.trust import CaFile


def describe_route(profile: ProviderProfile) -> tuple[Literal[False] | None, str]:
    """Check a provider's address, proxy and certificates; return the result and a description.

    The result is False if they are unusable, otherwise None, because nothing is sent that could
    confirm them (see `Finding.works`). Blocking: reads the file of certificates.
    """
    # Imported late: they load ssl and urllib.request, which would slow down every start.
    from desktop_app.providers.http.connections import proxy_for
    from desktop_app.providers.http.trust import inspect_ca_file

    address = split_url(profile.base_url)
    if not address.hostname:
        return False, tr("The address is invalid")
    unencrypted_host = unencrypted_private_host(profile.base_url)
    if unencrypted_host and unencrypted_host not in profile.plain_http_hosts:
        return False, tr(
            "{host} isn’t encrypted and isn’t allowed in {place}",
            host=unencrypted_host,
            place=place_name(Place.PROVIDER),
        )
    try:
        proxy = proxy_for(address, profile.proxy)
        ca_file = inspect_ca_file(profile.ca_file) if profile.ca_file else None
    except SettingError as error:
        return False, error.sentences
    route = tr("No proxy")
    if proxy and profile.proxy:
        route = tr("Proxy {url} (settings)", url=proxy.url)
    elif proxy:
        route = tr("Proxy {url} (environment)", url=proxy.url)
    if address.scheme != "https":
        return None, tr("{route}, not encrypted", route=route)
    if not ca_file:
        return None, tr("{route}, system certificates", route=route)
    return None, tr(
        "{route}, system certificates and {file} ({certificates})",
        route=route,
        file=profile.ca_file,
        certificates=_certificate_text(ca_file),
    )


def _certificate_text(ca_file: CaFile) -> str:
    if ca_file.until is not None:  # there is one authority
        name = ca_file.name or tr("one CA certificate")
        day = formatting.short_date(ca_file.until)
        return tr("{name}, valid until {day}", name=name, day=day)
    if not ca_file.authorities:
        return tr("a server’s own certificate")
    return tr_plural("{count} CA certificate", "{count} CA certificates", ca_file.authorities)


def has_route(profile: ProviderProfile) -> bool:
    """Return True if questions go to an address, even to one on this computer.

    A provider of the environment may lack its address; the route then says so.
    """
    has_address = bool(profile.base_url) or profile.from_environment
    return profile.kind is not ProviderKind.ON_DEVICE and has_address
