"""The declaration of a setting: its values, and how and where it is shown.

A setting whose default is None may have the value None. If the setting is a field of the request,
the field is then left out, and the model's own default applies. If the setting is a limit, None
stands for no limit.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from desktop_app.domain.value import Value

SettingValue = str | int | float | bool | None


class Group(StrEnum):
    """The rows that a setting is shown among. KEPT: another control than a row sets it."""

    KEPT = "kept"
    MODELS = "models"
    LOCAL_MODEL = "local_model"
    ANSWER = "answer"
    VOICE = "voice"
    LOOK = "look"
    DESKTOP = "desktop"
    BACKUP = "backup"


class Unit(StrEnum):
    """The unit of a number."""

    NONE = ""
    TOKENS = "tokens"
    BACKUPS = "backups"
    PERCENT = "percent"


class Choice(NamedTuple):
    """One of the values of a setting, with its label, marked for translation."""

    value: str
    label: str


class SettingsPlace(NamedTuple):
    """A field or section of the settings that is not a setting of the schema.

    Attributes:
        name: the name of the field or of the section's button; "" for the whole page.
        words: synonyms, marked for translation.
    """

    title: str
    page: str
    name: str = ""
    words: str = ""


class Setting(Value, frozen=True):
    """A setting. Its texts are marked for translation.

    Attributes:
        words: synonyms by which the search finds it.
        is_advanced: shown on the page of advanced settings.
        choices: all allowed values of a text, in order; () if any text is allowed.
        stops: the values of a number's slider, ascending.
        minimum: the least number, if it is less than the first stop.
        unit: the unit of a number.
        is_font: the value is the name of an installed font family; "" stands for the system's font.
        placeholder: shown in an empty text field.
        most_lines: the largest number of nonempty lines of a text; None for no limit.
        pattern: a regular expression that each nonempty line of a text matches; "" for any text.
        pattern_hint: what to enter if a line does not match.
        unset_label: the label of None, if not "Default".
        part_of: the setting in whose row it is shown, without a title of its own; "" for a row.
        has_dialog: it is changed in a window of its own; the row only shows its value.
        per_conversation: a conversation may have its own value, and so may a folder.
        per_folder: a folder may have its own value.
    """

    key: str
    default: SettingValue
    label: str
    group: Group
    help: str = ""
    words: str = ""
    is_advanced: bool = False
    choices: tuple[Choice, ...] = ()
    stops: tuple[float, ...] = ()
    minimum: float | None = None
    unit: Unit = Unit.NONE
    is_font: bool = False
    placeholder: str = ""
    most_lines: int | None = None
    pattern: str = ""
    pattern_hint: str = ""
    unset_label: str = ""
    part_of: str = ""
    has_dialog: bool = False
    per_conversation: bool = False
    per_folder: bool = False

    @property
    def page(self) -> str:
        """Return the page of the panel that shows it; "" for none."""
        pages = {Group.DESKTOP: "look", Group.BACKUP: "library", Group.KEPT: ""}
        return "advanced" if self.is_advanced else pages.get(self.group, self.group.value)

    @property
    def search_texts(self) -> tuple[str, ...]:
        """Return the texts, other than the label, by which the search finds it."""
        return tuple(filter(None, (self.help, self.words, *(c.label for c in self.choices))))

    @property
    def is_optional(self) -> bool:
        return self.default is None

    @property
    def value_type(self) -> type[str | bool | int | float]:
        """Return the type of the values other than None: str, bool, int or float."""
        if self.default is not None:
            return type(self.default)
        return type(self.stops[0]) if self.stops else str

    @property
    def bounds(self) -> tuple[float, float]:
        """Return the least and the largest allowed number of a setting with stops."""
        return self.stops[0] if self.minimum is None else self.minimum, self.stops[-1]
