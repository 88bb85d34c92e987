"""Projects, the search in all conversations, and the store as a whole: its repair and erasure."""

__all__ = [
    "erasure",
    "folder_store",
    "list_filter",
    "repair",
    "search_query",
    "search_rebuild",
    "store_file",
    "ui",
]
