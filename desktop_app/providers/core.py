"""What the feature contributes below the window."""

from __future__ import annotations

from typing import Final

from desktop_app.features import CommandPlaces, Core

CORE: Final = Core(
    window="providers.ui.feature.FEATURE",
    commands={
        "models": CommandPlaces(
            "providers.arguments.models_arguments", "providers.command.run_models"
        )
    },
)
