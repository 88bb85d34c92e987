"""What the feature contributes below the window."""

from desktop_app.features import CommandPlaces, Core

CORE = Core(
    window="spending.ui.feature.FEATURE",
    commands={
        "spending": CommandPlaces(
            "spending.arguments.spending_arguments", "spending.command.run_spending"
        )
    },
)
