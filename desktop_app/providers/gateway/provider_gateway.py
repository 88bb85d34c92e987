"""The clients of the providers, each with its key; the on-device model starts on demand."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.errors import CredentialError, StorageError
from desktop_app.domain.models.model_catalog import ModelCatalog
from desktop_app.domain.models.parameter_support import LearnedSupport
from desktop_app.domain.network.origin import Secret, origin
from desktop_app.i18n.translation import N_
from desktop_app.providers.gateway.on_device import BUILT_IN, OnDeviceModels
from desktop_app.providers.http.request_secrets import ProviderAccess
from desktop_app.providers.models.choice_resolution import ON_DEVICE_MODEL
from desktop_app.providers.server_memory import WINDOW_PREFIX, ServerMemory, window_key

if TYPE_CHECKING:
    from desktop_app.providers.http.download import Downloads
    from desktop_app.providers.jobs.batch_client import BatchClient
    from desktop_app.providers.keys.vault import KeyVault

    # The client imports httpx, which must not be loaded before the first paint.
    from desktop_app.providers.provider_client import ProviderClient
    from desktop_app.providers.template_check import ModelFile
    from desktop_app.settings.settings_store import SettingsStore


class ProviderGateway:
    """Clients of the providers, one for each profile. Implements providers.ports.Gateway."""

    def __init__(
        self,
        vault: KeyVault,
        local_models: OnDeviceModels,
        settings: SettingsStore,
        catalog: ModelCatalog,
    ) -> None:
        self._vault = vault
        self.local_models = local_models
        local_models.is_busy = self._is_busy
        self._settings = settings
        self._catalog = catalog
        # A client is replaced if anything that it was made with changes.
        self._clients: dict[str, tuple[ProviderAccess, ProviderClient]] = {}
        self._replaced_clients: list[ProviderClient] = []
        self._lock = asyncio.Lock()
        self._writes: set[asyncio.Task[None]] = set()
        self._windows: dict[str, int] = {}  # those that refusals named

    async def load(self) -> None:
        """Load the context windows that servers have named. Raises StorageError."""
        stored = await self._settings.all()
        self._windows = {key: stored[key] for key in stored if key.startswith(WINDOW_PREFIX)}

    def window_of(self, profile: ProviderProfile, model: str) -> int | None:
        """Return the context window that the server named in a refusal; None if it named none."""
        return self._windows.get(window_key(profile, model))

    async def provider(self, profile: ProviderProfile) -> ProviderClient:
        """Return the client for `profile`.

        Raises:
            CredentialError: the keyring cannot be read, or a secret is missing.
            LocalModelError: the on-device model cannot be started.
            StorageError: the settings cannot be read.
        """
        socket_path = ""
        if profile.kind is ProviderKind.ON_DEVICE:
            endpoint = await self.local_models.endpoint(local_path(profile))
            profile = replace(profile, base_url=endpoint.base_url)
            key: Secret | None = Secret(endpoint.key, origin(endpoint.base_url))
            socket_path = endpoint.socket_path
        else:  # a custom server may need a key, too
            key = await self._vault.get(profile.id, origin(profile.base_url))
        proxy_password = await self._read_proxy_password(profile)
        field_secrets = await self._read_field_secrets(profile)
        access = ProviderAccess(
            profile,
            key=key,
            proxy_password=proxy_password,
            field_secrets=field_secrets,
            socket_path=socket_path,
        )
        async with self._lock:  # concurrent callers share a single client
            name = profile.id
            if profile.kind is ProviderKind.ON_DEVICE:  # each model has a server of its own
                name = f"{profile.id} {local_path(profile)}"
            cached = self._clients.get(name)
            if cached is not None:
                former, client = cached
                listed = replace(former, profile=replace(former.profile, models=profile.models))
                if listed == access:  # the first question uses the connection of the list
                    client.set_models(profile.models)
                    self._clients[name] = (access, client)
                    return client
            if cached is not None:
                self._replaced_clients.append(self._clients.pop(name)[1])
            for client in [each for each in self._replaced_clients if each.is_idle]:
                self._replaced_clients.remove(client)
                await client.aclose()
            client_class = await asyncio.to_thread(_import_client)
            memory = await self._load_memory(access.profile)
            client = client_class(
                access, self._catalog, memory=memory, file=self._model_file(profile)
            )
            self._clients[name] = (access, client)
            return client

    async def batches(self, profile: ProviderProfile) -> BatchClient:
        """Return the batch client of `profile`. Raises as `provider`, or ProviderError."""
        return (await self.provider(profile)).batches()

    async def downloads(self, profile: ProviderProfile) -> Downloads:
        """Return requests for files that use the proxy and the certificates of `profile`.

        Raises:
            CredentialError: the keyring cannot be read.
        """
        from desktop_app.providers.http.download import Downloads

        password = await self._read_proxy_password(profile)
        return Downloads(ProviderAccess(profile, proxy_password=password))

    def is_ready(self, profile: ProviderProfile) -> bool:
        """Return True if a profile's model on this computer is loaded, or takes little memory."""
        path = local_path(profile)
        return not path or self.local_models.is_loaded(path)

    def _model_file(self, profile: ProviderProfile) -> ModelFile | None:
        """Return the model file that answers; None for the built-in one and for other providers."""
        from desktop_app.providers.template_check import ModelFile

        path = local_path(profile)
        if path is None:  # the model of new conversations
            path = str(self.local_models.weights or BUILT_IN)
        if profile.kind is not ProviderKind.ON_DEVICE or path == BUILT_IN:
            return None
        return ModelFile(Path(path).name, partial(self.local_models.unload, path))

    def _is_busy(self, model: str) -> bool:
        """Return True while a model on this computer answers."""
        return any(
            access.profile.kind is ProviderKind.ON_DEVICE
            and local_path(access.profile) in (model, None)
            and not client.is_idle
            for access, client in self._clients.values()
        )

    async def learned_support(self, profile: ProviderProfile, model: str) -> LearnedSupport:
        """Return the provider's API and the parameters that it refused for a model, if known.

        Raises:
            StorageError: the settings cannot be read.
        """
        memory = await self._load_memory(profile)
        return LearnedSupport(memory.api, memory.refused_for(model))

    async def _read_proxy_password(self, profile: ProviderProfile) -> Secret | None:
        """Return the proxy's password; ask the keyring only if the proxy has a user."""
        if "@" not in profile.proxy:
            return None
        return await self._vault.get(profile.proxy_password_id, origin(profile.proxy))

    async def _read_field_secrets(self, profile: ProviderProfile) -> dict[str, Secret]:
        """Return the values of secret headers and parameters, by their names in the keyring.

        There are none for an unusable address, which the first request reports.

        Raises:
            CredentialError: the keyring has no value for one of them.
        """
        secrets: dict[str, Secret] = {}
        address = origin(profile.base_url)
        if not address:
            return secrets
        for field in profile.custom_fields:
            if field.is_secret:
                name = profile.custom_field_id(field)
                secret = await self._vault.get(name, address)
                if secret is None:
                    raise CredentialError(
                        N_("The value of “{name}” isn’t in the keyring for this URL."),
                        hint=N_("Enter it in {network_page}, or remove “{name}” there."),
                        name=field.name,
                    )
                secrets[name] = secret
        return secrets

    async def _load_memory(self, profile: ProviderProfile) -> ServerMemory:
        stored_settings = await self._settings.all()
        return ServerMemory(profile, stored_settings, self._write_in_background)

    def _write_in_background(self, key: str, value: object) -> None:
        if isinstance(value, int) and key.startswith(WINDOW_PREFIX):
            self._windows[key] = value

        async def write() -> None:
            # Ignore a full store here: other writes report it, and the value is learned again.
            with suppress(StorageError):
                await self._settings.set(key, value)

        task = asyncio.ensure_future(write())
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)

    async def aclose(self) -> None:
        """Close every connection and the on-device model."""
        await asyncio.gather(*self._writes)
        for client in (*(client for _, client in self._clients.values()), *self._replaced_clients):
            await client.aclose()
        self._clients.clear()
        self._replaced_clients.clear()
        await self.local_models.aclose()


def local_path(profile: ProviderProfile) -> str | None:
    """Return the path of the model on this computer that a profile names; None if it names none."""
    if not profile.models:
        return None
    return BUILT_IN if profile.models[0] == ON_DEVICE_MODEL else profile.models[0]


def _import_client() -> type[ProviderClient]:
    """Import the client's class late: importing httpx takes 70 ms and would block the window."""
    from desktop_app.providers.provider_client import ProviderClient

    return ProviderClient
