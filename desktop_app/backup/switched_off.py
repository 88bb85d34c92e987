"""Switches off what acts automatically in a restored or repaired store, and drops its consents.

The author of a backup would gain questions that are asked of any model, at the user's cost, with
notes and instructions of the user, or the user's voice. An honest backup would ask on two
computers.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Final, NamedTuple

from desktop_app.domain.bounds import BAD_VALUE
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.graphemes import shorten
from desktop_app.i18n.translation import N_, tr
from desktop_app.storage.row_conversion import error_to_text
from desktop_app.storage.value_effects import Effect, effect_of, single_columns_of, tables_of

SWITCH_OFF: Final[Mapping[str, str]] = {
    "repeats": "INSERT OR IGNORE INTO paused_repeats SELECT id FROM repeats",
    # A running job would send these files at the next start. The user can retry them.
    "batch_items": """UPDATE batch_items SET status = 'unanswered', error = :error
        WHERE status = 'read'
        AND job_id IN (SELECT id FROM batch_jobs WHERE status NOT IN ('preparing', 'ready'))""",
    # The same of the cells of a table that are not at the provider.
    "table_answers": """UPDATE table_answers SET state = CASE WHEN error <> '' THEN 'failed'
        WHEN answer <> '' THEN 'done' ELSE 'empty' END
        WHERE state IN ('waiting', 'running') AND batch = 0""",
}
"""The SQL for each table with a column that acts."""
_REPEATS: Final = """SELECT prompt, model, every FROM repeats
    WHERE id NOT IN (SELECT id FROM paused_repeats) ORDER BY rowid"""
_MAX_PROMPT_CHARS: Final = 80
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
    repeats = tuple(_line(row) for row in connection.execute(_REPEATS).fetchall())
    error = error_to_text(ErrorNote(N_("The job was canceled before it was sent. Not charged.")))
    for sql in SWITCH_OFF.values():
        connection.execute(sql, {"error": error} if ":error" in sql else {})
    dropped = 0
    for table in tables_of(Effect.CONSENT, Effect.HERE):
        count = connection.execute(f"DELETE FROM {table}").rowcount  # noqa: S608 - our own names
        dropped += count * (table in tables_of(Effect.CONSENT))
    for table, column in single_columns_of(Effect.HERE):
        connection.execute(f"UPDATE {table} SET {column} = NULL WHERE {column} IS NOT NULL")  # noqa: S608
    keys = [(key,) for (key,) in connection.execute("SELECT key FROM settings").fetchall()]
    consents = [row for row in keys if effect_of(row[0]) is Effect.CONSENT]
    connection.executemany("DELETE FROM settings WHERE key = ?", consents)
    return SwitchedOff(repeats, bool(dropped or consents))


def _line(row: sqlite3.Row) -> str:
    """Return a repeat as its prompt, its model, and how often it is asked."""
    prompt, model, every = (" ".join(str(value).split()) for value in row)
    if find_spec("desktop_app.repeat"):  # the feature can be left out
        repeat = import_module("desktop_app.repeat.repeat")
        try:
            every = tr(repeat.EVERY_LABELS[repeat.Every(every)])
        except BAD_VALUE:  # a damaged row is paused as well
            every = shorten(every, _MAX_PROMPT_CHARS)
    words = shorten(prompt, _MAX_PROMPT_CHARS), shorten(model, _MAX_PROMPT_CHARS), every
    return " · ".join(words)
