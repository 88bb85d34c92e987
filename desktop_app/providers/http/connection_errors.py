"""Errors for requests without a reply: name, proxy, encryption, certificate.

Pure: takes what was tried and what the libraries reported, returns an error of
desktop_app/domain/errors.py. The patterns match messages of httpcore, socksio and OpenSSL. An
unknown message gets the general sentence and stands in the details.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from desktop_app.domain.errors import EndpointMissingError, NetworkError, Remedy
from desktop_app.domain.network_path import ProxyAddress
from desktop_app.providers.http.retries import AttemptError

_ASKS_PASSWORD: Final = re.compile(r"^407|username/password|NO AUTH", re.IGNORECASE)
_STATUS: Final = re.compile(r"^[345]\d\d\b")


@dataclass(frozen=True)
class ConnectionAttempt:
    """An attempt to connect.

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
    def _check_proxy(self) -> Remedy:
        return Remedy.CHECK_PROXY if self.is_own_proxy else Remedy.CHECK_ENVIRONMENT_PROXY

    def proxy_refused(self, reason: str, details: str) -> AttemptError:
        """Return the failure of a proxy that refuses; `reason` is its message."""
        at = self.proxy.url if self.proxy else "in use"
        if _ASKS_PASSWORD.search(reason):
            has_user = bool(self.proxy and self.proxy.user)
            what = "did not accept the user and the password" if has_user else "asks for a password"
            remedy = Remedy.ENTER_PROXY_PASSWORD if self.is_own_proxy else self._check_proxy
            return _failed(f"The proxy {at} {what}.", remedy, details)
        if _STATUS.match(reason):
            what = f"The proxy {at} does not let requests through to {self.host}: {reason}."
            return _failed(what, self._check_proxy, details)
        what = f"The proxy {at} could not reach {self.provider} at {self.host}."
        return _failed(what, f"Check the address of {self.provider}, and the proxy.", details)

    def wrong_proxy_kind(self, details: str) -> AttemptError:
        """Return the failure of a peer that is not a proxy of the expected kind."""
        at = self.proxy.url if self.proxy else "in use"
        what = f"What answers at {at} is no proxy of this kind."
        is_own = self.is_own_proxy
        remedy = Remedy.CHECK_PROXY_KIND if is_own else Remedy.CHECK_ENVIRONMENT_PROXY_KIND
        return _failed(what, remedy, details)

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
        return _failed(what, Remedy.CHECK_CONNECTION, details, may_repeat=True)

    def _not_trusted(self, reason: str, details: str) -> AttemptError:
        whose = f"The certificate of {self.provider}"
        if "has expired" in reason or "not yet valid" in reason:
            why = "has expired" if "has expired" in reason else "is not valid yet"
            what_to_do = f"Check the clock of this computer; else {self.host} must renew it."
            return _failed(f"{whose} {why}.", what_to_do, details)
        if "mismatch" in reason:
            what = f"{whose} is not for {self.host}."
            return _failed(what, Remedy.CHECK_ADDRESS_OF_OTHER, details)
        is_own = self.has_ca_file
        remedy = Remedy.CHECK_CERTIFICATES if is_own else Remedy.CHOOSE_CERTIFICATES
        return _failed(f"{whose} is not trusted by this computer.", remedy, details)

    def redirected(self, to: str) -> AttemptError:
        """Return the failure of a redirect: a wrong address, or a network that wants a login."""
        why = f"it redirects to {to}"
        return self._no_api(f"{why}, where key and questions are not sent", why)

    def web_page(self, status: int) -> AttemptError:
        """Return the failure of a reply in HTML instead of JSON."""
        return self._no_api("a web page came back", f"HTML with HTTP status {status}")

    def _no_api(self, why: str, details: str) -> AttemptError:
        what = f"The address of {self.provider} does not offer this API: {why}."
        todo = Remedy.CHECK_ADDRESS_OR_SIGN_IN
        return AttemptError(EndpointMissingError(what, what_to_do=todo, details=details))


def _failed(
    what: str, what_to_do: Remedy | str, details: str, *, may_repeat: bool = False
) -> AttemptError:
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
            what_to_do=Remedy.ALLOW_HOST,
            params={"host": host},
        )
    return NetworkError(
        f"{what}and the conversation.",
        what_to_do=Remedy.USE_HTTPS,
    )
