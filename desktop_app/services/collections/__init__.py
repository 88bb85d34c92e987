"""Collections: filling, searching, passages, embeddings.

May import domain, `ports` and the other services.
"""
