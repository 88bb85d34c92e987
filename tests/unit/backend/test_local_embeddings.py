"""The embedding model of collections: one on this computer, or the provider's."""

from __future__ import annotations

from desktop_app.collections.services import embedding_choice
from desktop_app.domain.cost import FREE
from desktop_app.local_model.services import model_store, remove_model
from desktop_app.providers.gateway.environment_profiles import ON_DEVICE
from desktop_app.providers.gateway.on_device import EMBEDDING_SETTING
from desktop_app.providers.gateway.provider_gateway import local_path
from tests.helpers.gguf_files import write_gguf
from tests.helpers.started_backend import started_backend


async def test_a_local_embedding_model_is_used_by_name_or_without_a_provider() -> None:
    async with started_backend() as backend:
        await backend.settings.set("library.embeddings", True)
        assert await embedding_choice(backend) is None, "no provider, no model"
        path = write_gguf(backend.of(model_store).folder / "vectors.gguf", "qwen3", pooling_type=3)
        await backend.local_models.refresh()
        for name in ("vectors", ""):
            await backend.settings.set(EMBEDDING_SETTING, name)
            choice = await embedding_choice(backend)
            assert choice is not None
            assert (choice.model, choice.price) == (str(path), FREE)
            assert choice.profile.id == ON_DEVICE.id
            assert local_path(choice.profile) == str(path)
        await backend.settings.set("library.embeddings", False)
        assert await embedding_choice(backend) is None


async def test_texts_stay_here_if_a_local_model_was_chosen_beside_a_provider() -> None:
    async with started_backend({"OPENAI_API_KEY": "not-a-key"}) as backend:
        path = write_gguf(backend.of(model_store).folder / "vectors.gguf", "qwen3", pooling_type=3)
        await backend.local_models.refresh()
        await backend.settings.set("library.embeddings", True)
        choice = await embedding_choice(backend)
        assert choice is not None
        assert choice.model == "text-embedding-3-small"
        await backend.settings.set(EMBEDDING_SETTING, "vectors")
        choice = await embedding_choice(backend)
        assert choice is not None
        assert (choice.model, choice.profile.id) == (str(path), ON_DEVICE.id)
        await remove_model(backend, [path])
        assert await embedding_choice(backend) is None, "nobody chose the provider for this"
