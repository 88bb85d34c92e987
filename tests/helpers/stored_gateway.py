"""Provider gateways that keep their settings in a given database, with the tests' catalog."""

from __future__ import annotations

from desktop_app.providers.gateway.on_device import OnDeviceModels
from desktop_app.providers.gateway.provider_gateway import ProviderGateway
from desktop_app.providers.keys.vault import KeyVault
from desktop_app.settings.settings_store import SettingsStore
from desktop_app.storage.database import Database
from tests.unit.providers.samples import CATALOG


def gateway_over(
    database: Database, vault: KeyVault | None = None, models: OnDeviceModels | None = None
) -> ProviderGateway:
    """Return a gateway, by default one without keys and without models on this computer."""
    settings = SettingsStore(database)
    vault = vault or KeyVault("repartee-test", settings)
    return ProviderGateway(vault, models or OnDeviceModels(), settings, CATALOG)
