"""The store: an SQLite file with one writer thread and two readers, and files beside it."""

__all__ = [
    "database",
    "deletion_wipe",
    "expiry_clock",
    "message_path",
    "private_files",
    "process_identity",
    "row_conversion",
    "row_writing",
    "schema",
    "search_index",
    "sqlite_connection",
    "storage_errors",
    "store_lock",
    "stored_tables",
    "temporary_database",
    "temporary_files",
    "transactions",
    "upgrade_copy",
    "value_effects",
]
