"""Builds the sources of tools from the parts of the backend."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.tools.built_in import BuiltInTools

if TYPE_CHECKING:
    from desktop_app.backend.backend import Backend
    from desktop_app.services.tools.tool_source import ToolSource


def tool_sources(_backend: Backend) -> tuple[ToolSource, ...]:
    """Return all sources, the built-in one first."""
    return (BuiltInTools(),)
