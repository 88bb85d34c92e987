"""The files of projects: filling, searching, embeddings, and their store."""

__all__ = ["collection_service", "embedding_service"]
