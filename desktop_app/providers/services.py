"""What providers make of the backend: their keys, connections and models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.providers.gateway.environment_profiles import profiles_of_environment
from desktop_app.providers.gateway.on_device import OnDeviceModels
from desktop_app.providers.gateway.provider_gateway import ProviderGateway
from desktop_app.providers.gateway.provider_registry import ProviderRegistry
from desktop_app.providers.keys.vault import KeyPlace, KeyVault
from desktop_app.providers.models.model_listings import ModelListings

if TYPE_CHECKING:
    from desktop_app.backend.backend import Backend


def key_vault(backend: Backend) -> KeyVault:
    """Return the keys, with those of the environment."""
    vault = KeyVault(backend.folders.keyring_service, backend.settings)
    for _, secrets in profiles_of_environment(backend.environment):
        for name, secret in secrets.items():
            vault.use_for_session(name, secret, KeyPlace.ENVIRONMENT)
    return vault


def local_models(backend: Backend) -> OnDeviceModels:
    """Return the models on this computer, none without the feature that has them."""
    return backend.part("local_models") or OnDeviceModels()


def provider_gateway(backend: Backend) -> ProviderGateway:
    gateway = ProviderGateway(
        backend.vault, backend.local_models, backend.settings, backend.catalog
    )
    backend.on_close.append(gateway.aclose)
    return gateway


def model_listings(backend: Backend) -> ModelListings:
    return ModelListings(backend.database, backend.gateway)


def provider_registry(backend: Backend) -> ProviderRegistry:
    return ProviderRegistry(
        backend.settings,
        backend.vault,
        backend.catalog,
        backend.listings,
        backend.local_models,
        tuple(profile for profile, _ in profiles_of_environment(backend.environment)),
    )
