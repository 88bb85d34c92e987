"""What the feature contributes below the window."""

from __future__ import annotations

from typing import Final

from desktop_app.features import CommandPlaces, Core

CORE: Final = Core(
    window="quick.ui.feature.FEATURE",
    commands={"quick": CommandPlaces("quick.arguments.quick_arguments", "main.run_quick")},
)
