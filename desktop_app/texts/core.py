"""What the feature contributes below the window."""

from __future__ import annotations

from typing import Final

from desktop_app.domain.stored_table import Effect, StoredTable, SyncedTable
from desktop_app.features import Core

CORE: Final = Core(
    window="texts.ui.feature.FEATURE",
    tables=(
        StoredTable(
            "texts",
            {
                Effect.PLAIN: (
                    "id conversation_id title body marks file file_hash is_shown updated_at "
                    "trashed_at"
                )
            },
            reader="texts.text_store.text_from_row",
            synced=SyncedTable(
                "conversation_id title body marks updated_at trashed_at",
                # A conversation takes its texts with it: sent again, it would come without them.
                condition="EXISTS (SELECT 1 FROM conversations WHERE id = {row}.conversation_id)",
            ),
        ),
        StoredTable("text_versions", {Effect.PLAIN: "id text_id body created_at"}),
    ),
)
