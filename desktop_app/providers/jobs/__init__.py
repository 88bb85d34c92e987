"""Other endpoints: batches, background runs, compaction, embeddings.

May import `http` and `apis`.
"""
