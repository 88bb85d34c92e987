"""Texts beside conversations: their changes, the tool that proposes them, their store."""

__all__ = ["text_store", "written_text"]
