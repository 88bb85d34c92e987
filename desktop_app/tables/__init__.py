"""Tables for asking many: rows of files or data, columns of questions, and their answers."""

__all__ = [
    "cell_request",
    "checks",
    "services",
    "table",
    "table_service",
    "table_source",
    "table_store",
]
