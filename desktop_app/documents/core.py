"""What the feature contributes below the window."""

from desktop_app.domain.stored_table import ADDED_OR_CHANGED, Effect, StoredTable, SyncedTable
from desktop_app.features import Core

CORE = Core(
    window="documents.ui.feature.FEATURE",
    tables=(
        StoredTable(
            "attachments",
            {Effect.PLAIN: "sha256 name media_type size pages tokens created_at text full_text"},
            synced=SyncedTable(
                "name media_type size pages tokens text full_text",
                key="sha256",
                events=ADDED_OR_CHANGED,
            ),
        ),
        StoredTable("message_attachments", {Effect.DERIVED: "sha256 message_id"}),
        StoredTable("attachment_origins", {Effect.PLAIN: "sha256", Effect.PLACE: "path"}),
    ),
)
