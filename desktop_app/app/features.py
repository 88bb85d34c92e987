"""The features of the window, a line each; no other place of `app` names one."""

from __future__ import annotations

from typing import Final

from desktop_app.app.feature import Action, Feature, imported
from desktop_app.shortcuts.command import Command, register

PLACES: Final = (
    "library.ui.feature",
    "exchange.ui.feature",
    "chat.ui.feature",
    "app.window.feature",
    "composer.feature",
    "documents.ui.feature",
    "collections.ui.feature",
    "tools.ui.feature",
    "memory.ui.feature",
    "prompts.ui.feature",
    "texts.ui.feature",
    "providers.ui.feature",
    "local_model.ui.feature",
    "spending.ui.feature",
    "settings.ui.feature",
    "batch.ui.feature",
    "repeat.ui.feature",
    "backup.ui.feature",
    "sync.ui.feature",
    "voice.ui.feature",
    "quick.ui.feature",
    "desktop.ui.feature",
)
"""The modules of their literals, in the order of the page of shortcuts."""

FEATURES: Final[tuple[Feature, ...]] = tuple(imported(f"{place}.FEATURE") for place in PLACES)
ACTIONS: Final[tuple[Action, ...]] = tuple(a for feature in FEATURES for a in feature.actions)
COMMANDS: Final[tuple[Command, ...]] = tuple(
    command for feature in FEATURES for command in (*feature.actions, *feature.commands)
)
register(COMMANDS)
