"""API keys bound to the origin of a server."""

from __future__ import annotations

from typing import overload

from desktop_app.domain.network.origin import Secret, origin


@overload
def key_for(base_url: str, value: str = ...) -> Secret: ...
@overload
def key_for(base_url: str, value: None) -> None: ...
@overload
def key_for(base_url: str, value: str | None) -> Secret | None: ...
def key_for(base_url: str, value: str | None = "sk-test") -> Secret | None:
    """Return a key that belongs to the server at `base_url`."""
    return None if value is None else Secret(value, origin(base_url))
