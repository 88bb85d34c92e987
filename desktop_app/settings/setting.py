"""What is to be known of a setting: what values it takes, and how and where it is shown.

A setting that is `optional` may be None, which means "whatever the model does by itself": the field
is then left out of the request.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

SettingValue = str | int | float | bool | None


class Group(StrEnum):
    """Where a setting is shown. PROVIDER and FOLDER: in a place of its own in the tab of providers or
    of the library. PRESETS: with the presets, in their window. BACKUP: among the backups. DOCUMENTS:
    what one document may cost to read, folded away in the tab of the library."""

    PROVIDER = "provider"
    PRESETS = "presets"
    ANSWER = "answer"
    LOOK = "look"
    LIBRARY = "library"
    BACKUP = "backup"
    DOCUMENTS = "documents"
    FOLDER = "folder"


@dataclass(frozen=True)
class Choice:
    """One of the values that a setting may have, and its name for the person."""

    value: str
    label: str


@dataclass(frozen=True)
class Setting:
    """One setting.

    Attributes:
        type: str, bool, int or float.
        optional: None is allowed and means the model's own default.
        choices: all values allowed, in order; () where any are.
        minimum, maximum, step: of a number, both bounds allowed.
        stops: the values that a slider offers where they are not evenly `step` apart.
        unit: stands behind a number ("tokens", "%").
        placeholder: what an empty text field shows.
        most_lines: of a text, the lines that are not empty; None where any number is.
        unset: what None is called, where that is not "default".
        per_conversation: a conversation may have a value of its own, and so may a folder.
        per_folder: a folder may have a value of its own.
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
    unit: str = ""
    placeholder: str = ""
    most_lines: int | None = None
    unset: str = ""
    per_conversation: bool = False
    per_folder: bool = False

    def positions(self) -> tuple[float, ...]:
        """The numbers that a slider offers, least first; () for what is not a bounded number."""
        if self.stops or self.minimum is None or self.maximum is None or not self.step:
            return self.stops
        count = round((self.maximum - self.minimum) / self.step)
        numbers = [round(self.minimum + n * self.step, 6) + 0.0 for n in range(count + 1)]  # no -0
        return tuple(self.type(number) for number in numbers)  # type: ignore[misc]
