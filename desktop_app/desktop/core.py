"""What the feature contributes below the window."""

from desktop_app.features import CommandPlaces, Core

CORE = Core(
    window="desktop.ui.feature.FEATURE",
    commands={
        "desktop": CommandPlaces(
            "desktop.command.arguments.desktop_arguments",
            "desktop.command.desktop_command.run_desktop",
        )
    },
)
