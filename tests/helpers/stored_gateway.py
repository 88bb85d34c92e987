"""Provider gateways that keep their settings in a given database, with the tests' catalog."""

from __future__ import annotations

from desktop_app.backend.gateway.provider_gateway import ProviderGateway
from desktop_app.credentials.vault import KeyVault
from desktop_app.local_model.server import LocalModel
from desktop_app.storage.database.database import Database
from desktop_app.storage.settings.settings_store import SettingsStore
from tests.unit.providers.samples import CATALOG


def gateway_over(database: Database, vault: KeyVault | None = None) -> ProviderGateway:
    """Return a gateway with the keys of `vault`, by default one without keys."""
    settings = SettingsStore(database)
    vault = vault or KeyVault("repartee-test", settings)
    return ProviderGateway(vault, LocalModel(), settings, CATALOG)
