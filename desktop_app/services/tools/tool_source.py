"""The interface of everything that offers tools: the built-in ones, and servers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from desktop_app.domain.tools.tool import ListedTool, ToolDefinition
from desktop_app.domain.tools.tool_context import ToolContext


class ToolSource(Protocol):
    """Offers tools and runs their calls."""

    @property
    def name(self) -> str:
        """The `source` of its tools; "" for the built-in ones."""

    async def prepare(self) -> None:
        """Get the tools ready, as by starting a server. Raises UserFacingError."""

    async def tools(self) -> Sequence[ListedTool]:
        """Return all known tools, with the reason why one cannot be used.

        Raises:
            UserFacingError: they could not be read.
        """

    async def call(self, tool: ToolDefinition, arguments: Any, context: ToolContext) -> str:
        """Run a call and return its result, as text for the model.

        The call may be cancelled at any time. Any exception is reported to the model; only the
        words of a ToolError are.

        Args:
            arguments: the validated object, or the text of a custom tool.

        Raises:
            ToolError: in words for the model.
        """
