"""What the feature contributes below the window."""

from desktop_app.domain.stored_table import Effect, StoredTable, SyncedTable
from desktop_app.features import Core

CORE = Core(
    window="memory.ui.feature.FEATURE",
    parts={"notes": "memory.services.notes"},
    tools=("memory.services.remember",),
    tables=(
        StoredTable(
            "memory",
            {Effect.PLAIN: "id text created_at folder_id conversation_id is_off"},
            reader="domain.remembered_note.RememberedNote",
            synced=SyncedTable(
                "text created_at folder_id conversation_id is_off", birth="created_at"
            ),
        ),
    ),
)
