"""The embedding model of collections: one on this computer, or the provider's."""

from __future__ import annotations

from desktop_app.domain.cost import FREE
from desktop_app.providers.gateway.environment_profiles import ON_DEVICE
from desktop_app.providers.gateway.provider_gateway import local_path
from tests.helpers.gguf_files import write_gguf
from tests.helpers.started_backend import started_backend


async def test_a_local_embedding_model_is_used_by_name_or_without_a_provider() -> None:
    async with started_backend() as backend:
        await backend.settings.set("library.embeddings", True)
        assert await backend.embedding_choice() is None, "no provider, no model"
        path = write_gguf(backend.model_store.folder / "vectors.gguf", "qwen3", pooling_type=3)
        await backend.local_models.refresh()
        for name in ("vectors", "text-embedding-3-small"):
            await backend.settings.set("library.embedding_model", name)
            choice = await backend.embedding_choice()
            assert choice is not None
            assert (choice.model, choice.price) == (str(path), FREE)
            assert choice.profile.id == ON_DEVICE.id
            assert local_path(choice.profile) == str(path)
        await backend.settings.set("library.embeddings", False)
        assert await backend.embedding_choice() is None
