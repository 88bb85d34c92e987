"""The secrets of a provider, which are sent with requests and redacted from replies.

Each secret is sent to its own origin only, whatever address the profile has.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from desktop_app.domain import hints
from desktop_app.domain.answering.chat_request import SECOND_KEY_HEADER, ProviderProfile
from desktop_app.domain.errors import AuthenticationError, MissingKeyError
from desktop_app.domain.network.network_address import ProxyAddress
from desktop_app.domain.network.origin import Secret, host_of, origin
from desktop_app.domain.value import Value
from desktop_app.i18n.translation import N_
from desktop_app.providers.http.redaction import Redactor
from desktop_app.providers.http.retries import AttemptError

if TYPE_CHECKING:
    import httpx

    from desktop_app.domain.network.custom_fields import CustomField

_MAX_QUOTE_CHARS: Final = 100


class ProviderAccess(Value, frozen=True):
    """The profile of a provider, with the secrets and the socket that its requests need.

    Attributes:
        key: the API key; None if there is none.
        proxy_password: the password of the profile's own proxy; None if there is none.
        field_secrets: the values of secret headers and query parameters, by their names in the
            keyring.
        socket_path: the Unix socket of a server that listens on no port; "" connects to the
            profile's address.
    """

    profile: ProviderProfile
    key: Secret | None = None
    proxy_password: Secret | None = None
    field_secrets: Mapping[str, Secret] = {}
    socket_path: str = ""

    def require_sendable_key(self) -> None:
        """Check the environment and the key's characters before a connection is opened.

        Raises:
            AttemptError: an environment variable of the profile has an unusable value,
                or the key has characters that no header takes.
        """
        if variable := self.profile.unusable_variable:
            hint = N_("“repartee ask --help” shows the format.")
            message = N_("The value of {variable} isn’t valid.")
            raise AttemptError(AuthenticationError(message, hint, variable=variable))
        header = self.key.authorization if self.key is not None else ""
        if not (header.isascii() and header.isprintable()):
            message = N_("The API key contains invalid characters.")
            raise AttemptError(AuthenticationError(message, hints.ENTER_KEY_AGAIN))

    def authorize(self, request: httpx.Request) -> httpx.Request:
        """Attach all secrets to a request about to be sent; nothing else does.

        Raises:
            AttemptError: the request goes to another origin than the key's, or a custom field
                cannot be sent.
        """
        request_origin = origin(str(request.url))
        if self.key is not None:
            if request_origin != self.key.origin:
                error = MissingKeyError(
                    N_("There is no API key for {host}."),
                    hint=hints.ENTER_KEY_AGAIN,
                    host=host_of(request_origin),
                )
                raise AttemptError(error)
            # The profile's own header takes a bare key. A user and a password stay in the header
            # of Basic authentication.
            own_header = self.profile.key_header if self.key.scheme == "Bearer" else ""
            if own_header:
                request.headers[own_header] = self.key.value
            if own_header in ("", SECOND_KEY_HEADER):
                request.headers["authorization"] = self.key.authorization
        in_query = {}
        for custom in self.profile.custom_fields:
            value = self._value_of(custom, request_origin)
            if custom.in_query:
                in_query[custom.name] = value
            else:
                request.headers[custom.name] = value
        if in_query:
            request.url = request.url.copy_merge_params(in_query)
        return request

    def _value_of(self, custom: CustomField, request_origin: str) -> str:
        """Return the value to send for a custom field, which is never left out silently.

        Raises:
            AttemptError: the name or the value is invalid, or there is no secret for this origin.
        """

        def error(message: str, hint: str) -> AttemptError:
            name = custom.name[:_MAX_QUOTE_CHARS]
            return AttemptError(AuthenticationError(message, hint, name=name))

        if not custom.has_valid_name:
            raise error(
                N_("“{name}” can’t be used as a header or query parameter."),
                N_("Remove it in {network_page}."),
            )
        value = custom.value
        if custom.is_secret:
            secret = self.field_secrets.get(self.profile.custom_field_id(custom))
            # A value for another origin counts as missing: the user is told that there is none for
            # this URL.
            if secret is None or secret.origin != request_origin:
                raise error(
                    N_("The value of “{name}” isn’t in the keyring for this URL."),
                    N_("Enter it in {network_page}, or remove “{name}” there."),
                )
            value = secret.value
        if not custom.accepts(value):
            raise error(
                N_("The value of “{name}” is empty, too long, or contains invalid characters."),
                hints.ENTER_KEY_AGAIN,
            )
        return value

    def redactor(self, proxy: ProxyAddress | None = None) -> Redactor:
        """Return a redactor of all secrets that are sent, because a server can echo them."""
        key = self.key
        secrets = [] if key is None else [key.value]
        if key is not None and key.scheme == "Basic":
            # A server may echo only the password. Redactor finds the Base64 that is sent.
            _user, _colon, password = key.value.partition(":")
            secrets.append(password)
        if self.proxy_password is not None:
            secrets.append(self.proxy_password.value)
        for secret in self.field_secrets.values():
            secrets += [secret.value, secret.value.removeprefix("Bearer ")]
        if proxy is not None:  # a proxy of the environment has its own password
            secrets.append(proxy.password)
        return Redactor(secrets)
