"""What the feature contributes below the window."""

from desktop_app.domain.stored_table import CHOICE, Effect, StoredTable
from desktop_app.features import CommandPlaces, Core
from desktop_app.i18n.translation import N_

CORE = Core(
    window="repeat.ui.feature.FEATURE",
    commands={
        "repeat": CommandPlaces("repeat.arguments.repeat_arguments", "repeat.command.run_repeat")
    },
    tables=(
        StoredTable(
            "repeats",
            {Effect.ACTS: f"id prompt every start {CHOICE} folder_id since error"},
            reader="repeat.repeat_store.repeat_from_row",
            lines_of_acting="repeat.wording.lines_of_acting",
            is_acting=N_("Repeated prompts are paused:"),
            switch_off="INSERT OR IGNORE INTO paused_repeats SELECT id FROM repeats",
        ),
        StoredTable("paused_repeats", {Effect.PLAIN: "id"}),
        StoredTable("repeat_runs", {Effect.PLAIN: "repeat_id at answer_id error"}),
    ),
)
