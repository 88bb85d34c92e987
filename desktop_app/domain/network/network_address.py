"""Rules for hosts that the user may allow without encryption, and for proxy addresses.

The client and the settings use them. `ipaddress` and `urllib.parse` are imported inside functions,
because the window's start imports the domain.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from desktop_app.domain.errors import SettingError
from desktop_app.domain.network.origin import origin
from desktop_app.domain.value import PrivateValue
from desktop_app.i18n.translation import N_

if TYPE_CHECKING:
    from urllib.parse import SplitResult

_DEFAULT_PROXY_PORTS: Final = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
"""The ports of proxies whose address states none, by the supported schemes."""
# The ends of names that are only known in a private network.
_LAN_SUFFIXES: Final = (".local", ".lan", ".home.arpa", ".internal", ".localhost")


def split_url(url: str) -> SplitResult:
    """Split an address; an invalid address has empty parts."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        _ = parts.port  # parsed lazily; raises ValueError like the rest
    except ValueError:
        return urlsplit("")
    return parts


def is_private(host: str) -> bool:
    """Return True if `host` is this computer, or its name or address is of a private network."""
    import ipaddress

    try:
        address = ipaddress.ip_address(host)
    except ValueError:  # a name; one without a dot is not in the public DNS
        return bool(host) and ("." not in host or host.endswith(_LAN_SUFFIXES))
    return address.is_private or address.is_loopback or address.is_link_local


def is_loopback(host: str) -> bool:
    """Return True if `host` is this computer, so that nobody else can read the traffic."""
    import ipaddress

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def unencrypted_private_host(base_url: str) -> str:
    """Return the private host to which questions would be sent unencrypted, else "".

    The user has to allow it. This computer needs no permission; public hosts are always refused.
    """
    address = split_url(base_url)
    host = address.hostname or ""
    is_unencrypted = address.scheme == "http" and is_private(host) and not is_loopback(host)
    return host if is_unencrypted else ""


def split_credentials(url: str) -> tuple[str, str]:
    """Return an address without user, password, query and fragment, and its "user:password".

    Only such addresses may be stored, shown or logged, because users put keys into each of these
    parts. An address without these parts is unchanged, with "".
    """
    from urllib.parse import unquote

    scheme, separator, rest = url.partition("://")
    if not separator:
        scheme = ""
        rest = url
    authority = re.split("[/?#]", rest, maxsplit=1)[0]
    # A slash in a password ends the authority early, which leaves no host.
    has_slash_in_password = "@" in rest and "@" not in authority and not origin(url)
    if has_slash_in_password:
        authority = rest
    login, at_sign, _ = authority.rpartition("@")
    host_and_path = re.split("[?#]", rest[len(login + at_sign) :], maxsplit=1)[0]
    address = f"{scheme}{separator}{host_and_path}"
    if not login:
        return address, ""
    user, _, password = login.partition(":")
    return address, f"{unquote(user)}:{unquote(password)}"


def split_proxy_password(text: str) -> tuple[str, str]:
    """Split a proxy's address into the part that profiles store and the password.

    The stored part of a valid address keeps the user name.
    """
    address, login = split_credentials(text)
    password = login.partition(":")[2]
    if not login:
        return address, ""
    if not password and not re.search("[?#]", text):  # nothing is secret
        return text, ""
    try:
        return parse_proxy(text).url_with_user, password
    except SettingError:
        return address, password


class ProxyAddress(PrivateValue, frozen=True):
    """A proxy, with its login apart from its address.

    Attributes:
        url: scheme://host:port, safe to show and log.
        user: "" for none.
    """

    url: str
    user: str = ""
    password: str = ""

    @property
    def url_with_user(self) -> str:
        """Return the address as profiles store it: with the user name, without the password."""
        from urllib.parse import quote

        scheme, _, address = self.url.partition("://")
        return f"{scheme}://{quote(self.user, safe='')}@{address}" if self.user else self.url


class ProxyAddressError(SettingError):
    """A text is not the address of a proxy. The text may contain a password."""

    def __init__(self) -> None:
        super().__init__(
            N_("This isn’t a valid proxy URL."),
            hint=N_("Enter one like http://host:3128 or socks5://host:1080."),
        )


def parse_proxy(text: str) -> ProxyAddress:
    """Parse a proxy address as users and environment variables write it.

    A missing scheme means http; desktops write "socks" for version 5.

    Raises:
        SettingError: not a proxy address. The message never repeats `text`, which may contain a
            password.
    """
    from urllib.parse import unquote, urlsplit

    text = text.strip()
    if "://" not in text:
        text = f"http://{text}"
    try:
        parts = urlsplit(text)
        scheme = "socks5" if parts.scheme == "socks" else parts.scheme
        host = parts.hostname or ""
        port = parts.port
    except ValueError:
        raise ProxyAddressError() from None
    if scheme not in _DEFAULT_PROXY_PORTS or not host or any(c.isspace() for c in host):
        raise ProxyAddressError()
    if port is None:
        port = _DEFAULT_PROXY_PORTS[scheme]
    bracketed = f"[{host}]" if ":" in host else host  # as an address with IPv6 has to be written
    return ProxyAddress(
        url=f"{scheme}://{bracketed}:{port}",
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )
