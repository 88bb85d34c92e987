"""What each stored value is, and the check that all who read the settings rely on.

Another version, another program or a damaged disk may have left a value of another type. It costs
itself: it counts as not stored, and the log names its key.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from typing import Any, Final, TypedDict

from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.bounds import BAD_VALUE, converted
from desktop_app.domain.conversations.conversation import Draft
from desktop_app.domain.error_note import error_from_json
from desktop_app.domain.errors import SettingError
from desktop_app.settings.schema import KEYS_PREFIX, SETTINGS
from desktop_app.settings.values import validate

log = logging.getLogger(__name__)

Check = Callable[[Any], object]
"""Raises one of BAD_VALUE or SettingError for a wrong value."""
Fields = Mapping[str, Check]
"""The fields of an object, each of which costs itself."""


class _Refusals(TypedDict):
    on: str
    refused: list[str]


def _is(shape: Any) -> Check:
    return partial(converted, shape=shape)


_TEXT: Final = _is(str)
_DRAFT: Final[Fields] = {
    "text": _TEXT,
    "attachments": lambda parts: Draft.from_json({"text": "", "attachments": parts}),
    "template_id": _TEXT,
}
KNOWN_KEYS: Final[Mapping[str, Check | Fields]] = {
    "window.state": {
        **dict.fromkeys(("geometry", "model"), _TEXT),
        **dict.fromkeys(("list", "settings"), _is(bool)),
        **dict.fromkeys(("is_dark", "is_strong", "web"), _is(bool | None)),
        "names": _is(dict[str, str]),
        "footer": _is(tuple[str, str, str]),
        "hints": _is(tuple[str, str]),
    },
    "window.new_draft": {**_DRAFT, "overrides": Overrides.from_json, "preset": _is(str | None)},
    "window.quick_draft": {**_DRAFT, "brought": _TEXT, "clipboard": _TEXT},
    "window.quick_place": _is(tuple[float, float]),
    "window.scroll": _is(tuple[str, float]),
    "window.conversation": _TEXT,
    "window.unread": _is(list[str]),
    "list.pinned_order": _is(list[str]),
    "palette.uses": _is(dict[str, float]),
    "models.favorites": _is(list[tuple[str, str]]),
    "models.variants": _is(dict[str, str]),
    "presets.hidden": _is(list[str]),
    "pages.opened": _is(bool),
    "desktop.paste_token": _TEXT,
    "backup.last": {
        **dict.fromkeys(("at", "failed_at"), _TEXT),
        "error": lambda error: error is None or error_from_json(error),
    },
}
KNOWN_PREFIXES: Final[Mapping[str, Check | Fields]] = {
    "learnt.api.": _TEXT,
    "learnt.server.": _TEXT,
    "learnt.refusals.": _is(_Refusals),
    "learnt.window.": _is(int),
    "spending.warned.": _TEXT,
    "spending.unpriced.": _is(bool),
    "voice.consent.": _is(bool),
    "voice.speech_consent.": _is(bool),
}


def read_values(rows: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the values in rows of key and JSON, without what is wrong in them."""
    values = {}
    for key, text in rows:
        try:
            value = json.loads(text)
            values[key] = _without_faults(key, value)
        except (*BAD_VALUE, SettingError):
            _log_once(key)
    return values


def _without_faults(key: str, value: Any) -> Any:
    """Return a value without its wrong fields. Raises for a wrong value."""
    check = _check_of(key)
    if not isinstance(check, Mapping):
        check(value)
        return value
    fields = {}
    for name, field in value.items():
        try:
            check.get(name, _anything)(field)
            fields[name] = field
        except BAD_VALUE:
            _log_once(f"{key}, {name}")
    return fields


def _check_of(key: str) -> Check | Fields:
    if key in _declared() or key.startswith(KEYS_PREFIX):
        return partial(validate, key)
    by_prefix = (check for prefix, check in KNOWN_PREFIXES.items() if key.startswith(prefix))
    return KNOWN_KEYS.get(key) or next(by_prefix, _anything)


def _anything(_value: Any) -> None:
    """Take a value of a newer version, which nobody reads."""


@cache
def _declared() -> frozenset[str]:
    return frozenset(declaration.key for declaration in SETTINGS)


@cache
def _log_once(name: str) -> None:
    log.warning("The stored value of %s has a wrong type.", name)
