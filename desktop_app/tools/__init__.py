"""Tools that a model may call: consent, `repartee mcp`, `repartee tools`."""

__all__ = [
    "built_in",
    "calls",
    "command",
    "permission_store",
    "schema_check",
    "servers",
    "services",
    "ui",
]
