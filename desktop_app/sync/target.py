"""Where a library is stored: its address, and the line that joins another computer."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, quote, urlencode

from desktop_app.domain.errors import SyncError
from desktop_app.domain.network.network_address import (
    is_loopback,
    split_credentials,
    split_url,
    unencrypted_private_host,
)
from desktop_app.domain.value import PrivateValue
from desktop_app.i18n.translation import N_

_LINE: Final = "repartee-library:?"
_BUCKET: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,62}")
_AMAZON: Final = "https://s3.amazonaws.com"
_ALLOW_HTTP: Final = N_(
    "If it is in your own network, allow it with --allow-http: others there can see when and how "
    "much is synchronized, and the password of some servers."
)


class Target(PrivateValue, frozen=True):
    """The address of a storage.

    Attributes:
        address: a folder's path, an https address of WebDAV, or s3://bucket/folder.
        user, password: of WebDAV, or the key's id and secret of S3; "" if the address needs none.
        endpoint: the server of S3, "" for Amazon's.
        ca_file: certificates (PEM or DER) to trust in addition to the system's; "" for none.
        allows_http: the user allows http in the own network.
    """

    address: str
    user: str = ""
    password: str = ""
    endpoint: str = ""
    ca_file: str = ""
    allows_http: bool = False

    @property
    def is_local(self) -> bool:
        return "://" not in self.address

    @property
    def is_s3(self) -> bool:
        return self.address.startswith("s3://")

    @property
    def server(self) -> str:
        """Return the address that requests go to, "" for a folder."""
        if self.is_s3:
            return self.endpoint or _AMAZON
        return "" if self.is_local else self.address

    @property
    def unencrypted_host(self) -> str:
        """Return the host in the own network that the user has to allow, "" for none."""
        return "" if self.allows_http else unencrypted_private_host(self.server)


def cleaned(target: Target) -> Target:
    """Return a target as it is stored: a whole path, or an address without user and password."""
    address, login = target.address.strip(), ""
    if "://" in address:
        address, login = split_credentials(address)
    elif address:
        path = Path(address)
        with suppress(RuntimeError):  # "~name" without such a user
            path = path.expanduser()
        address = str(path.absolute())
    endpoint = split_credentials(target.endpoint.strip())[0].rstrip("/")
    user, _, password = login.partition(":")
    if user and not target.user:
        target = replace(target, user=user, password=target.password or password)
    return replace(target, address=address, endpoint=endpoint)


def require_usable(target: Target) -> None:
    """Raise SyncError for an address of no kind, or one to which requests would not be safe."""
    if not target.address or "\0" in target.address:
        raise _address_error(target)
    if target.is_local:
        return
    server = split_url(target.server)
    host = server.hostname or ""
    if server.scheme not in ("https", "http") or not _is_host(host):
        raise _address_error(target)
    if target.is_s3:
        bucket, *folders = target.address.removeprefix("s3://").rstrip("/").split("/")
        if not _BUCKET.fullmatch(bucket) or {"", ".", ".."} & set(folders):
            raise _address_error(target)
    is_private = bool(unencrypted_private_host(target.server))
    is_allowed = is_loopback(host) or (is_private and target.allows_http)
    if server.scheme == "http" and not is_allowed:
        hint = _ALLOW_HTTP if is_private else N_("Use an https:// address.")
        raise SyncError(N_("The connection to {host} isn’t encrypted."), hint=hint, host=host)


def _is_host(host: str) -> bool:
    try:
        return bool(host.encode("idna").decode("idna")) and not re.search(r"\s", host)
    except UnicodeError:
        return False


def _address_error(target: Target) -> SyncError:
    return SyncError(
        N_("“{place}” is not the address of a storage."),
        hint=N_("Enter a folder, an address like https://host/folder, or s3://bucket/folder."),
        place=(target.endpoint if target.is_s3 and target.endpoint else target.address)[:200],
    )


def joining_line(target: Target, code: str) -> str:
    """Return all that another computer needs but the storage's password, in one line."""
    fields = {
        "address": target.address,
        "endpoint": target.endpoint,
        "user": target.user,
        "code": code,
    }
    given = {name: value for name, value in fields.items() if value}
    return _LINE + urlencode(given, safe="/:", quote_via=quote)


def read_joining_line(text: str) -> tuple[Target, str] | None:
    """Return the target and the code in a line of `joining_line`; None for any other text."""
    head, _, query = text.strip().partition("?")
    if f"{head}?".lower() != _LINE:
        return None
    found = {name: values[0] for name, values in parse_qs(query).items()}
    target = Target(found.get("address", ""), found.get("user", ""), "", found.get("endpoint", ""))
    return target, found.get("code", "")
