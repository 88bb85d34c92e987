"""The declaration of a setting: its values, and how and where it is shown.

A setting that is `optional` may be None, the model's own default: the field is then left out of the
request.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

SettingValue = str | int | float | bool | None


class Group(StrEnum):
    """The place where a setting is shown.

    PROVIDER and FOLDER: in a section of the Provider or Data tab. PRESETS: in the window of the
    presets. BACKUP: with the backups. DOCUMENTS: limits for reading a document, collapsed in the
    Data tab. DESKTOP: below the appearance.
    """

    PROVIDER = "provider"
    PRESETS = "presets"
    ANSWER = "answer"
    LOOK = "look"
    LIBRARY = "library"
    BACKUP = "backup"
    DOCUMENTS = "documents"
    FOLDER = "folder"
    DESKTOP = "desktop"


class Unit(StrEnum):
    """The unit of a number."""

    NONE = ""
    TOKENS = "tokens"
    CHARACTERS = "characters"
    MEGABYTES = "megabytes"
    MEGAPIXELS = "megapixels"
    SECONDS = "seconds"
    PERCENT = "percent"


class Choice(NamedTuple):
    """One of the values of a setting, with its label, marked for translation."""

    value: str
    label: str


@dataclass(frozen=True)
class Setting:
    """A setting. Its texts are marked for translation.

    Attributes:
        type: str, bool, int or float.
        optional: None is allowed and means the model's own default.
        choices: all allowed values, in order; () if any are.
        minimum, maximum, step: of a number; the bounds themselves are allowed.
        stops: the values of a slider, if they are not evenly spaced.
        unit: of a number.
        is_font: the name of a font family, chosen from those installed; "" is the system's font.
        placeholder: shown in an empty text field.
        most_lines: the largest number of nonempty lines of a text; None for no limit.
        unset_label: the label of None, if not "Default".
        has_dialog: it is changed in a window of its own; the row only shows its value.
        per_conversation: a conversation may have its own value, and so may a folder.
        per_folder: a folder may have its own value.
    """

    key: str
    type: type[str | bool | int | float]
    default: SettingValue
    label: str
    group: Group
    help: str = ""
    optional: bool = False
    choices: tuple[Choice, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    stops: tuple[float, ...] = ()
    unit: Unit = Unit.NONE
    is_font: bool = False
    placeholder: str = ""
    most_lines: int | None = None
    unset_label: str = ""
    has_dialog: bool = False
    per_conversation: bool = False
    per_folder: bool = False

    def positions(self) -> tuple[float, ...]:
        """Return the numbers of a slider, ascending; () if the setting is no bounded number."""
        if self.stops or self.minimum is None or self.maximum is None or not self.step:
            return self.stops
        count = round((self.maximum - self.minimum) / self.step)
        numbers = [round(self.minimum + n * self.step, 6) + 0.0 for n in range(count + 1)]  # no -0
        return tuple(self.type(number) for number in numbers)  # type: ignore[misc]
