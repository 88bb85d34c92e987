"""What the feature contributes below the window."""

from desktop_app.features import CommandPlaces, Core

CORE = Core(
    needs=("tables",),
    commands={
        "eval": CommandPlaces("evaluation.arguments.eval_arguments", "evaluation.command.run_eval")
    },
)
