"""What the feature contributes below the window."""

from desktop_app.features import CommandPlaces, Core

CORE = Core(
    needs=("tables",),
    commands={
        "batch": CommandPlaces(
            "batch.command.arguments.batch_arguments", "batch.command.batch_command.run_batch"
        )
    },
)
