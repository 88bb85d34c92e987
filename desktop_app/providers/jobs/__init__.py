"""Batches, background runs, compaction and embeddings at a provider."""
