"""Conversations, messages, folders, compactions, imports, verdicts, and the conversion of rows.

May import `storage.database` and `storage.search`, and the stores of attachments and presets, which
conversations refer to.
"""
