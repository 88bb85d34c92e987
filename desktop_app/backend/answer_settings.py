"""Conversion between settings, by their keys, and the parameters of an answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from desktop_app.chat.send_context import AskSettings
from desktop_app.domain.answering.generation import (
    GenerationParameters,
    Overrides,
    examples_of,
    resolve_overrides,
)
from desktop_app.domain.conversations.conversation import Folder
from desktop_app.domain.conversations.message_parts import CollectionPart
from desktop_app.domain.tools.tool import ToolLimits
from desktop_app.settings.schema import INSTRUCTIONS, SETTINGS
from desktop_app.settings.setting import SettingValue

_PREFIX: Final = "answer."
"""A parameter's key is this prefix and the name of a `GenerationParameters` field.

Some parameters have no setting, only an option of the command line. A conversation, a folder or a
preset of an earlier version may still set them.
"""
KEY_BY_NAME: Final[Mapping[str, str]] = {
    setting.key.removeprefix(_PREFIX): setting.key
    for setting in SETTINGS
    if setting.per_conversation and setting.key != INSTRUCTIONS
}
"""Maps the name of a parameter to the key of its setting."""


def ask_settings(
    values: Mapping[str, Any], *chain: Overrides, folder: Folder | None = None
) -> AskSettings:
    """Resolve the settings of an answer.

    Args:
        values: the values of all settings.
        chain: overrides with precedence over `values`, the nearest (the conversation's) first.
        folder: of the conversation, whose overrides follow the chain.
    """
    if folder is not None:
        chain = (*chain, folder.overrides)
    defaults = {name: _to_parameter(name, values[key]) for name, key in KEY_BY_NAME.items()}
    instructions, parameters = resolve_overrides(
        values[INSTRUCTIONS], GenerationParameters(**defaults), *chain
    )
    cost = values["tools.max_cost"]
    limits = ToolLimits(cost=None if cost is None else float(cost))
    return AskSettings(
        instructions=instructions.strip(),
        parameters=parameters,
        examples=examples_of(*chain),
        limits=limits,
        folder_id="" if folder is None else folder.id,
        collections=(CollectionPart(folder.collection_id, folder.name),)
        if folder is not None and folder.collection_id
        else (),
    )


def overridden_values(overrides: Overrides) -> dict[str, SettingValue]:
    """Return the settings and other parameters that these overrides set, by key."""
    values = {
        f"{_PREFIX}{name}": _to_setting(name, getattr(overrides.parameters, name))
        for name in sorted(overrides.names)
    }
    if overrides.instructions is not None:
        values[INSTRUCTIONS] = overrides.instructions
    return values


def with_restored(overrides: Overrides, key: str, value: SettingValue) -> Overrides:
    """Restore a removed setting, unless it was set again since; return the overrides."""
    is_set = key in overridden_values(overrides)
    return overrides if is_set else with_override(overrides, key, value)


def with_override(overrides: Overrides, key: str, value: SettingValue) -> Overrides:
    """Return `overrides` with a setting set to a valid value."""
    if key == INSTRUCTIONS:
        return replace(overrides, instructions=str(value))
    name = key.removeprefix(_PREFIX)
    return overrides.with_parameter(name, _to_parameter(name, value))


def without_override(overrides: Overrides, key: str) -> Overrides:
    if key == INSTRUCTIONS:
        return replace(overrides, instructions=None)
    return overrides.without_parameter(key.removeprefix(_PREFIX))


def _to_parameter(name: str, value: Any) -> Any:
    """Return the parameter `name` for the value of its setting."""
    match name:
        case "tools":
            return tuple(line.strip() for line in value.splitlines() if line.strip())
        case "stop":
            return stop_sequences(value)
        case _:
            return value


def _to_setting(name: str, value: Any) -> SettingValue:
    """Return the value of the setting for the parameter `name`, as `_to_parameter` reads it."""
    match name:
        case "tools":
            return "\n".join(value)
        case "stop":
            return "\n".join(_escape(sequence) for sequence in value)
        case _:
            setting_value: SettingValue = value  # declares the type of the parameter, which is Any
            return setting_value


_ESCAPES: Final = {"\\n": "\n", "\\t": "\t", "\\\\": "\\"}
_ESCAPED: Final = {character: spelled for spelled, character in _ESCAPES.items()}


def stop_sequences(text: str) -> tuple[str, ...]:
    r"""Return the stop sequence on each line, unescaping \n, \t and \\.

    Spaces around a sequence belong to it, because an answer may contain them.
    """
    return tuple(
        re.sub(r"\\[nt\\]", lambda match: _ESCAPES[match[0]], line)
        for line in text.split("\n")
        if line
    )


def _escape(sequence: str) -> str:
    return re.sub(r"[\n\t\\]", lambda match: _ESCAPED[match[0]], sequence)
