"""What local models make of the backend: the store of their files, and which of them is used."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from desktop_app.local_model.local_models import WEIGHTS_SETTING, LocalModels
from desktop_app.providers.gateway.on_device import EMBEDDING_SETTING

if TYPE_CHECKING:
    from desktop_app.backend.backend import Backend
    from desktop_app.local_model.store import LocalFile, ModelStore


def local_models(backend: Backend) -> LocalModels:
    """Return the models on this computer."""
    return LocalModels(partial(backend.of, model_store))


def model_store(backend: Backend) -> ModelStore:
    from desktop_app.local_model.store import ModelStore

    return ModelStore(backend.folders.data / "models", backend.folders.cache)


async def use_first_model(backend: Backend, file: LocalFile) -> bool:
    """Use a fetched model for new conversations, unless the user has chosen one before.

    Return True if it is used.
    """
    stored = await backend.settings.all()
    is_other = file.is_speech or file.header.is_embedding
    if is_other or stored.get(WEIGHTS_SETTING):
        return False
    await backend.settings.set(WEIGHTS_SETTING, file.path)
    backend.local_models.use(await backend.settings.all())
    return True


async def remove_model(backend: Backend, paths: list[Path]) -> int:
    """Remove a fetched model or a part of one. Return the bytes that this frees.

    Raises:
        LocalModelError: it is being fetched, or cannot be removed.
    """
    stored = await backend.settings.all()
    embeds = backend.local_models.find(str(stored.get(EMBEDDING_SETTING, "")))
    await backend.local_models.unload(str(paths[0]))
    freed = await asyncio.to_thread(backend.of(model_store).remove, paths)
    if stored.get(WEIGHTS_SETTING) == str(paths[0]):
        await backend.settings.set(WEIGHTS_SETTING, "")
        backend.local_models.use(await backend.settings.all())
    if embeds is not None and embeds.path == str(paths[0]):
        # Else collections would send passages to a provider that nobody chose for it.
        await backend.settings.set("library.embeddings", False)
        await backend.settings.set(EMBEDDING_SETTING, "")
    return freed
