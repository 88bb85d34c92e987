"""Errors of requests that reach no API: host, proxy, certificate, redirect, web page.

This module does no I/O. It recognizes messages of httpcore, socksio and OpenSSL. For an unknown
message the error has a general sentence; the message itself is in the details.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final, Literal

from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import EndpointMissingError, NetworkError
from desktop_app.domain.models.server_kind import ServerKind
from desktop_app.domain.network.network_address import ProxyAddress, is_loopback, is_private
from desktop_app.domain.remedy import Remedy
from desktop_app.providers.http.retries import AttemptError

_ASKS_PASSWORD: Final = re.compile(r"^407|username/password|NO AUTH", re.IGNORECASE)
# How to start a server on the user's computer, by its usual port.
_REMEDY_OF_PORT: Final[dict[int | None, Remedy]] = {
    11434: Remedy.START_OLLAMA,
    1234: Remedy.START_LM_STUDIO,
    8080: Remedy.START_LLAMA_CPP,
    8000: Remedy.START_VLLM,
    4000: Remedy.START_LITELLM,
}
# By its kind, or a part of the profile's name, which take precedence over the port.
_REMEDY_OF_NAME: Final = {
    "ollama": Remedy.START_OLLAMA,
    "lm studio": Remedy.START_LM_STUDIO,
    "lm-studio": Remedy.START_LM_STUDIO,
    "llama.cpp": Remedy.START_LLAMA_CPP,
    "llama-cpp-python": Remedy.START_LLAMA_CPP_PYTHON,
    "vllm": Remedy.START_VLLM,
    "litellm": Remedy.START_LITELLM,
}
_STATUS: Final = re.compile(r"^[345]\d\d\b")


@dataclass(frozen=True)
class ConnectionAttempt:
    """An attempt to connect.

    Attributes:
        provider, host: the provider's name, and the host of its address.
        proxy: the proxy in between, or None.
        is_own_proxy: True if the profile names the proxy, False for a proxy of the environment.
        has_ca_file: True if the certificates of a file were trusted in addition to the system's.
        port: the port of the provider's address.
        server_kind: the kind of the server, if its list of models has shown it.
    """

    provider: str
    host: str
    proxy: ProxyAddress | None = None
    is_own_proxy: bool = False
    has_ca_file: bool = False
    port: int | None = None
    server_kind: ServerKind | None = None

    @property
    def _proxy_remedy(self) -> Remedy:
        return Remedy.CHECK_PROXY if self.is_own_proxy else Remedy.CHECK_ENVIRONMENT_PROXY

    def proxy_refusal_error(self, message: str, details: str) -> AttemptError:
        """Return the error of a proxy that refuses; `message` is the proxy's."""
        if _ASKS_PASSWORD.search(message):
            has_user = bool(self.proxy and self.proxy.user)
            reason = Reason.PROXY_PASSWORD_WRONG if has_user else Reason.PROXY_WANTS_PASSWORD
            remedy = Remedy.ENTER_PROXY_PASSWORD if self.is_own_proxy else self._proxy_remedy
            return self._network_error(reason, remedy, details)
        if _STATUS.match(message):
            return self._network_error(
                Reason.PROXY_BLOCKS, self._proxy_remedy, details, words=message
            )
        return self._network_error(Reason.PROXY_CANNOT_REACH, "", details)

    def proxy_kind_error(self, details: str) -> AttemptError:
        """Return the error of a peer that is not a proxy of the expected kind."""
        remedy = (
            Remedy.CHECK_PROXY_KIND if self.is_own_proxy else Remedy.CHECK_ENVIRONMENT_PROXY_KIND
        )
        return self._network_error(Reason.PROXY_OF_OTHER_KIND, remedy, details)

    def proxy_timeout_error(self) -> AttemptError:
        """Return the error of a proxy that accepted the connection and then fell silent."""
        return self._network_error(Reason.PROXY_TIMEOUT, self._proxy_remedy, "")

    def connect_error(self, message: str, details: str) -> AttemptError:
        """Return the error of a failure to connect; `message` is the libraries'."""
        if "CERTIFICATE_VERIFY_FAILED" in message or "certificate verify failed" in message:
            return self._not_trusted_error(message, details)
        if "[SSL" in message:
            failed = self._network_error(Reason.NOT_ENCRYPTED, "", details)
            # An unexpected end of the handshake may also mean that the server is busy.
            return AttemptError(failed.error, may_repeat="_EOF_" in message)
        if self.proxy is not None:
            failed = self._network_error(Reason.PROXY_NOT_REACHED, self._proxy_remedy, details)
        elif is_loopback(self.host):
            failed = self._with_port._network_error(
                Reason.NOTHING_LISTENS, self._start_remedy, details
            )
        else:
            attempt = self._with_port if is_private(self.host) else self
            failed = attempt._network_error(Reason.NOT_REACHED, "", details)
        return AttemptError(failed.error, may_repeat=True)

    @property
    def _start_remedy(self) -> Remedy:
        """Return how to start the server, which is on this computer."""
        shown_name = self.server_kind.value if self.server_kind else self.provider
        for name, remedy in _REMEDY_OF_NAME.items():
            if name in shown_name.casefold():
                return remedy
        return _REMEDY_OF_PORT.get(self.port, Remedy.START_SERVER)

    @property
    def _with_port(self) -> ConnectionAttempt:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return replace(self, host=f"{host}:{self.port}" if self.port else host)

    def _not_trusted_error(self, message: str, details: str) -> AttemptError:
        if "has expired" in message:
            return self._network_error(Reason.CERTIFICATE_EXPIRED, "", details)
        if "not yet valid" in message:
            return self._network_error(Reason.CERTIFICATE_NOT_YET_VALID, "", details)
        if "mismatch" in message:
            return self._network_error(Reason.CERTIFICATE_OF_OTHER, "", details)
        remedy = Remedy.CHECK_CERTIFICATES if self.has_ca_file else Remedy.CHOOSE_CERTIFICATES
        return self._network_error(Reason.CERTIFICATE_NOT_TRUSTED, remedy, details)

    def redirect_error(self, target: str) -> AttemptError:
        """Return the error of a redirect: a wrong address, or a network that wants a login.

        Args:
            target: the host that the server redirects to; "" if unknown.
        """
        details = f"it redirects to {target or 'another address'}"
        error = EndpointMissingError(
            Reason.REDIRECTED, details=details, provider=self.provider, host=target
        )
        return AttemptError(error)

    def web_page_error(self, status: int) -> AttemptError:
        """Return the error of a reply in HTML instead of JSON."""
        details = f"HTML with HTTP status {status}"
        error = EndpointMissingError(Reason.WEB_PAGE, details=details, provider=self.provider)
        return AttemptError(error)

    def _network_error(
        self, reason: Reason, remedy: Remedy | Literal[""], details: str, *, words: str = ""
    ) -> AttemptError:
        error = NetworkError(
            reason,
            remedy=remedy,
            details=details,
            provider=self.provider,
            host=self.host,
            proxy=self.proxy.url if self.proxy else "",
            words=words,
        )
        return AttemptError(error)
