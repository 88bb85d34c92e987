"""The profile of a provider, with the secrets and the socket that its requests need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from desktop_app.domain.answering.chat_request import ProviderProfile
from desktop_app.domain.network.secret import Secret


@dataclass(frozen=True)
class ProviderAccess:
    """Everything that requests to a provider need. Each secret is sent to its own origin only.

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
    field_secrets: Mapping[str, Secret] = field(default_factory=dict)
    socket_path: str = ""
