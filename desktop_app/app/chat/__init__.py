"""Asking, answers under way, compaction, temporary conversations.

Controllers take `ui.composer`, `ui.transcript` and the chat services.
"""
