"""What the feature contributes below the window."""

from __future__ import annotations

from typing import Final

from desktop_app.features import CommandPlaces, Core

CORE: Final = Core(
    window="repeat.ui.feature.FEATURE",
    commands={
        "repeat": CommandPlaces("repeat.arguments.repeat_arguments", "repeat.command.run_repeat")
    },
)
