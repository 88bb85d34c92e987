"""What the feature contributes below the window."""

from __future__ import annotations

from typing import Final

from desktop_app.features import CommandPlaces, Core

CORE: Final = Core(
    window="voice.ui.feature.FEATURE",
    commands={
        "transcribe": CommandPlaces(
            "voice.arguments.transcribe_arguments", "voice.command.run_transcribe"
        )
    },
    parts={"transcribe": "voice.services.transcribe"},
)
