"""Shortcuts as text: their normalized spelling, and the keys that typing needs.

The text is Qt's portable form: modifiers and one key, joined by "+". A chord is two such presses,
one after the other: "Ctrl+G, Ctrl+S". Two shortcuts are the same if their normalized texts are
equal, however a user or an older version spelled them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from desktop_app.domain.errors import SettingError
from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.i18n.translation import N_
from desktop_app.shortcuts.command import CommandScope

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
