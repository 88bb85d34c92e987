"""Projects, the search in all conversations, and the store as a whole: its repair and erasure."""

__all__ = ["erasure", "folder_store", "list_filter", "repair", "search_query", "store_file", "ui"]
