"""Checks the values of settings against their declarations before they are used.

Values may come from a file, or from another version.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from desktop_app.domain.errors import Param, SettingError
from desktop_app.i18n.translation import N_
from desktop_app.settings.schema import KEYS_PREFIX, SETTINGS, setting
from desktop_app.settings.setting import Setting, SettingValue


def validate(key: str, value: object) -> SettingValue:
    """Return `value` in the type of its setting: for a float, 1 becomes 1.0.

    Raises:
        SettingError: there is no such setting, or the value is not allowed.
    """
    if key.startswith(KEYS_PREFIX):
        if not isinstance(value, str):
            raise _setting_error(key, value, N_("Enter a shortcut such as Ctrl+N."))
        return value
    declaration = setting(key)
    if value is None:
        if declaration.is_optional:
            return None
        raise _setting_error(key, value, N_("Enter a value."))
    return _check_value(declaration, _convert(declaration, value))


def with_defaults(stored_values: Mapping[str, object]) -> dict[str, SettingValue]:
    """Return every setting's value: the stored value if it is valid, else the default.

    Changed shortcuts are included; unknown keys (of a newer version) are not.
    """
    values = {s.key: s.default for s in SETTINGS}
    for key, value in stored_values.items():
        if key in values or key.startswith(KEYS_PREFIX):
            with suppress(SettingError):  # a damaged value counts as missing
                values[key] = validate(key, value)
    return values


# The result may be a bool or an int: to a type checker, both are floats.
def _convert(declaration: Setting, value: object) -> str | float:
    if declaration.value_type is float and isinstance(value, int) and not isinstance(value, bool):
        with suppress(OverflowError):
            return float(value)
    is_stray_bool = isinstance(value, bool) and declaration.value_type is not bool
    if is_stray_bool or not isinstance(value, declaration.value_type):
        raise _setting_error(declaration.key, value, _HINT_BY_TYPE[declaration.value_type])
    return value


_HINT_BY_TYPE: Final[Mapping[type, str]] = {
    str: N_("Enter text."),
    bool: N_("Enter yes or no."),
    int: N_("Enter a whole number."),
    float: N_("Enter a number."),
}


def _check_value(declaration: Setting, value: str | float) -> str | float:
    if declaration.choices and value not in [choice.value for choice in declaration.choices]:
        allowed_values = ", ".join(choice.value for choice in declaration.choices)
        raise _setting_error(
            declaration.key, value, N_("Choose one of {known}."), known=allowed_values
        )
    lines = [line for line in value.split("\n") if line] if isinstance(value, str) else []
    if declaration.most_lines is not None and len(lines) > declaration.most_lines:
        raise _setting_error(
            declaration.key,
            value,
            N_("Enter {limit} lines or fewer."),
            limit=declaration.most_lines,
        )
    if declaration.pattern and not all(re.fullmatch(declaration.pattern, line) for line in lines):
        raise _setting_error(declaration.key, value, declaration.pattern_hint)
    if isinstance(value, str) or not declaration.stops:
        return value
    minimum, maximum = declaration.bounds
    if not minimum <= value <= maximum:
        bounds = {"least": _shown_bound(minimum), "most": _shown_bound(maximum)}
        raise _setting_error(
            declaration.key, value, N_("Enter a value from {least} to {most}."), **bounds
        )
    return value


def _shown_bound(number: float) -> str | int:
    return int(number) if number == int(number) else f"{number:g}"


def _setting_error(key: str, value: object, hint: str, **params: Param) -> SettingError:
    return SettingError(
        N_("{value} isn’t a valid value for “{key}”."),
        hint,
        key=key,
        value=repr(value),
        params=params,
    )
