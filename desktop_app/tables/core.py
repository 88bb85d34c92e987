"""What the feature contributes below the window."""

from desktop_app.domain.stored_table import TOKENS, Effect, StoredTable
from desktop_app.features import CommandPlaces, Core

CORE = Core(
    window="tables.ui.feature.FEATURE",
    commands={
        "table": CommandPlaces(
            "tables.command.arguments.table_arguments", "tables.command.table_command.run_table"
        )
    },
    tables=(
        StoredTable("tables", {Effect.PLAIN: "id name created_at updated_at settings trashed_at"}),
        StoredTable(
            "table_columns",
            {Effect.PLAIN: "id table_id position name question"},
            reader="tables.table_store.column_from_row",
        ),
        StoredTable(
            "table_rows",
            {Effect.PLAIN: "id table_id position name key paths page parts checks error"},
            reader="tables.table_store.row_from_row",
        ),
        StoredTable(
            "table_values",
            {Effect.PLAIN: "id row_id column_id part text number sort_key citations is_corrected"},
        ),
        # A running job would send the cells that are not at the provider at the next start.
        StoredTable(
            "table_answers",
            {
                Effect.PLAIN: (
                    f"id row_id column_id run_id batch answer error {TOKENS} judge_cost seconds "
                    "first_token_s has_passed failures conversation_id answered_by"
                ),
                Effect.ACTS: "state",
            },
            switch_off="""UPDATE table_answers SET state = CASE WHEN error <> '' THEN 'failed'
        WHEN answer <> '' THEN 'done' ELSE 'empty' END
        WHERE state IN ('waiting', 'running') AND batch = 0""",
        ),
        StoredTable(
            "table_runs",
            {
                Effect.PLAIN: (
                    "id table_id mode status created_at ended_at cells estimate error is_cancelled"
                ),
                Effect.HERE: "owner_pid owner_started",
            },
        ),
        StoredTable(
            "table_batches",
            {
                Effect.PLAIN: (
                    "id run_id number column_id status provider_id base_url model effort api held "
                    "input_file_id batch_id remote_done started_at number_offset"
                )
            },
        ),
    ),
)
