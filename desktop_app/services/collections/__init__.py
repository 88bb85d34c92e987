"""Collections: filling, searching, passages, embeddings.

May import domain and its own ports.
"""
