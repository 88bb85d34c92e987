"""What restore, repair and synchronizing must know of a table, which its feature declares.

A backup may come from anyone, or from the user's other computer. So what it brings starts nothing
and agrees to nothing: each column has an effect, and synchronizing carries only what is plain or
listed. A test fails for a column that has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final

from desktop_app.domain.value import Value


class Effect(Enum):
    """The effect of a stored value.

    Members:
        PLAIN: it is shown, or part of what the user sends.
        LISTED: it decides where data go, what is spent, or which files and commands are used. A
            restore lists it before anything changes.
        PLACE: it names files or hosts of this computer, or those that reach others. A restore lists
            it, and it goes to no other computer.
        ACTS: it is asked or sent at its time. A restore or a repair switches it off and names it.
        CONSENT: the user has agreed on this computer. A restore or a repair drops it.
        HERE: it describes this computer's processes, or its place in a synchronized library. A
            restore or a repair drops it.
        DERIVED: it is made of other rows, which a repair does.
    """

    PLAIN = auto()
    LISTED = auto()
    PLACE = auto()
    ACTS = auto()
    CONSENT = auto()
    HERE = auto()
    DERIVED = auto()


CHOICE: Final = "provider_id model variant effort"
"""The columns of a `ModelChoice`."""
OVERRIDES: Final = "domain.answering.generation.Overrides"
TOKENS: Final = "input_tokens cached_tokens output_tokens reasoning_tokens cost"
"""The columns of a `Usage` and its cost."""
TRAVELS: Final = True
STAYS: Final = False
"""Whether a setting goes to the user's other computers."""
ADDED_OR_CHANGED: Final = ("INSERT", "UPDATE")


class SyncedTable(Value, frozen=True):
    """How the rows of a table travel between computers (`sync/`).

    Attributes:
        columns: those that travel, separated by spaces.
        birth: the column that each addition of a row sends; "" if whole rows are sent.
        key: the column of the id.
        condition: of the rows that are noted; `{row}` is NEW or OLD.
        events: what is noted of a row.
        base: the values of a new row's columns that another computer may not send.
        former: the tables of earlier versions whose rows are rows of this one, each with its
            columns that have another name now.
    """

    columns: str
    birth: str = ""
    key: str = "id"
    condition: str = "TRUE"
    events: tuple[str, ...] = (*ADDED_OR_CHANGED, "DELETE")
    base: Mapping[str, str | int | None] = {}
    former: Mapping[str, Mapping[str, str]] = {}


class StoredValue(Value, frozen=True):
    """A value in a column as JSON.

    Attributes:
        type: the place of its class.
        fields: those of the class, separated by spaces, by their effect.
    """

    type: str
    fields: Mapping[Effect, str]

    def fields_of(self, effect: Effect) -> list[str]:
        return self.fields.get(effect, "").split()


CHANGED_SETTINGS: Final = StoredValue(
    OVERRIDES,
    {
        Effect.PLAIN: (
            "instructions examples temperature top_p max_output_tokens verbosity "
            "reasoning_summary presence_penalty frequency_penalty stop service_tier candidates "
            "stream seed image_shape image_quality form read_aloud"
        ),
        Effect.LISTED: "tools",
    },
)
"""The settings that a conversation, a project or a prompt changes."""


class StoredTable(Value, frozen=True):
    """A table.

    Attributes:
        columns: its columns, separated by spaces, by their effect; that of a column in `values` is
            the strongest of its fields.
        values: the values in columns that are JSON objects.
        reader: the place of the class of its rows, or of a function that reads one. A repair and
            synchronizing leave out rows that it refuses by an error of BAD_VALUE; "" for none.
        switch_off: the SQL that switches off what acts; `:error` is the error of what was not sent.
        lines_of_acting: the place of a function that names what acts, a line each, before it is
            switched off; "" if it need not be named.
        is_acting: the sentence above these lines.
        synced: None if its rows stay on this computer.
    """

    name: str
    columns: Mapping[Effect, str]
    values: Mapping[str, StoredValue] = {}
    reader: str = ""
    switch_off: str = ""
    lines_of_acting: str = ""
    is_acting: str = ""
    synced: SyncedTable | None = None
