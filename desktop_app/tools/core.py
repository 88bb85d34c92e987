"""What the feature contributes below the window."""

from desktop_app.domain.stored_table import Effect, StoredTable, StoredValue
from desktop_app.features import CommandPlaces, Core

CORE = Core(
    window="tools.ui.feature.FEATURE",
    commands={
        "tools": CommandPlaces(
            "tools.command.arguments.tools_arguments", "tools.command.tool_commands.run_tools"
        ),
        "mcp": CommandPlaces(
            "tools.command.arguments.mcp_arguments", "tools.command.mcp_command.run_mcp"
        ),
    },
    tables=(
        StoredTable(
            "tool_permissions", {Effect.CONSENT: "conversation_id tool fingerprint permission"}
        ),
        StoredTable(
            "tool_servers",
            {Effect.PLAIN: "listed prompts", Effect.LISTED: "name", Effect.PLACE: "definition"},
            values={
                "definition": StoredValue(
                    "tools.servers.tool_server.ToolServer",
                    {
                        Effect.PLAIN: "name has_query has_client_secret timeout_s",
                        Effect.PLACE: "command folder url environment headers client_id",
                    },
                )
            },
        ),
    ),
)
