"""What the feature contributes below the window."""

from desktop_app.domain.stored_table import (
    CHANGED_SETTINGS,
    CHOICE,
    Effect,
    StoredTable,
    SyncedTable,
)
from desktop_app.features import Core

CORE = Core(
    window="prompts.ui.feature.FEATURE",
    parts={"prompts": "prompts.services.prompts"},
    tables=(
        StoredTable(
            "prompts",
            {
                Effect.PLAIN: f"id title folder text position created_at hidden form {CHOICE}",
                Effect.LISTED: "overrides",
            },
            values={"overrides": CHANGED_SETTINGS},
            reader="prompts.prompt_store.prompt_from_row",
            synced=SyncedTable(
                f"title folder text position created_at hidden form {CHOICE} overrides",
                birth="title",
                base={"folder": "", "text": "", "hidden": 0},
                former={"presets": {"name": "title"}},
            ),
        ),
    ),
)
