"""What the feature contributes below the window."""

from __future__ import annotations

from typing import Final

from desktop_app.features import CommandPlaces, Core

CORE: Final = Core(
    window="spending.ui.feature.FEATURE",
    commands={
        "spending": CommandPlaces(
            "spending.arguments.spending_arguments", "spending.command.run_spending"
        )
    },
)
