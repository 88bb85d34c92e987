"""The composition root without Qt: builds stores, services and providers."""

__all__ = ["answer_settings", "backend", "display_check", "log_file", "prompt_loader"]
