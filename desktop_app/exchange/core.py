"""What the feature contributes below the window."""

from __future__ import annotations

from typing import Final

from desktop_app.features import CommandPlaces, Core

CORE: Final = Core(
    window="exchange.ui.feature.FEATURE",
    commands={
        "import": CommandPlaces(
            "exchange.arguments.import_arguments", "cli.library_commands.run_import"
        ),
        "export": CommandPlaces(
            "exchange.arguments.export_arguments", "cli.library_commands.run_export"
        ),
    },
)
