"""Creates the collection service when it is first used, not at startup."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from desktop_app.documents.worker.document_worker import DocumentWorker

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from desktop_app.backend.provider_gateway import ProviderGateway
    from desktop_app.domain.conversations.message_parts import PassagesPart
    from desktop_app.services.collections.collection_service import Collections
    from desktop_app.services.collections.embedding_service import EmbeddingChoice
    from desktop_app.services.spending.budget import Budget
    from desktop_app.storage.database.database import Database
    from desktop_app.storage.documents.attachment_store import AttachmentStore
    from desktop_app.storage.spending.ledger import Ledger


class LateCollections:
    """Implements services.passages.PassageSource.

    Attributes:
        worker: reads their documents, separate from the worker for attachments; its process starts
            with the first document.

    Args:
        chosen: returns the embedding model, if there is one.
    """

    def __init__(
        self,
        database: Database,
        attachments: AttachmentStore,
        gateway: ProviderGateway,
        spending: Ledger,
        budget: Budget,
        chosen: Callable[[], Awaitable[EmbeddingChoice | None]],
    ) -> None:
        self._database = database
        self._attachments = attachments
        self._paid = (gateway, spending, budget)
        self.worker = DocumentWorker()
        self._chosen = chosen

    @cached_property
    def whole(self) -> Collections:
        """Return the collection service."""
        from desktop_app.documents.index.collection_reader import CollectionReader
        from desktop_app.services.collections.collection_service import Collections
        from desktop_app.services.collections.embedding_service import Embeddings
        from desktop_app.storage.documents.collection_store import CollectionStore
        from desktop_app.storage.documents.vector_store import VectorStore

        return Collections(
            CollectionStore(self._database),
            self._attachments,
            CollectionReader(self.worker),
            VectorStore(self._database),
            Embeddings(*self._paid, self._chosen),
        )

    async def retrieve(
        self,
        collection_ids: Sequence[str],
        question: str,
        budget_tokens: int,
        *,
        is_estimate: bool = False,
    ) -> tuple[PassagesPart, ...]:
        """Return the passages of collections for a question. Raises UserFacingError."""
        return await self.whole.retrieve(
            collection_ids, question, budget_tokens, is_estimate=is_estimate
        )
