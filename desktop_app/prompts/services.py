"""What the library of prompts makes of the backend: its store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.prompts.prompt_store import PromptStore

if TYPE_CHECKING:
    from desktop_app.backend.backend import Backend


def prompts(backend: Backend) -> PromptStore:
    """Return the store of prompts."""
    return PromptStore(backend.database)
