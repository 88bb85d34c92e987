"""What the feature contributes below the window."""

from __future__ import annotations

from typing import Final

from desktop_app.features import CommandPlaces, Core

CORE: Final = Core(
    window="chat.ui.feature.FEATURE",
    commands={
        "ask": CommandPlaces("chat.command.arguments.ask_arguments", "chat.command.ask.run_ask"),
        "summarize": CommandPlaces(
            "chat.command.arguments.summarize_arguments", "chat.command.ask.run_ask"
        ),
    },
)
