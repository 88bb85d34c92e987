"""Conversations, messages, folders, compactions, imports, verdicts, and the conversion of rows.

May import `storage.database` and `storage.search`; attachments and presets for what a conversation
refers to.
"""
