"""What the feature contributes below the window."""

from __future__ import annotations

from typing import Final

from desktop_app.features import CommandPlaces, Core

CORE: Final = Core(
    window="sync.ui.feature.FEATURE",
    commands={"sync": CommandPlaces("sync.arguments.sync_arguments", "sync.command.run_sync")},
    parts={"synchronizer": "sync.services.synchronizer"},
)
