"""The composition root without Qt: builds stores, services and providers."""

__all__ = ["answer_settings", "backend", "catalog_files", "display_check", "log_file"]
