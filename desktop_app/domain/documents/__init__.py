"""Documents: sections, collections, passages, vectors.

May import the rest of `domain`.
"""
