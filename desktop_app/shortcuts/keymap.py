"""Assigns keys to commands: defaults, the user's changes, conflicts.

A keymap is immutable. A conflict is never resolved silently: until the user resolves it, the keys
run neither command, and the settings name both. A shortcut conflicts with the chords that begin
with it, because they could never be completed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Final

from desktop_app.domain.errors import SettingError
from desktop_app.shortcuts.command import Command, all_commands
from desktop_app.shortcuts.shortcut import is_prefix, key_refusal, normalized, presses_of

_PREFIX: Final = "keys."
"""Prefix of the settings that are shortcuts; the command's id follows it."""


class Keymap:
    """Shortcuts by command id.

    Args:
        overrides: the user's shortcuts by command id, "" for none. Unknown commands, invalid
            shortcuts, and keys needed for typing are ignored.
        commands: the commands; all that are registered by default.
    """

    def __init__(
        self, overrides: Mapping[str, str] | None = None, commands: Sequence[Command] | None = None
    ) -> None:
        rows = all_commands() if commands is None else commands
        self._commands = {command.id: command for command in rows}
        self._overrides = dict(self._usable_overrides(overrides or {}))

    @classmethod
    def from_settings(
        cls, values: Mapping[str, object], commands: Sequence[Command] | None = None
    ) -> Keymap:
        """Return the keymap in settings, whose shortcuts are under `keys.<command id>`."""
        return cls(
            {
                key.removeprefix(_PREFIX): value
                for key, value in values.items()
                if key.startswith(_PREFIX) and isinstance(value, str)
            },
            commands,
        )

    def __iter__(self) -> Iterator[Command]:
        """Iterate over all commands, also those without a shortcut."""
        return iter(self._commands.values())

    @property
    def overrides(self) -> Mapping[str, str]:
        """Return the shortcuts that differ from the defaults, by command id."""
        return dict(self._overrides)

    def shortcut_of(self, command_id: str) -> str:
        """Return the normalized shortcut of a command, "" if it has none.

        Raises:
            KeyError: there is no such command.
        """
        command = self._commands[command_id]
        return self._overrides.get(command_id, normalized(command.shortcut))

    def usable(self, command_id: str, keys: str) -> str:
        """Return the normalized spelling of keys that a command can have; "" for none.

        Raises:
            KeyError: there is no such command.
            SettingError: they are not a shortcut, or are needed for typing.
        """
        command = self._commands[command_id]
        keys = normalized(keys)
        refusal = key_refusal(keys, command.scope) if keys else None
        if refusal is not None and keys != normalized(command.shortcut):
            raise SettingError(refusal, keys=keys)
        return keys

    def is_changed(self, command_id: str) -> bool:
        """Return True if the user changed the shortcut."""
        return command_id in self._overrides

    def conflicts(self) -> dict[str, tuple[str, ...]]:
        """Return, by command id, the ids of the commands that the command conflicts with."""
        by_first_press: defaultdict[str, list[Command]] = defaultdict(list)
        for command in self:
            if shortcut := self.shortcut_of(command.id):
                by_first_press[presses_of(shortcut)[0]].append(command)
        conflicting_ids = {}
        for rivals in by_first_press.values():
            for command in rivals:
                conflicting = tuple(
                    o.id for o in rivals if o is not command and self._is_conflict(o, command)
                )
                if conflicting:
                    conflicting_ids[command.id] = conflicting
        return conflicting_ids

    def _is_conflict(self, first: Command, second: Command) -> bool:
        shortcut = self.shortcut_of(first.id)
        other = self.shortcut_of(second.id)
        is_same_start = is_prefix(shortcut, other) or is_prefix(other, shortcut)
        return is_same_start and first.scope.overlaps(second.scope)

    def _usable_overrides(self, overrides: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        for command_id, shortcut in overrides.items():
            # Damaged, or from another version: the default applies.
            with suppress(KeyError, SettingError):
                keys = self.usable(command_id, shortcut)
                if keys != normalized(self._commands[command_id].shortcut):
                    yield command_id, keys
