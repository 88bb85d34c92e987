"""Conversations as files: our own JSON, the store of imports, `repartee export`."""

__all__ = [
    "command",
    "csv_cell",
    "import_report",
    "import_store",
    "importers",
    "prompts_json",
    "ui",
    "writers",
]
