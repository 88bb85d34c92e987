"""What the feature contributes below the window."""

from desktop_app.domain.stored_table import (
    CHANGED_SETTINGS,
    CHOICE,
    Effect,
    StoredTable,
    SyncedTable,
)
from desktop_app.features import CommandPlaces, Core

CORE = Core(
    window="library.ui.feature.FEATURE",
    commands={
        "search": CommandPlaces(
            "library.arguments.search_arguments", "library.command.search_command.run_search"
        ),
        "repair": CommandPlaces(
            "library.arguments.repair_arguments", "library.command.repair_command.run_repair"
        ),
    },
    tables=(
        StoredTable(
            "folders",
            {
                Effect.PLAIN: f"id name created_at {CHOICE} collection_id file_names",
                Effect.LISTED: "overrides",
            },
            values={"overrides": CHANGED_SETTINGS},
            reader="domain.conversations.conversation.Folder",
            synced=SyncedTable(f"name created_at {CHOICE} overrides", birth="created_at"),
        ),
        StoredTable(
            "conversations",
            {
                Effect.PLAIN: (
                    f"id title created_at updated_at {CHOICE} leaf_id pinned draft folder_id "
                    "archived trashed_at preset_id title_is_automatic"
                ),
                Effect.LISTED: "overrides",
            },
            values={"overrides": CHANGED_SETTINGS},
            reader="storage.row_conversion.stored_conversation",
            synced=SyncedTable(
                (
                    f"title created_at updated_at {CHOICE} leaf_id pinned overrides folder_id "
                    "archived trashed_at preset_id title_is_automatic"
                ),
                birth="created_at",
                base={"folder_id": None, "draft": ""},
            ),
        ),
        StoredTable("search_entries", {Effect.DERIVED: "id kind ref"}),
        StoredTable("search_index", {Effect.DERIVED: "words"}),
    ),
)
