"""What the feature contributes below the window."""

from desktop_app.domain.stored_table import TOKENS, Effect, StoredTable, StoredValue
from desktop_app.features import CommandPlaces, Core
from desktop_app.i18n.translation import N_

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
            values={
                "question": StoredValue(
                    "tables.table.Question",
                    {
                        Effect.PLAIN: (
                            "prompt choice fields checks overrides is_literal passages folder_id "
                            "sends_documents condition"
                        )
                    },
                )
            },
            reader="tables.stored_cells.column_from_row",
        ),
        StoredTable(
            "table_rows",
            {
                Effect.PLAIN: "id table_id position name key page parts checks error stamps",
                Effect.PLACE: "paths",
            },
            reader="tables.stored_cells.row_from_row",
        ),
        StoredTable(
            "table_values",
            {
                Effect.PLAIN: (
                    "id row_id column_id part text number sort_key citations is_corrected type "
                    "format"
                )
            },
        ),
        # A running job would send the cells that have no batch at the provider, at the next start.
        StoredTable(
            "table_answers",
            {
                Effect.PLAIN: (
                    f"id row_id column_id run_id batch answer error {TOKENS} judge_cost seconds "
                    "first_token_s has_passed failures conversation_id answered_by asked "
                    "is_outdated sent"
                ),
                Effect.ACTS: "state",
            },
            switch_off="""UPDATE table_answers SET state = CASE WHEN error <> '' THEN 'failed'
        WHEN answer <> '' THEN 'done' ELSE 'empty' END
        WHERE state IN ('waiting', 'running') AND NOT EXISTS (
            SELECT 1 FROM table_batches AS b WHERE b.run_id = table_answers.run_id
            AND b.number = table_answers.batch AND b.batch_id <> '')""",
        ),
        StoredTable(
            "table_runs",
            {
                Effect.PLAIN: (
                    "id table_id mode created_at ended_at cells estimate error is_cancelled"
                ),
                Effect.ACTS: "status",
                Effect.HERE: "owner_pid owner_started",
            },
            lines_of_acting="tables.run_store.lines_of_acting",
            is_acting=N_("Tables that wait for a provider are paused:"),
            switch_off="""UPDATE table_runs SET status = iif(EXISTS (
            SELECT 1 FROM table_batches WHERE run_id = table_runs.id AND batch_id <> ''),
            'paused', 'stopped') WHERE mode = 'batch' AND status NOT IN ('done', 'stopped')""",
        ),
        StoredTable(
            "table_batches",
            {
                Effect.PLAIN: (
                    "id run_id number column_id provider_id base_url model effort api held "
                    "batch_id remote_done started_at number_offset"
                ),
                Effect.ACTS: "status input_file_id",
            },
            # No batch is created of a file that this library did not upload, nor is it deleted.
            switch_off="""UPDATE table_batches SET input_file_id = '',
            status = iif(batch_id = '', 'cancelled', status), held = iif(batch_id = '', NULL, held)
            WHERE status NOT IN ('completed', 'failed', 'expired', 'cancelled')""",
        ),
    ),
)
