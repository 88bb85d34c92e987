"""Assigns keys to commands: spelling, defaults, the user's changes, conflicts, and their file.

A keymap is immutable. A conflict is never resolved silently: until the user resolves it, the keys
run neither command, and the settings name both. A shortcut conflicts with the chords that begin
with it, because they could never be completed.

The file takes the user's shortcuts to another computer:

    {
      "format": "repartee-shortcuts",
      "version": 1,
      "shortcuts": {"conversation.new": "Ctrl+J", "answer.retry": ""}
    }

"shortcuts" has the changed shortcuts by command id, "" for none. When a file is read, other
commands keep their shortcuts.

The text of a shortcut is Qt's portable form: modifiers and one key, joined by "+". A chord is two
such presses, one after the other: "Ctrl+G, Ctrl+S". Two shortcuts are the same if their normalized
texts are equal, however a user or an older version spelled them.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Final

from desktop_app.domain.errors import SettingError
from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.foreign_file import RefusedFileError, open_file, read_all
from desktop_app.i18n.translation import N_
from desktop_app.shortcuts.command import Command, CommandScope, all_commands

MAX_PRESSES: Final = 2
_SEPARATOR: Final = ", "
# Modifiers, then a key that may itself be "+": "Ctrl++" is Ctrl with the plus key.
_PRESS_PATTERN: Final = lazy_pattern(r"((?:[^+]+\+)*)(\+|[^+]+)")
# Qt's order, as in QKeySequence.toString(PortableText).
_MODIFIERS: Final = ("Meta", "Ctrl", "Alt", "Shift")
_MODIFIER_ALIASES: Final = {"Control": "Ctrl", "Super": "Meta", "Win": "Meta"}
_KEY_ALIASES: Final = {
    "escape": "Esc",
    "delete": "Del",
    "insert": "Ins",
    "pageup": "PgUp",
    "pagedown": "PgDown",
    "enter": "Return",
}
_NAMED_KEYS: Final = (
    *("Esc", "Tab", "Backtab", "Backspace", "Return", "Ins", "Del", "Pause", "Print"),
    *("Home", "End", "Left", "Up", "Right", "Down", "PgUp", "PgDown", "Space", "Menu", "Help"),
    *(f"F{n}" for n in range(1, 25)),
)
_NAMED_KEY_BY_NAME: Final = {name.casefold(): name for name in _NAMED_KEYS}
# Alone or with Shift, these keys edit a text, or move and select in it.
_EDITING_KEYS: Final = frozenset(
    (
        *("Tab", "Backtab", "Backspace", "Return", "Ins", "Del", "Space"),
        *("Home", "End", "Left", "Up", "Right", "Down", "PgUp", "PgDown"),
    )
)


def parse_press(text: str) -> tuple[frozenset[str], str]:
    """Return modifiers and key of a single press, such as "Ctrl+Shift+F".

    Raises:
        SettingError: the text is not a shortcut of one press.
    """
    match = _PRESS_PATTERN.fullmatch(text.strip())
    if match is None:
        raise _not_a_shortcut(text)
    names = [name.strip().capitalize() for name in match[1].split("+")[:-1]]
    modifiers = frozenset(_MODIFIER_ALIASES.get(name, name) for name in names)
    if not modifiers.issubset(_MODIFIERS):
        raise _not_a_shortcut(text)
    key = match[2].strip()
    folded = _KEY_ALIASES.get(key.casefold(), key).casefold()
    if folded in _NAMED_KEY_BY_NAME:
        return modifiers, _NAMED_KEY_BY_NAME[folded]
    if len(key) != 1 or not key.isprintable() or key.isspace():
        raise _not_a_shortcut(text)
    return modifiers, key.upper() if len(key.upper()) == 1 else key


@lru_cache(1000)  # the page of shortcuts asks a dozen times for each command: 20 ms
def normalized(text: str) -> str:
    """Return the normalized spelling of a shortcut or chord; "" stays "".

    Raises:
        SettingError: the text is neither a shortcut nor a chord.
    """
    if not text.strip():
        return ""
    presses = presses_of(text)
    if len(presses) > MAX_PRESSES:
        raise _not_a_shortcut(text)
    parsed = map(parse_press, presses)
    return _SEPARATOR.join(
        "+".join([*(name for name in _MODIFIERS if name in modifiers), key])
        for modifiers, key in parsed
    )


def presses_of(text: str) -> list[str]:
    """Return the presses of a shortcut: two for a chord, otherwise one."""
    return text.strip().split(_SEPARATOR)


def is_prefix(keys: str, other: str) -> bool:
    """Return True if the presses of `keys` are the first, or all, presses of `other`."""
    first = presses_of(keys)
    second = presses_of(other)
    return second[: len(first)] == first


def key_refusal(text: str, scope: CommandScope = CommandScope.WINDOW) -> str | None:
    """Return the reason why a command of this scope cannot use the keys, None if it can.

    The reason is a sentence marked for translation, with the placeholder {keys}.
    """
    first, *later_presses = presses_of(text)
    if later_presses and scope in (CommandScope.PROMPT, CommandScope.GLOBAL):
        return N_("This command takes a single shortcut, not {keys}.")
    modifiers, key = parse_press(first)
    if modifiers - {"Shift"}:
        return None
    if len(key) == 1:
        return N_("{keys} is used for typing. Add Ctrl or Alt.")
    if key in _EDITING_KEYS:
        return N_("{keys} is used for editing text. Add Ctrl or Alt.")
    return None


def _not_a_shortcut(text: str) -> SettingError:
    return SettingError(
        N_("“{keys}” isn’t a valid shortcut."), hint=N_("Enter it like Ctrl+Shift+F."), keys=text
    )


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


FORMAT: Final = "repartee-shortcuts"
VERSION: Final = 1
_MAX_FILE_BYTES: Final = 1 << 20


def shortcuts_to_json(keymap: Keymap) -> str:
    """Return the text of a file of the changed shortcuts."""
    value = {"format": FORMAT, "version": VERSION, "shortcuts": dict(keymap.overrides)}
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def read_shortcuts(path: Path) -> tuple[dict[str, str], list[str]]:
    """Return the usable shortcuts of a file by command id, and the entries that cannot be used.

    Raises:
        SettingError: it cannot be read, or is not a file of shortcuts.
    """
    try:
        with open_file(path) as file:
            value = json.loads(read_all(file, _MAX_FILE_BYTES).decode("utf-8-sig"))
        if (value["format"], value["version"]) != (FORMAT, VERSION):
            raise ValueError(value["format"])
        entries = {str(key): str(keys) for key, keys in value["shortcuts"].items()}
    except (
        *(OSError, RefusedFileError, ValueError, RecursionError),
        *(TypeError, LookupError, AttributeError),
    ) as exc:
        raise SettingError(
            N_("“{name}” isn’t a file of shortcuts, or can’t be read."),
            hint=N_("Choose a file exported from Shortcuts."),
            details=str(exc),
            name=path.name,
        ) from exc
    usable = {}
    unusable = []
    for command_id, keys in entries.items():
        try:
            usable[command_id] = Keymap().usable(command_id, keys)
        except (SettingError, KeyError):
            unusable.append(f"{command_id}: {keys}")
    return usable, unusable
