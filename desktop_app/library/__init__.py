"""Projects, and the search in all conversations."""

__all__ = ["folder_store", "list_filter", "search_query", "ui"]
