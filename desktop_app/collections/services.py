"""What collections make of the backend: the service of questions about many documents."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from desktop_app.collections.collection_service import Collections
from desktop_app.collections.collection_store import CollectionStore, VectorStore
from desktop_app.collections.embedding_service import EmbeddingChoice, Embeddings, choose_embedding
from desktop_app.documents.index.collection_reader import CollectionReader
from desktop_app.documents.worker.document_worker import DocumentWorker
from desktop_app.domain.answering.chat_request import ProviderKind
from desktop_app.domain.cost import FREE
from desktop_app.providers.gateway.environment_profiles import ON_DEVICE
from desktop_app.providers.gateway.on_device import EMBEDDING_SETTING

if TYPE_CHECKING:
    from desktop_app.backend.backend import Backend


def collections(backend: Backend) -> Collections:
    worker = DocumentWorker()
    backend.on_close.append(worker.aclose)
    return Collections(
        CollectionStore(backend.database),
        originals=backend.attachments,
        reader=CollectionReader(worker),
        vectors=VectorStore(backend.database),
        embeddings=Embeddings(
            backend.gateway, backend.ledger, backend.budget, partial(embedding_choice, backend)
        ),
    )


async def embedding_choice(backend: Backend) -> EmbeddingChoice | None:
    """Return the provider and model of embeddings; None if they are off or not available."""
    values = await backend.values()
    if not (backend.wants_embeddings or values["library.embeddings"]):
        return None
    chosen = str(values[EMBEDDING_SETTING]).strip()
    profile = await backend.providers.default_profile(values)
    await backend.local_models.refresh_once()
    local = backend.local_models.find_embedding(
        chosen, is_needed=profile.kind is ProviderKind.ON_DEVICE
    )
    if local is not None:
        profile = replace(ON_DEVICE, models=(local,))
        return EmbeddingChoice(profile, local, FREE)
    if profile.kind is ProviderKind.ON_DEVICE:
        return None
    return choose_embedding(
        chosen, profile, backend.catalog, backend.listings.known_listing(profile)
    )
