"""What the ledger and the budget contribute below the window."""

from desktop_app.domain.stored_table import TOKENS, Effect, StoredTable, SyncedTable
from desktop_app.features import Core

CORE = Core(
    tables=(
        StoredTable(
            "ledger",
            {
                Effect.PLAIN: (
                    f"id at provider_id model purpose {TOKENS} conversation_id message_id effort "
                    "tier outcome retries first_token_s duration_s is_estimated origin"
                )
            },
            synced=SyncedTable(
                (
                    f"at provider_id model purpose {TOKENS} conversation_id message_id effort tier "
                    "outcome retries first_token_s duration_s is_estimated"
                ),
                key="origin",
                condition="{row}.origin IS NOT NULL",
                events=("DELETE",),
            ),
        ),
        StoredTable(
            "spending_holds",
            {
                Effect.HERE: (
                    "id provider_id amount owner_pid owner_started at model purpose most message_id"
                )
            },
        ),
    )
)
