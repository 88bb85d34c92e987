"""What the feature contributes below the window."""

from desktop_app.domain.stored_table import CHOICE, Effect, StoredTable, SyncedTable
from desktop_app.features import Core

CORE = Core(
    window="prompts.ui.feature.FEATURE",
    tables=(
        StoredTable(
            "prompts",
            {Effect.PLAIN: "id title folder text position created_at hidden form"},
            reader="prompts.prompt_store.prompt_from_row",
            synced=SyncedTable("title folder text position created_at hidden form", birth="title"),
        ),
        StoredTable(
            "presets",
            {Effect.PLAIN: f"id name {CHOICE} position created_at", Effect.LISTED: "overrides"},
            reader="domain.preset.Preset",
            synced=SyncedTable(f"name {CHOICE} overrides position created_at", birth="name"),
        ),
    ),
)
