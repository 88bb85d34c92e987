"""Origins of addresses in one spelling, and secrets, which one origin alone may receive.

An origin is scheme, host and port. A secret belongs to one. So two spellings of an origin must
compare equal, and the origins of two servers must differ. An ambiguous address has no origin.
"""

from __future__ import annotations

import re
from base64 import b64encode
from typing import Final, Literal

from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.domain.value import PrivateValue

_DEFAULT_PORTS: Final = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
_AUTHORITY: Final = lazy_pattern(
    r"(?:[^@\\]*@)?(\[[0-9a-f:.]+\]|[^@:\\\[\]]+)(?::([0-9]{0,20}))?", re.I
)
_DOTS: Final = lazy_pattern("[.\u3002\uff0e\uff61]")
# Other characters in a name are escapes, controls, or not allowed by IDNA.
_LOOPBACK: Final = lazy_pattern(
    r"(?:.+\.)?localhost|127(?:\.[0-9]+){0,3}|0\.0\.0\.0|\[::1?\]|\[::ffff:7f[0-9a-f:]+\]"
)
_LABEL: Final = lazy_pattern(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")


def origin(url: str) -> str:
    """Return the origin of an address as `scheme://host:port`; "" if it has none.

    The host is in lower case and ASCII (IDNA), without a final dot. The origin always has a port,
    and no user, password, path or query.
    """
    scheme, separator, rest = url.partition("://")
    scheme = scheme.lower()
    if not separator or scheme not in _DEFAULT_PORTS:
        return ""
    authority = _AUTHORITY.fullmatch(re.split("[/?#]", rest, maxsplit=1)[0])
    if authority is None:
        return ""
    name = authority[1]
    host = _normalize_ipv6(name) if name.startswith("[") else _encode_host(name)
    port = int(authority[2]) if authority[2] else _DEFAULT_PORTS[scheme]
    return f"{scheme}://{host}:{port}" if host and port < 65536 else ""


def canonical_base_url(url: str) -> str:
    """Return one spelling for all base URLs of a server, to compare them.

    Unlike origins, the names and addresses of this computer are one: a limit must not depend on
    which of them is written. A text without an origin is returned as it is.
    """
    from posixpath import normpath
    from urllib.parse import unquote

    address = origin(url.strip())
    if not address:
        return url.strip()
    scheme, _, authority = address.partition("://")
    host, _, port = authority.rpartition(":")
    if _LOOPBACK.fullmatch(host):
        host = "localhost"
    without_query = re.split("[?#]", url.partition("://")[2], maxsplit=1)[0]
    path = unquote(without_query.partition("/")[2]).strip(" /")
    return f"{scheme}://{host}:{port}{normpath('/' + path)}"


def host_of(origin: str) -> str:
    """Return the host of an origin for display, with the port if it is not the default."""
    scheme, _, rest = origin.partition("://")
    host, _, port = rest.rpartition(":")
    return host if port == str(_DEFAULT_PORTS.get(scheme)) else rest


def _normalize_ipv6(literal: str) -> str:
    import ipaddress

    try:
        return f"[{ipaddress.IPv6Address(literal[1:-1])}]"
    except ValueError:
        return ""


def _encode_host(host: str) -> str:
    labels = [_encode_label(label) for label in _DOTS.split(host)]
    if len(labels) > 1 and host[-1:] and _DOTS.fullmatch(host[-1]):
        labels.pop()
    return ".".join(labels) if all(labels) else ""


def _encode_label(label: str) -> str:
    """Return a label of a host name in ASCII; "" if it is not valid.

    httpx sends valid labels in the same form. The codec "idna" follows an older standard, in which
    some names belong to other servers.
    """
    import unicodedata

    if len(label) > 63:  # Punycode takes quadratic time
        return ""
    label = label.lower()
    if not label.isascii():
        if unicodedata.normalize("NFKC", label) != label or not label.replace("-", "").isalnum():
            return ""
        label = "xn--" + label.encode("punycode").decode("ascii")
    return label if _LABEL.fullmatch(label) else ""


Scheme = Literal["Bearer", "Basic"]


class Secret(PrivateValue, frozen=True):
    """A key or password that may be sent to a single origin.

    Attributes:
        value: the key; for Basic, "user:password".
        origin: as `domain.network.origin.origin` returns it.
        scheme: of HTTP authentication: Bearer for an API key, Basic for a user and a password.
    """

    value: str
    origin: str
    scheme: Scheme = "Bearer"

    @property
    def authorization(self) -> str:
        """Return the value of the Authorization header."""
        if self.scheme == "Basic":
            return f"Basic {b64encode(self.value.encode()).decode('ascii')}"
        return f"Bearer {self.value}"
