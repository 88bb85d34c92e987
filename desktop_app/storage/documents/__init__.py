"""Attachments by content hash, collections, vectors, notes.

May import `storage.database`, `storage.search` and the row conversions of `storage.conversations`.
"""
