"""Which answers are out of date: what they were asked is compared with what they would be asked.

Each change compares what it can have touched, in its own transaction, so that reading compares
nothing. An answer of which it is unknown what it was asked counts as asked what a change finds.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Final

from desktop_app.domain.conversations.conversation import now
from desktop_app.storage.row_conversion import to_micros
from desktop_app.tables.asked import HASH_CHARS, Dependencies, dependencies, row_hash
from desktop_app.tables.stored_cells import read_table, read_window
from desktop_app.tables.table import Table

_ROWS_AT_ONCE: Final = 200
# The bits of `is_outdated`: another question; other values or documents; another answer is.
_OF_QUESTION, _OF_ROW, _OF_ANSWER = 1, 2, 4
_THESE: Final = "IN (SELECT value FROM json_each(?))"


def note_questions(connection: sqlite3.Connection, former: Table | None) -> None:
    """Note what answers of unknown questions were asked, before their questions change."""
    for column_id, hash_ in dependencies(former.columns).hashes.items() if former else ():
        sql = """UPDATE table_answers SET asked = ? WHERE column_id = ? AND asked = ''
            AND (answer <> '' OR state IN ('done', 'failed', 'corrected'))"""
        connection.execute(sql, (hash_, column_id))


def compare_questions(connection: sqlite3.Connection, former: Table | None, table: Table) -> None:
    """Compare the answers of a table with its questions, if those have changed."""
    found = dependencies(table.columns)
    if former is None or found == dependencies(former.columns):
        return
    for column_id, hash_ in found.hashes.items():
        sql = f"""UPDATE table_answers
            SET is_outdated = (is_outdated & ~{_OF_QUESTION}) | (substr(asked, 1, ?2) <> ?3)
            WHERE column_id = ?1 AND asked <> ''"""  # noqa: S608 - our own words
        connection.execute(sql, (column_id, HASH_CHARS, hash_))
    _follow(connection, found, None)


def note_rows(connection: sqlite3.Connection, row_ids: Sequence[int]) -> None:
    """Note what answers of unknown rows were asked, before the rows change."""
    sql = f"""SELECT row_id, column_id, asked FROM table_answers WHERE row_id {_THESE}
        AND length(asked) <= {HASH_CHARS} AND (answer <> '' OR state = 'corrected')"""  # noqa: S608
    if (table := _table_of(connection, row_ids)) is None:
        return
    for answer, question, row in list(_answers(connection, table, sql, row_ids)):
        sql = "UPDATE table_answers SET asked = ? WHERE row_id = ? AND column_id = ?"
        place = (answer["row_id"], answer["column_id"])
        connection.execute(sql, ((answer["asked"] or question) + row, *place))


def compare_rows(connection: sqlite3.Connection, row_ids: Sequence[int]) -> None:
    """Compare the answers of rows with the values and documents that these have now."""
    sql = f"""SELECT row_id, column_id, asked, is_outdated FROM table_answers
        WHERE row_id {_THESE} AND asked <> ''"""  # noqa: S608 - our own words
    if (table := _table_of(connection, row_ids)) is None:
        return
    for answer, question, row in list(_answers(connection, table, sql, row_ids)):
        asked = answer["asked"]
        bits = answer["is_outdated"] & _OF_ANSWER
        bits |= _OF_QUESTION if asked[:HASH_CHARS] != question else 0
        bits |= _OF_ROW if asked[HASH_CHARS:] not in ("", row) else 0
        if bits != answer["is_outdated"]:
            sql = "UPDATE table_answers SET is_outdated = ? WHERE row_id = ? AND column_id = ?"
            connection.execute(sql, (bits, answer["row_id"], answer["column_id"]))
    _follow(connection, dependencies(table.columns), row_ids)
    touch(connection, row_ids)


def touch(connection: sqlite3.Connection, row_ids: Sequence[int]) -> None:
    """Note that the table of rows was changed, so that its plans are measured again."""
    sql = """UPDATE tables SET updated_at = ?
        WHERE id = (SELECT table_id FROM table_rows WHERE id = ?)"""
    for row_id in row_ids[:1]:
        connection.execute(sql, (to_micros(now()), row_id))


def _table_of(connection: sqlite3.Connection, row_ids: Sequence[int]) -> Table | None:
    """Return the table of rows, all of one; None if the first is gone."""
    sql = "SELECT table_id FROM table_rows WHERE id = ?"
    found = connection.execute(sql, row_ids[:1]).fetchone() if row_ids else None
    return None if found is None else read_table(connection, found["table_id"])


def _answers(
    connection: sqlite3.Connection, table: Table, sql: str, row_ids: Sequence[int]
) -> Iterator[tuple[sqlite3.Row, str, str]]:
    """Yield answers of rows, with the hashes of their question and of their row as they are now."""
    columns = {each.id: each for each in table.questions}
    hashes = dependencies(table.columns).hashes
    for start in range(0, len(row_ids), _ROWS_AT_ONCE):
        these = list(row_ids[start : start + _ROWS_AT_ONCE])
        answers = connection.execute(sql, (json.dumps(these),)).fetchall()
        if not answers:
            continue
        window = read_window(connection, list({answer["row_id"] for answer in answers}))
        rows = {row.id: row for row in window.rows}
        for answer in answers:
            row_id, column_id = answer["row_id"], answer["column_id"]
            if column_id in columns and row_id in rows:
                now = row_hash(table, columns[column_id], rows[row_id], window.cells[row_id])
                yield answer, hashes[column_id], now


def _follow(
    connection: sqlite3.Connection, found: Dependencies, row_ids: Sequence[int] | None
) -> None:
    """Let answers be out of date that were made with one that is, unless the user corrected it."""
    chained = {column_id: needs for column_id, needs in found.needs.items() if needs}
    sql = f"""UPDATE table_answers AS a SET is_outdated = is_outdated
            + iif(is_outdated & {_OF_ANSWER}, -{_OF_ANSWER}, {_OF_ANSWER})
        WHERE column_id = ?1 AND asked <> ''
        AND (?3 = '' OR row_id IN (SELECT value FROM json_each(iif(?3 = '', '[]', ?3))))
        AND (is_outdated & {_OF_ANSWER} <> 0) <> EXISTS (
            SELECT 1 FROM table_answers AS b WHERE b.row_id = a.row_id AND b.is_outdated <> 0
            AND b.state <> 'corrected' AND b.column_id IN (SELECT value FROM json_each(?2)))"""  # noqa: S608
    ids = "" if row_ids is None else json.dumps(list(row_ids))
    for _ in chained:  # as often as the longest chain can be long
        for column_id, needs in chained.items():
            connection.execute(sql, (column_id, json.dumps(needs), ids))
