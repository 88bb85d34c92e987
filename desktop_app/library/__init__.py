"""Folders, and the search in all conversations."""

__all__ = ["command", "folder_store", "search_query", "ui"]
