"""Conversations, messages, folders, compactions, imports.

May import `storage.database` and `storage.search`.
"""
