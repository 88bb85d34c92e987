"""Tables for asking many: rows of files or data, columns of questions, and their answers."""

__all__ = [
    "batch_store",
    "cell_request",
    "checks",
    "run_store",
    "services",
    "stored_cells",
    "table",
    "table_service",
    "table_source",
]
