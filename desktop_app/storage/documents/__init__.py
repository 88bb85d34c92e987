"""Attachments by content hash, collections, vectors, notes.

May import `storage.database`.
"""
