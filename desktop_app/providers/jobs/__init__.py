"""Batches, background runs, compaction and embeddings at a provider.

May import `http` and `apis`.
"""
