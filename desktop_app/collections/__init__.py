"""Collections of documents: filling, searching, embeddings, and their store."""

__all__ = ["collection_service", "embedding_service", "services"]
