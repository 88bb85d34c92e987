"""What the feature contributes below the window."""

from desktop_app.features import CommandPlaces, Core

CORE = Core(
    window="exchange.ui.feature.FEATURE",
    commands={
        "import": CommandPlaces(
            "exchange.arguments.import_arguments", "exchange.command.import_command.run_import"
        ),
        "export": CommandPlaces(
            "exchange.arguments.export_arguments", "exchange.command.export_command.run_export"
        ),
    },
)
