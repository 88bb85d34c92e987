"""Switches off what acts automatically in a restored or repaired store, and drops its consents.

The author of a backup would gain questions that are asked of any model, at the user's cost, with
notes and instructions of the user, or the user's voice. An honest backup would ask on two
computers.
"""

from __future__ import annotations

import sqlite3
from typing import Final, NamedTuple

from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.stored_table import Effect
from desktop_app.features import imported
from desktop_app.i18n.translation import N_, tr
from desktop_app.storage.row_conversion import error_to_text
from desktop_app.storage.stored_tables import single_columns_of, stored_tables, tables_of
from desktop_app.storage.value_effects import effect_of

_MAX_NAMED: Final = 50


class SwitchedOff(NamedTuple):
    """What a restore or a repair switched off.

    Attributes:
        repeats: a line for each prompt that asked automatically, with its model and how often.
        has_consents: True if the user had agreed to something.
    """

    repeats: tuple[str, ...] = ()
    has_consents: bool = False

    def sentences(self) -> list[str]:
        """Return the sentences for the user; [] if there was nothing."""
        sentences = []
        if self.has_consents:
            sentences.append(
                tr("You are asked again before tools run, and before your voice or texts are sent.")
            )
        if self.repeats:
            lines = [f"\n  {line}" for line in self.repeats[:_MAX_NAMED]]
            if more := len(self.repeats) - _MAX_NAMED:
                lines += [f"\n  +{more}"] * (more > 0)
            sentences.append(tr("Repeated prompts are paused:") + "".join(lines))
        return sentences


NOTHING: Final = SwitchedOff()


def switch_off(connection: sqlite3.Connection) -> SwitchedOff:
    """Switch off what acts, and drop consents and what describes another computer.

    The caller commits.
    """
    repeats = tuple(
        line
        for table in stored_tables().values()
        if table.lines_of_acting
        for line in imported(table.lines_of_acting)(connection)
    )
    error = error_to_text(ErrorNote(N_("The job was canceled before it was sent. Not charged.")))
    for table in stored_tables().values():
        if sql := table.switch_off:
            connection.execute(sql, {"error": error} if ":error" in sql else {})
    dropped = 0
    for name in tables_of(Effect.CONSENT, Effect.HERE):
        count = connection.execute(f"DELETE FROM {name}").rowcount  # noqa: S608 - our own names
        dropped += count * (name in tables_of(Effect.CONSENT))
    for name, column in single_columns_of(Effect.HERE):
        connection.execute(f"UPDATE {name} SET {column} = NULL WHERE {column} IS NOT NULL")  # noqa: S608
    keys = [(key,) for (key,) in connection.execute("SELECT key FROM settings").fetchall()]
    consents = [row for row in keys if effect_of(row[0]) is Effect.CONSENT]
    connection.executemany("DELETE FROM settings WHERE key = ?", consents)
    return SwitchedOff(repeats, bool(dropped or consents))
