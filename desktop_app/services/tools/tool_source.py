"""The interface of sources of tools: the built-in source and servers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from desktop_app.domain.tools.tool import ListedTool, ToolDefinition
from desktop_app.domain.tools.tool_context import ToolContext


class ToolSource(Protocol):
    """Source of tools, which runs their calls."""

    @property
    def name(self) -> str:
        """Return the name that its tools have as `ToolDefinition.source`; "" for built-in tools."""

    async def prepare(self) -> None:
        """Get the tools ready, as by starting a server. Raises UserFacingError."""

    async def tools(self) -> Sequence[ListedTool]:
        """Return all known tools, each with the reason if it cannot be used.

        Raises:
            UserFacingError: they could not be read.
        """

    async def call(self, tool: ToolDefinition, arguments: Any, context: ToolContext) -> str:
        """Run a call and return its result, as text for the model.

        The call may be canceled at any time. The model is told of any exception, but gets the
        words of a ToolError only.

        Args:
            arguments: the validated object; for a custom tool, its input, which is free text.

        Raises:
            ToolError: the call failed; its text is for the model.
        """
