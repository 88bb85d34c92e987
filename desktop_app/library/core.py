"""What the feature contributes below the window."""

from __future__ import annotations

from typing import Final

from desktop_app.features import CommandPlaces, Core

CORE: Final = Core(
    window="library.ui.feature.FEATURE",
    commands={
        "search": CommandPlaces("library.arguments.search_arguments", "library.command.run_search")
    },
)
