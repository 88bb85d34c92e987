"""Errors of requests that reach no API: host, proxy, certificate, redirect, web page.

This module does no I/O. It recognizes messages of httpcore, socksio and OpenSSL. For an unknown
message the error has a general sentence; the message itself is in the details.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from desktop_app.domain import errors, hints
from desktop_app.domain.models.model_facts import ServerKind
from desktop_app.domain.network.network_address import ProxyAddress, is_loopback, is_private
from desktop_app.i18n.translation import N_
from desktop_app.providers.http.retries import AttemptError
from desktop_app.settings.server_presets import SERVER_PRESETS

_CHECK_PROXY: Final = N_("Check the proxy in {network_page}.")
_CHECK_CLOCK: Final = N_(
    "Check your computer’s clock, or wait until {host} renews its certificate."
)
# The sentence and the hint, by words in OpenSSL's message.
_CERTIFICATE_FAULTS: Final = {
    "has expired": (N_("The certificate of {provider} has expired."), _CHECK_CLOCK),
    "not yet valid": (N_("The certificate of {provider} isn’t valid yet."), _CHECK_CLOCK),
    "mismatch": (
        N_("The certificate of {provider} isn’t for {host}."),
        N_("Check the base URL in {provider_page}."),
    ),
}
_ASKS_PASSWORD: Final = re.compile(r"^407|username/password|NO AUTH", re.IGNORECASE)
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
    def _proxy_hint(self) -> str:
        return _CHECK_PROXY if self.is_own_proxy else hints.CHECK_ENVIRONMENT_PROXY

    def proxy_refusal_error(self, message: str, details: str) -> AttemptError:
        """Return the error of a proxy that refuses; `message` is the proxy's."""
        if _ASKS_PASSWORD.search(message):
            sentence = (
                N_("The proxy {proxy} rejected the user name or password.")
                if self.proxy and self.proxy.user
                else N_("The proxy {proxy} requires a password.")
            )
            enter_password = N_("Enter its password in {network_page}.")
            return self._error(
                sentence, enter_password if self.is_own_proxy else self._proxy_hint, details
            )
        if _STATUS.match(message):
            sentence = N_("The proxy {proxy} blocked the request to {host}: {words}.")
            return self._error(sentence, self._proxy_hint, details, words=message)
        return self._error(
            N_("The proxy {proxy} couldn’t connect to {provider} at {host}."),
            N_("Check the base URL of {provider} and the proxy."),
            details,
        )

    def proxy_kind_error(self, details: str) -> AttemptError:
        """Return the error of a peer that is not a proxy of the expected kind."""
        own_hint = N_("Try http:// or socks5:// in {network_page}.")
        hint = own_hint if self.is_own_proxy else hints.CHECK_ENVIRONMENT_PROXY_KIND
        return self._error(N_("{proxy} has the wrong proxy type."), hint, details)

    def proxy_timeout_error(self) -> AttemptError:
        """Return the error of a proxy that accepted the connection and then fell silent."""
        return self._error(N_("The proxy {proxy} didn’t respond in time."), self._proxy_hint, "")

    def connect_error(self, message: str, details: str) -> AttemptError:
        """Return the error of a failure to connect; `message` is the libraries'."""
        if "certificate verify failed" in message.lower().replace("_", " "):
            own_file_hint = N_("Check the certificate file in {network_page}.")
            untrusted = (
                N_("The certificate of {provider} isn’t trusted."),
                own_file_hint if self.has_ca_file else hints.CHOOSE_CERTIFICATES,
            )
            faults = (fault for words, fault in _CERTIFICATE_FAULTS.items() if words in message)
            sentence, hint = next(faults, untrusted)
            return self._error(sentence, hint, details)
        if "[SSL" in message:
            failed = self._error(
                N_("Couldn’t connect securely to {provider} at {host}."),
                N_("Check the base URL, its port, and your proxy."),
                details,
            )
            # An unexpected end of the handshake may also mean that the server is busy.
            return AttemptError(failed.error, may_repeat="_EOF_" in message)
        if self.proxy is not None:
            sentence = N_("Couldn’t connect to the proxy {proxy}.")
            return self._error(
                sentence, self._proxy_hint, details, errors.UnreachableError, may_repeat=True
            )
        sentence = N_("Couldn’t connect to {provider} at {host}.")
        if self.provider == self.host:  # a download
            sentence = N_("Couldn’t connect to {host}.")
        hint = N_("Check the network connection, then try again.")
        host = self.host
        if is_private(host) and self.port:
            host = f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"
        if is_loopback(self.host):
            sentence, hint = N_("Nothing is listening at {host}."), self._start_hint
        return self._error(
            sentence, hint, details, errors.UnreachableError, host=host, may_repeat=True
        )

    @property
    def _start_hint(self) -> str:
        """Return how to start the server, which is on this computer."""
        shown_name = self.server_kind.value if self.server_kind else self.provider
        if "llama-cpp-python" in shown_name:
            return N_("Start it with “python -m llama_cpp.server --model FILE”, then try again.")
        local = [preset for preset in SERVER_PRESETS if is_loopback(preset.address.hostname or "")]
        for preset in local:
            name = rf"\b({re.escape(preset.name)}|{re.escape(preset.key)})\b"
            if re.search(name, shown_name, re.IGNORECASE):
                return preset.help
        of_port = (preset.help for preset in local if preset.address.port == self.port)
        return next(of_port, N_("Start {provider}, then try again."))

    def redirect_error(self, target: str) -> AttemptError:
        """Return the error of a redirect: a wrong address, or a network that wants a login.

        Args:
            target: the host that the server redirects to; "" if unknown.
        """
        sentence = (
            N_("{provider} redirects to {host}, where nothing was sent.")
            if target
            else N_("{provider} redirects elsewhere, where nothing was sent.")
        )
        details = f"it redirects to {target or 'another address'}"
        hint = hints.CHECK_ADDRESS_OR_SIGN_IN
        return self._error(sentence, hint, details, errors.EndpointMissingError, host=target)

    def web_page_error(self, status: int) -> AttemptError:
        """Return the error of a reply in HTML instead of JSON."""
        sentence = N_("{provider} sent a web page, not a response.")
        details = f"HTML with HTTP status {status}"
        return self._error(sentence, hints.CHECK_ADDRESS_OR_SIGN_IN, details, errors.WebPageError)

    def _error(
        self,
        message: str,
        hint: str,
        details: str,
        error_class: type[errors.ProviderError] = errors.NetworkError,
        *,
        may_repeat: bool = False,
        **params: str,
    ) -> AttemptError:
        values = {"provider": self.provider, "host": self.host, "words": "", **params}
        values["proxy"] = self.proxy.url if self.proxy else ""
        error = error_class(message, hint, details=details, params=values)
        return AttemptError(error, may_repeat=may_repeat)
