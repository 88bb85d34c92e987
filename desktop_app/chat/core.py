"""What the feature contributes below the window."""

from desktop_app.domain.stored_table import (
    ADDED_OR_CHANGED,
    CHOICE,
    TOKENS,
    Effect,
    StoredTable,
    StoredValue,
    SyncedTable,
)
from desktop_app.features import CommandPlaces, Core

CORE = Core(
    window="chat.ui.feature.FEATURE",
    commands={
        "ask": CommandPlaces("chat.command.arguments.ask_arguments", "chat.command.ask.run_ask"),
        "summarize": CommandPlaces(
            "chat.command.arguments.summarize_arguments", "chat.command.ask.run_ask"
        ),
    },
    tables=(
        # The rest of a background run was paid for, and is fetched from a provider that is listed.
        StoredTable(
            "messages",
            {
                Effect.PLAIN: (
                    f"id conversation_id parent_id role status created_at {CHOICE} {TOKENS} "
                    "duration_s error notices parts template_id answered_by cost_is_estimated "
                    "computer"
                ),
                Effect.ACTS: "remote_run",
                Effect.HERE: "owner_pid owner_started",
            },
            values={
                "remote_run": StoredValue(
                    "domain.conversations.conversation.RemoteRun", {Effect.ACTS: "response_id"}
                )
            },
            reader="storage.row_conversion.message_from_row",
            # The provider would be asked for it at the next start.
            switch_off="UPDATE messages SET remote_run = NULL WHERE remote_run IS NOT NULL",
            synced=SyncedTable(
                (
                    f"conversation_id parent_id role status created_at {CHOICE} {TOKENS} "
                    "duration_s error notices parts template_id answered_by cost_is_estimated "
                    "computer"
                ),
                condition="{row}.status <> 'streaming'",
                events=ADDED_OR_CHANGED,
            ),
        ),
        StoredTable(
            "compactions",
            {
                Effect.PLAIN: (
                    "id conversation_id message_id kind provider_id model body created_at "
                    "tokens_before tokens_after undone_at"
                )
            },
            reader="domain.conversations.compaction.Compaction",
            synced=SyncedTable(
                (
                    "conversation_id message_id kind provider_id model body created_at "
                    "tokens_before tokens_after undone_at"
                ),
                events=ADDED_OR_CHANGED,
            ),
        ),
        StoredTable(
            "texts",
            {
                Effect.PLAIN: (
                    "id conversation_id title body marks file_hash is_shown updated_at trashed_at"
                ),
                Effect.PLACE: "file",
            },
            reader="chat.text_store.text_from_row",
            synced=SyncedTable(
                "conversation_id title body marks updated_at trashed_at",
                # A conversation takes its texts with it: sent again, it would come without them.
                condition="EXISTS (SELECT 1 FROM conversations WHERE id = {row}.conversation_id)",
            ),
        ),
        StoredTable("text_versions", {Effect.PLAIN: "id text_id body created_at"}),
        StoredTable("part_notes", {Effect.PLAIN: "key text created_at conversation_id"}),
    ),
)
