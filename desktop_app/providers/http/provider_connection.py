"""The connections to one provider, opened with the first request.

httpx, ssl and the certificates cost 100 ms and 20 MB. So they are imported in a thread with the
first request, never with this module, which start-up imports.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import NetworkError, SettingError
from desktop_app.domain.network.network_address import (
    ProxyAddress,
    is_loopback,
    split_url,
    unencrypted_private_host,
)
from desktop_app.domain.remedy import Remedy
from desktop_app.providers.http.connection_errors import unencrypted_address_error
from desktop_app.providers.http.connections import is_decodable, new_client
from desktop_app.providers.http.proxies import proxy_for
from desktop_app.providers.http.request_secrets import RequestSecrets
from desktop_app.providers.http.retries import AttemptError

if TYPE_CHECKING:
    from urllib.parse import SplitResult

    import httpx

    from desktop_app.providers.http.provider_access import ProviderAccess


class ProviderConnection:
    """The connection pool of one provider, through its proxy or socket.

    Attributes:
        secrets: the secrets that are sent with requests.
        redactor: removes the secrets that are sent, because a server can echo them.
        proxy: the proxy of the connections; None before the first request, or if there is none.
    """

    def __init__(self, access: ProviderAccess) -> None:
        self._access = access
        self._profile = access.profile
        self._client: httpx.AsyncClient | None = None
        self._opening = asyncio.Lock()
        self.secrets = RequestSecrets(access)
        self.redactor = self.secrets.new_redactor(None)
        self.proxy: ProxyAddress | None = None

    async def client(self) -> httpx.AsyncClient:
        """Return the client of the pool.

        Raises:
            AttemptError: the key, the address, the proxy or the certificates cannot be used.
        """
        self.secrets.require_sendable_key()
        async with self._opening:
            if self._client is None:
                address = split_url(self._profile.base_url)
                self._require_encryption(address)
                self.proxy, client = await asyncio.to_thread(self._make_client, address)
                self._client = client
                self.redactor = self.secrets.new_redactor(self.proxy)
            return self._client

    async def aclose(self) -> None:
        """Close every connection."""
        client = self._client
        self._client = None
        if client is not None:
            await client.aclose()

    def bad_address_error(self) -> NetworkError:
        """Return the error for an address to which no request can be sent."""
        is_of_environment = self._profile.from_environment
        remedy = Remedy.SET_BASE_URL if is_of_environment else Remedy.ENTER_ADDRESS
        return NetworkError(Reason.ADDRESS_UNUSABLE, remedy=remedy, provider=self._profile.name)

    def _require_encryption(self, address: SplitResult) -> None:
        host = address.hostname or ""
        if address.scheme == "https" and host:
            return
        if address.scheme != "http" or not host:
            raise AttemptError(self.bad_address_error())
        if not is_loopback(host) and host not in self._profile.plain_http_hosts:
            private_host = unencrypted_private_host(self._profile.base_url)
            raise AttemptError(unencrypted_address_error(self._profile.name, private_host))

    def _make_client(self, address: SplitResult) -> tuple[ProxyAddress | None, httpx.AsyncClient]:
        """Return the proxy, None for a direct connection, and a client.

        Runs in a thread, because it imports httpx and loads certificates.
        """
        try:
            if self._access.socket_path:
                return None, new_client(address, None, "", self._access.socket_path)
            if not is_decodable(self._profile.base_url):
                raise AttemptError(self.bad_address_error())
            proxy = proxy_for(address, self._profile.proxy, self._access.proxy_password)
            return proxy, new_client(address, proxy, self._profile.ca_file)
        except SettingError as exc:
            is_proxy = exc.reason is Reason.PROXY_ADDRESS_INVALID
            is_of_environment = is_proxy and not self._profile.proxy
            remedy = Remedy.CHECK_ENVIRONMENT_PROXY if is_of_environment else exc.remedy
            error = NetworkError(exc.reason, exc.params, remedy=remedy, details=exc.details)
        except (ImportError, ValueError, OSError) as exc:
            error = NetworkError(Reason.NETWORK_SETTINGS_UNUSABLE, details=str(exc))
        raise AttemptError(error)
