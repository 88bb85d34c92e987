"""What the feature contributes below the window."""

from __future__ import annotations

from typing import Final

from desktop_app.features import CommandPlaces, Core

CORE: Final = Core(
    commands={
        "eval": CommandPlaces("evaluation.arguments.eval_arguments", "evaluation.command.run_eval")
    }
)
