"""What the feature contributes below the window."""

from __future__ import annotations

from typing import Final

from desktop_app.features import CommandPlaces, Core

CORE: Final = Core(
    commands={
        "batch": CommandPlaces(
            "batch.command.arguments.batch_arguments", "batch.command.batch_command.run_batch"
        )
    }
)
