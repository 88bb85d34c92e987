"""The prompts that are asked again, which stay on the computer where they were added."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from typing import Final, NamedTuple

from desktop_app.domain.bounds import BAD_VALUE
from desktop_app.domain.conversations.conversation import MessageStatus, now
from desktop_app.domain.error_note import ErrorNote
from desktop_app.repeat.repeat import Repeat
from desktop_app.storage.database import Database
from desktop_app.storage.row_conversion import (
    Cells,
    error_from_text,
    error_to_text,
    from_micros,
    from_row,
    to_micros,
    to_row,
)
from desktop_app.storage.row_writing import insert_rows, update_row
from desktop_app.storage.transactions import reading, writing

log = logging.getLogger(__name__)

KEPT_RUNS: Final = 10
"""The runs of a repeat that are kept; several in a row with the same error are one."""
_CLOCK_TOLERANCE: Final = timedelta(days=1)
"""A prompt that was asked further in the future was asked while the clock was wrong."""
_INSTANT: Final = timedelta(microseconds=1)
_SELECT: Final = """SELECT *, id IN (SELECT id FROM paused_repeats) AS paused
    FROM repeats ORDER BY rowid"""
_SELECT_RUNS: Final = """SELECT r.repeat_id, r.at, r.error, m.conversation_id, m.status,
        m.error AS answer_error
    FROM repeat_runs AS r LEFT JOIN messages AS m ON m.id = r.answer_id ORDER BY r.at DESC"""
_DROP_RUNS: Final = f"""DELETE FROM repeat_runs WHERE repeat_id NOT IN (SELECT id FROM repeats)
    OR repeat_id = :id AND at NOT IN (SELECT at FROM repeat_runs WHERE repeat_id = :id
        ORDER BY at DESC LIMIT {KEPT_RUNS})"""  # noqa: S608


class Run(NamedTuple):
    """A time at which a prompt was asked, or could not be asked.

    Attributes:
        conversation_id, status: of its answer; "" and None if nothing was asked, or it was deleted.
        error: why nothing was asked, or why the answer failed.
    """

    at: datetime
    conversation_id: str = ""
    status: MessageStatus | None = None
    error: ErrorNote | None = None


def repeat_from_row(row: Cells) -> Repeat:
    """Return the repeat in a row of `repeats`, perhaps with the column `paused`.

    Raises:
        ValueError, OverflowError and others of BAD_VALUE: the row is damaged.
    """
    repeat = from_row(Repeat, row, paused="paused" in row.keys() and bool(row["paused"]))  # noqa: SIM118
    replace(repeat, since=from_micros(0)).next_time()
    return repeat


class RepeatStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[Repeat]:
        """Return all repeats that can be read, the oldest first."""
        found = await self._database.read(lambda c: list(_read(c, now())))
        return [repeat for _, repeat in found if repeat is not None]

    async def damaged(self) -> list[str]:
        """Return the ids of the repeats that cannot be read, and so are never asked."""
        found = await self._database.read(lambda c: list(_read(c, now())))
        return [repeat_id for repeat_id, repeat in found if repeat is None]

    @reading
    def runs(self, connection: sqlite3.Connection) -> dict[str, list[Run]]:
        """Return the last runs of each repeat by its id, the newest first."""
        runs: dict[str, list[Run]] = {}
        for row in connection.execute(_SELECT_RUNS):
            try:
                runs.setdefault(row["repeat_id"], []).append(_run_from_row(row))
            except BAD_VALUE:
                log.info("A run of the repeat %s is damaged.", row["repeat_id"])
        return runs

    @writing
    def add(self, connection: sqlite3.Connection, repeat: Repeat) -> None:
        insert_rows(connection, "repeats", [to_row(repeat, "paused")])
        _set_paused(connection, repeat)

    @writing
    def change(self, connection: sqlite3.Connection, repeat: Repeat) -> None:
        """Change a repeat. With other times, or resumed, it is first asked after now."""
        sql = f"SELECT * FROM ({_SELECT}) WHERE id = ?"  # noqa: S608
        row = connection.execute(sql, (repeat.id,)).fetchone()
        if row is None:  # removed meanwhile
            return
        cells = to_row(repeat, "paused", "since", "error")
        was_paused = row["paused"] and not repeat.paused
        if was_paused or (row["every"], row["start"]) != (cells["every"], cells["start"]):
            cells |= {"since": to_micros(now()), "error": ""}
        update_row(connection, "repeats", cells, "id")
        _set_paused(connection, repeat)

    @writing
    def remove(self, connection: sqlite3.Connection, repeat_id: str) -> None:
        """Remove a repeat; the conversations that it has begun stay, and so do its runs.

        The runs are dropped with the next run of another, so that `add` takes the removal back.
        """
        for table in ("repeats", "paused_repeats"):
            connection.execute(f"DELETE FROM {table} WHERE id = ?", (repeat_id,))  # noqa: S608

    @writing
    def add_run(
        self,
        connection: sqlite3.Connection,
        repeat_id: str,
        answer_id: str,
        error: ErrorNote | None,
        *,
        replaced: str = "",
    ) -> None:
        """Record that a repeat was asked now, or why it could not be asked.

        Args:
            replaced: the answer of a run that this one replaces.
        """
        text = error_to_text(error)
        sql = "UPDATE repeats SET error = ? WHERE id = ?"
        connection.execute(sql, (text, repeat_id))
        if replaced:
            connection.execute("DELETE FROM repeat_runs WHERE answer_id = ?", (replaced,))
        # A network that stays away is one run, and not one for each look.
        connection.execute(
            """DELETE FROM repeat_runs WHERE repeat_id = :id AND error = :error AND error != ''
            AND at = (SELECT max(at) FROM repeat_runs WHERE repeat_id = :id)""",
            {"id": repeat_id, "error": text},
        )
        row = (repeat_id, to_micros(now()), answer_id, text)
        connection.execute("INSERT OR REPLACE INTO repeat_runs VALUES (?, ?, ?, ?)", row)
        connection.execute(_DROP_RUNS, {"id": repeat_id})

    @writing
    def claim_due(
        self,
        connection: sqlite3.Connection,
        moment: datetime,
        zone: tzinfo | None = None,
        tried: Collection[str] = (),
    ) -> Repeat | None:
        """Return a repeat to ask now, which no other process gets; None if there is none.

        Only one: a process that ends while it asks that has not taken the others.
        Several missed occurrences are one. After a clock was set back, nothing is asked again,
        unless a repeat would wait for more than a day.

        Args:
            tried: the ids of repeats that are left out.

        Returns:
            The repeat as it was before, for `give_back`.
        """
        for repeat_id, repeat in list(_read(connection, moment)):
            if repeat is None or repeat.paused or repeat_id in tried:
                continue
            is_due = repeat.next_time(zone) <= moment
            if is_due or repeat.since == moment:  # else the clock was wrong
                sql = "UPDATE repeats SET since = ? WHERE id = ?"
                connection.execute(sql, (to_micros(moment), repeat_id))
            if is_due:
                return repeat
        return None

    async def give_back(
        self, repeat: Repeat, claimed_at: datetime, zone: tzinfo | None = None
    ) -> bool:
        """Let an occurrence be claimed again, because the provider could not be reached.

        Return True if an earlier occurrence was given back and is lost now: its turn has ended with
        the occurrence after it.

        Args:
            repeat: as `claim_due` returned it at the time `claimed_at`.
        """
        latest = repeat.latest_time(claimed_at, zone)
        sql = "UPDATE repeats SET since = ? WHERE id = ? AND since = ?"
        values = (to_micros(latest - _INSTANT), repeat.id, to_micros(claimed_at))
        await self._database.execute(sql, *values)
        return repeat.error is not None and repeat.next_time(zone) < latest


def _set_paused(connection: sqlite3.Connection, repeat: Repeat) -> None:
    connection.execute("DELETE FROM paused_repeats WHERE id = ?", (repeat.id,))
    if repeat.paused:
        connection.execute("INSERT INTO paused_repeats VALUES (?)", (repeat.id,))


def _read(connection: sqlite3.Connection, moment: datetime) -> Iterator[tuple[str, Repeat | None]]:
    """Yield the repeats by id, None for one that is damaged.

    Args:
        moment: the time; one that was asked much later counts as asked now.
    """
    for row in connection.execute(_SELECT):
        try:
            repeat = repeat_from_row(row)
        except BAD_VALUE:
            yield row["id"], None
            continue
        is_late = repeat.since > moment + _CLOCK_TOLERANCE
        yield repeat.id, replace(repeat, since=moment) if is_late else repeat


def _run_from_row(row: sqlite3.Row) -> Run:
    status = row["status"]
    return Run(
        from_micros(row["at"]),
        row["conversation_id"] or "",
        None if status is None else MessageStatus(status),
        error_from_text(row["error"] or row["answer_error"] or ""),
    )
