"""Errors for requests without a reply: name, proxy, encryption, certificate.

Pure: takes what was tried and what the libraries reported, returns an error of
desktop_app/domain/errors.py. The patterns match messages of httpcore, socksio and OpenSSL. An
unknown message gets the general sentence and stands in the details.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from desktop_app.domain.errors import EndpointMissingError, NetworkError
from desktop_app.domain.network_path import ProxyAddress
from desktop_app.providers.http.retries import AttemptError

CHECK_PROXY: Final = "Check the proxy in Settings › Provider › Network."
CHECK_PROXY_OF_ENVIRONMENT: Final = (
    "Check the proxy in the environment (HTTPS_PROXY, ALL_PROXY), or set one in "
    "Settings › Provider › Network."
)
PASSWORD: Final = "Enter the user and the password in Settings › Provider › Network."
SET_CA_FILE: Final = (
    "Check the address and the clock. Where a company opens encrypted connections, choose its "
    "certificate file in Settings › Provider › Network."
)
OTHER_CA_FILE: Final = "Check that the certificate file in Settings › Provider › Network is right."
SIGN_IN: Final = (
    "Check the address in Settings › Provider, which usually ends in /v1, and whether this network "
    "wants you to sign in first: open any page in a browser."
)

_ASKS_PASSWORD: Final = re.compile(r"^407|username/password|NO AUTH", re.IGNORECASE)
_STATUS: Final = re.compile(r"^[345]\d\d\b")


@dataclass(frozen=True)
class ConnectionAttempt:
    """What was tried.

    Attributes:
        provider, host: its name and the host of its address.
        proxy: the proxy in between, or None.
        is_own_proxy: True if the user chose the proxy, not the environment.
        has_ca_file: True if certificates of the user were trusted, too.
    """

    provider: str
    host: str
    proxy: ProxyAddress | None = None
    is_own_proxy: bool = False
    has_ca_file: bool = False

    @property
    def _check_proxy(self) -> str:
        return CHECK_PROXY if self.is_own_proxy else CHECK_PROXY_OF_ENVIRONMENT

    def proxy_refused(self, reason: str, details: str) -> AttemptError:
        """Return the failure of a proxy that refuses; `reason` is its message."""
        at = self.proxy.url if self.proxy else "in use"
        if _ASKS_PASSWORD.search(reason):
            has_user = bool(self.proxy and self.proxy.user)
            what = "did not accept the user and the password" if has_user else "asks for a password"
            what_to_do = PASSWORD if self.is_own_proxy else self._check_proxy
            return _failed(f"The proxy {at} {what}.", what_to_do, details)
        if _STATUS.match(reason):
            what = f"The proxy {at} does not let requests through to {self.host}: {reason}."
            return _failed(what, self._check_proxy, details)
        what = f"The proxy {at} could not reach {self.provider} at {self.host}."
        return _failed(what, f"Check the address of {self.provider}, and the proxy.", details)

    def wrong_proxy_kind(self, details: str) -> AttemptError:
        """Return the failure of a peer that is not a proxy of the expected kind."""
        at = self.proxy.url if self.proxy else "in use"
        what = f"What answers at {at} is no proxy of this kind."
        what_to_do = f"{self._check_proxy} http:// and socks5:// are two kinds."
        return _failed(what, what_to_do, details)

    def proxy_timeout(self) -> AttemptError:
        """Return the failure of a proxy that accepted the connection and then fell silent."""
        at = self.proxy.url if self.proxy else "in use"
        return _failed(f"The proxy {at} did not answer in time.", self._check_proxy, "")

    def connection_failed(self, reason: str, details: str) -> AttemptError:
        """Return the failure to connect; `reason` is the libraries' message."""
        if "CERTIFICATE_VERIFY_FAILED" in reason or "certificate verify failed" in reason:
            return self._not_trusted(reason, details)
        if "[SSL" in reason:
            what = f"{self.provider} gave no encrypted connection at {self.host}."
            return _failed(what, "Check the address and its port, and the proxy if any.", details)
        if self.proxy is not None:
            what = f"The proxy {self.proxy.url} could not be reached."
            return _failed(what, self._check_proxy, details, may_repeat=True)
        what = f"{self.provider} could not be reached at {self.host}."
        what_to_do = "Check the network connection, then press Retry."
        return _failed(what, what_to_do, details, may_repeat=True)

    def _not_trusted(self, reason: str, details: str) -> AttemptError:
        whose = f"The certificate of {self.provider}"
        if "has expired" in reason or "not yet valid" in reason:
            why = "has expired" if "has expired" in reason else "is not valid yet"
            what_to_do = f"Check the clock of this computer; else {self.host} must renew it."
            return _failed(f"{whose} {why}.", what_to_do, details)
        if "mismatch" in reason:
            what_to_do = "Check the address in Settings › Provider: another server answers there."
            return _failed(f"{whose} is not for {self.host}.", what_to_do, details)
        what_to_do = OTHER_CA_FILE if self.has_ca_file else SET_CA_FILE
        return _failed(f"{whose} is not trusted by this computer.", what_to_do, details)

    def redirected(self, to: str) -> AttemptError:
        """Return the failure of a redirect: a wrong address, or a network that wants a login."""
        why = f"it redirects to {to}"
        return self._no_api(f"{why}, where key and questions are not sent", why)

    def web_page(self, status: int) -> AttemptError:
        """Return the failure of a reply in HTML instead of JSON."""
        return self._no_api("a web page came back", f"HTML with HTTP status {status}")

    def _no_api(self, why: str, details: str) -> AttemptError:
        what = f"The address of {self.provider} does not offer this API: {why}."
        return AttemptError(EndpointMissingError(what, what_to_do=SIGN_IN, details=details))


def _failed(what: str, what_to_do: str, details: str, *, may_repeat: bool = False) -> AttemptError:
    error = NetworkError(what, what_to_do=what_to_do, details=details)
    return AttemptError(error, may_repeat=may_repeat)


def unencrypted_address(provider: str, host: str) -> NetworkError:
    """Return the error for an unencrypted address that the user has not allowed.

    `host` is a private host that the user can allow, or "".
    """
    what = f"The address of {provider} is not encrypted, so anyone on the way could read the key "
    if host:
        return NetworkError(
            f"{what}and the conversation.",
            what_to_do=f"Allow {host} in Settings › Provider, or use an address with https://.",
        )
    return NetworkError(
        f"{what}and the conversation.",
        what_to_do="Use an address that begins with https:// in Settings › Provider.",
    )
