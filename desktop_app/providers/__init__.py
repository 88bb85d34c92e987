"""The API client: requests in, stream events out. `provider_client` is the entry point."""

__all__ = [
    "gateway",
    "http",
    "jobs",
    "keys",
    "models",
    "ports",
    "provider_client",
    "services",
    "ui",
]
