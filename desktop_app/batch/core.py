"""What the feature contributes below the window."""

from __future__ import annotations

from typing import Final

from desktop_app.domain.stored_table import CHOICE, TOKENS, Effect, StoredTable
from desktop_app.features import CommandPlaces, Core

CORE: Final = Core(
    window="batch.ui.feature.FEATURE",
    commands={
        "batch": CommandPlaces(
            "batch.command.arguments.batch_arguments", "batch.command.batch_command.run_batch"
        )
    },
    tables=(
        StoredTable(
            "batch_jobs",
            {
                Effect.PLAIN: (
                    f"id created_at status base_url {CHOICE} title task details started_at "
                    f"ended_at error is_cancelled held input_file_id batch_id remote_done {TOKENS} "
                    "uncounted"
                ),
                Effect.HERE: "owner_pid owner_started",
            },
            reader="batch.batch_store.job_from_row",
        ),
        # A running job would send these files at the next start. The user can retry them.
        StoredTable(
            "batch_items",
            {
                Effect.PLAIN: (
                    f"id job_id number tokens sha256 name path part {TOKENS} error conversation_id "
                    "answer answered_by"
                ),
                Effect.ACTS: "status",
            },
            reader="batch.batch_store.item_from_row",
            switch_off="""UPDATE batch_items SET status = 'unanswered', error = :error
        WHERE status = 'read'
        AND job_id IN (SELECT id FROM batch_jobs WHERE status NOT IN ('preparing', 'ready'))""",
        ),
    ),
)
