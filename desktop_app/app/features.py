"""What the features contribute to the window: the literals of their `ui/feature.py`."""

from __future__ import annotations

from typing import Final

from desktop_app.app.feature import Action, Feature
from desktop_app.features import cores, imported
from desktop_app.settings.setting import SettingsPlace
from desktop_app.shortcuts.command import Command, register

FEATURES: Final[tuple[Feature, ...]] = tuple(imported(c.window) for c in cores() if c.window)
ACTIONS: Final[tuple[Action, ...]] = tuple(a for feature in FEATURES for a in feature.actions)
COMMANDS: Final[tuple[Command, ...]] = tuple(
    command for feature in FEATURES for command in (*feature.actions, *feature.commands)
)
PLACES: Final[tuple[SettingsPlace, ...]] = tuple(p for feature in FEATURES for p in feature.places)
register(COMMANDS)
