"""What the feature contributes below the window."""

from __future__ import annotations

from typing import Final

from desktop_app.features import CommandPlaces, Core

CORE: Final = Core(
    window="backup.ui.feature.FEATURE",
    commands={
        "backup": CommandPlaces("backup.arguments.backup_arguments", "backup.command.run_backup"),
        "restore": CommandPlaces(
            "backup.arguments.restore_arguments", "backup.command.run_restore"
        ),
        "repair": CommandPlaces("backup.arguments.repair_arguments", "backup.command.run_repair"),
    },
)
