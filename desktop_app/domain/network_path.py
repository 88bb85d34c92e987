"""By which way a provider may be reached: which hosts without encryption, through which proxy.

Pure rules over text, shared by what sends and by the settings where they are entered. `ipaddress`
and `urllib.parse` are imported where they are used: the window's start imports the domain.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from desktop_app.domain.errors import SettingError
from desktop_app.domain.origin import origin

if TYPE_CHECKING:
    from urllib.parse import SplitResult

PROXY_SCHEMES: Final = ("http", "https", "socks5", "socks5h")
_LAN_SUFFIXES: Final = (".local", ".lan", ".home.arpa", ".internal", ".localhost")


def split_url(url: str) -> SplitResult:
    """The parts of an address; of none where it cannot be read."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        _ = parts.port  # read late, and as likely to be wrong as the rest
    except ValueError:
        return urlsplit("")
    return parts


def is_private(host: str) -> bool:
    """Whether `host` is this computer or, by its name or number, one of the same network."""
    import ipaddress

    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return bool(host) and ("." not in host or host.endswith(_LAN_SUFFIXES))
    return address.is_private or address.is_loopback or address.is_link_local


def is_loopback(host: str) -> bool:
    """Whether `host` is this computer itself, so that nobody is on the way."""
    import ipaddress

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def needs_confirmation(base_url: str) -> str:
    """The host that questions would reach unencrypted through the person's own network, "" where
    there is none: on this computer nobody listens, and a public host is refused outright."""
    address = split_url(base_url)
    host = address.hostname or ""
    is_open = address.scheme == "http" and is_private(host) and not is_loopback(host)
    return host if is_open else ""


def bare_address(url: str) -> tuple[str, str]:
    """Return an address without user, password, query and fragment, and its "user:password".

    Only what is bare may be stored, shown or logged: keys are written into each of these places.
    An address that is bare comes back as it is, with "".
    """
    from urllib.parse import unquote

    head, separator, rest = url.partition("://")
    scheme, rest = (head + separator, rest) if separator else ("", url)
    authority = re.split("[/?#]", rest, maxsplit=1)[0]
    # A password with a slash in it ends the authority early, so that there is no host.
    is_cut = "@" in rest and "@" not in authority and not origin(url)
    login, at, _ = (rest if is_cut else authority).rpartition("@")
    path = re.split("[?#]", rest[len(login + at) :], maxsplit=1)[0]
    user, _, password = login.partition(":")
    return scheme + path, f"{unquote(user)}:{unquote(password)}" if login else ""


def bare_proxy(text: str) -> tuple[str, str]:
    """Return a proxy as a profile keeps it, with the user at most, and its password."""
    address, login = bare_address(text)
    password = login.partition(":")[2]
    if not login or (not password and not re.search("[?#]", text)):
        return (text if login else address), ""
    try:
        return parse_proxy(text).with_user, password
    except SettingError:
        return address, password


@dataclass(frozen=True)
class ProxyAddress:
    """A proxy; its password is kept apart from its address.

    Attributes:
        url: scheme://host:port, as it may be shown and logged.
        user: "" where none is needed.
    """

    url: str
    user: str = ""
    password: str = field(default="", repr=False)

    @property
    def with_user(self) -> str:
        """The address as a profile keeps it: with the user's name, without the password."""
        from urllib.parse import quote

        scheme, _, rest = self.url.partition("://")
        return f"{scheme}://{quote(self.user, safe='')}@{rest}" if self.user else self.url


def parse_proxy(text: str) -> ProxyAddress:
    """The proxy that `text` names, as a person or the environment writes it.

    A missing scheme is http; plain "socks" is how desktops write the fifth version.

    Raises:
        SettingError: it names none. The sentence never repeats `text`: it may hold a password.
    """
    from urllib.parse import unquote, urlsplit

    text = text.strip()
    text = text if "://" in text else f"http://{text}"
    try:
        parts = urlsplit(text)
        scheme = "socks5" if parts.scheme == "socks" else parts.scheme
        host, port = parts.hostname or "", parts.port
    except ValueError:
        scheme, host, port = "", "", None
    if scheme not in PROXY_SCHEMES or not host or any(c.isspace() for c in host):
        raise SettingError(
            "This is no address of a proxy.",
            what_to_do="Enter one like http://host:3128 or socks5://host:1080.",
        )
    if port is None:
        port = 1080 if scheme.startswith("socks") else 443 if scheme == "https" else 80
    shown = f"[{host}]" if ":" in host else host
    return ProxyAddress(
        f"{scheme}://{shown}:{port}",
        unquote(parts.username or ""),
        unquote(parts.password or ""),
    )
