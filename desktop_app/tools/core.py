"""What the feature contributes below the window."""

from __future__ import annotations

from typing import Final

from desktop_app.features import CommandPlaces, Core

CORE: Final = Core(
    window="tools.ui.feature.FEATURE",
    commands={
        "tools": CommandPlaces(
            "tools.command.arguments.tools_arguments", "tools.command.tool_commands.run_tools"
        ),
        "mcp": CommandPlaces(
            "tools.command.arguments.mcp_arguments", "tools.command.mcp_command.run_mcp"
        ),
    },
)
