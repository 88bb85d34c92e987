"""Every setting as data: key, type, default, bounds; and their store."""

__all__ = [
    "schema",
    "server_presets",
    "setting",
    "settings_store",
    "startup_settings",
    "ui",
    "values",
]
