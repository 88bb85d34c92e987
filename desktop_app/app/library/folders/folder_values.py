"""A folder's own settings, keyed by the settings that they override.

In addition to the settings of a conversation, a folder has the variant and effort of its new
conversations. They apply at the default provider, unless an imported folder names another one.
"""

from __future__ import annotations

from dataclasses import replace

from desktop_app.backend.answer_settings import overridden_values, with_override, without_override
from desktop_app.domain.conversations.conversation import Folder, ModelChoice
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.settings.setting import SettingValue

VARIANT = "default.variant"
EFFORT = "default.effort"
_DEFAULT_PROVIDER = ""


def values_of(folder: Folder) -> dict[str, SettingValue]:
    """Return the settings of a folder."""
    values = overridden_values(folder.overrides)
    if folder.choice is not None and folder.choice.variant is not None:
        values[VARIANT] = folder.choice.variant.value
    if folder.choice is not None and folder.choice.effort is not None:
        values[EFFORT] = folder.choice.effort.value
    return values


def with_value(folder: Folder, key: str, value: SettingValue) -> Folder:
    """Return the folder with this setting set to a valid value."""
    choice = folder.choice or ModelChoice(_DEFAULT_PROVIDER, "")
    if key == VARIANT:
        return replace(folder, choice=replace(choice, variant=Variant(str(value)), model=""))
    if key == EFFORT:
        return replace(folder, choice=replace(choice, effort=Effort(str(value))))
    return replace(folder, overrides=with_override(folder.overrides, key, value))


def without_value(folder: Folder, key: str) -> Folder:
    """Return the folder without a setting."""
    if key not in (VARIANT, EFFORT):
        return replace(folder, overrides=without_override(folder.overrides, key))
    if folder.choice is None:
        return folder
    choice = folder.choice
    choice = replace(choice, variant=None) if key == VARIANT else replace(choice, effort=None)
    is_empty = choice == ModelChoice(_DEFAULT_PROVIDER, "")
    return replace(folder, choice=None if is_empty else choice)
