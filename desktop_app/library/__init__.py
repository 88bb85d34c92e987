"""Folders, and the search in all conversations."""

__all__ = ["folder_store", "search_query", "ui"]
