"""Full-text search over titles, messages and attachments; see search_index.py.

An entry is the text of a title, message or attachment in the index. A match is an entry that
contains the words and fits the filter. A hit is a match as the user sees it, with a snippet.
"""

from __future__ import annotations

import json
import re
import sqlite3
from typing import TYPE_CHECKING, Final, NamedTuple

from desktop_app.domain.conversations.conversation import SearchFilter, SearchHit, SearchOrder
from desktop_app.domain.conversations.message_parts import parts_from_json
from desktop_app.storage.conversations.conversation_sql import REVIEWED
from desktop_app.storage.conversations.row_conversion import (
    from_micros,
    read_row,
    searchable_text,
    to_micros,
)
from desktop_app.storage.search.search_index import EntryKind, first_id_at, micros_of
from desktop_app.storage.search.search_text import count_occurrences, match_expression, snippet

if TYPE_CHECKING:
    from desktop_app.storage.database.database import Database

# SQL for the row of an entry, by its kind; the conditions of a filter are appended. Trashed
# conversations are not found. Conditions test the message `m`. A title has no message, so `m` is
# the conversation itself. `read_row` names the `id` of a message's row if the row is damaged.
_ROW_SQL: Final = {
    EntryKind.TITLE: """
    SELECT c.id AS conversation_id, c.archived, c.title, c.title AS text, NULL AS message_id
    FROM conversations AS c JOIN conversations AS m ON m.id = c.id
    WHERE c.id = :ref AND c.trashed_at IS NULL""",
    EntryKind.MESSAGE: """
    SELECT c.id AS conversation_id, c.archived, c.title, m.parts, m.id, m.id AS message_id
    FROM messages AS m JOIN conversations AS c ON c.id = m.conversation_id
    WHERE m.id = :ref AND c.trashed_at IS NULL""",
    EntryKind.ATTACHMENT: """
    SELECT c.id AS conversation_id, c.archived, c.title, a.name, a.text, m.id AS message_id
    FROM attachments AS a
    JOIN message_attachments AS ma ON ma.sha256 = a.sha256
    JOIN messages AS m ON m.id = ma.message_id
    JOIN conversations AS c ON c.id = m.conversation_id
    WHERE a.sha256 = :ref AND c.trashed_at IS NULL""",
}
# An attachment is found in the newest message that refers to it, not in a draft.
_NEWEST_MESSAGE: Final = " ORDER BY m.created_at DESC LIMIT 1"
# SQL for the ids of all entries of a kind; the conditions of a filter are appended.
_ENTRY_ID_SQL: Final = {
    EntryKind.TITLE: """
    SELECT e.id FROM conversations AS c JOIN conversations AS m ON m.id = c.id
    JOIN search_entries AS e ON e.ref = c.id AND e.kind = 'title' WHERE """,
    EntryKind.MESSAGE: """
    SELECT e.id FROM conversations AS c JOIN messages AS m ON m.conversation_id = c.id
    JOIN search_entries AS e ON e.ref = m.id AND e.kind = 'message' WHERE """,
    EntryKind.ATTACHMENT: """
    SELECT e.id FROM conversations AS c JOIN messages AS m ON m.conversation_id = c.id
    JOIN message_attachments AS ma ON ma.message_id = m.id
    JOIN search_entries AS e ON e.ref = ma.sha256 AND e.kind = 'attachment' WHERE """,
}
_FILTER_CONDITIONS: Final = {
    "review": "instr(m.notices, :review) > 0",
    "folder": "c.folder_id = :folder",
    "variant": "m.variant = :variant",
    # Messages that only cite a file of a collection do not count: passages are not an attachment.
    "attachment": """c.id IN (
        SELECT x.conversation_id
        FROM message_attachments AS xa JOIN messages AS x ON x.id = xa.message_id
        WHERE instr(x.parts, '{"kind":"passages"') = 0 OR EXISTS (
            SELECT 1 FROM json_each(x.parts) AS part
            WHERE json_extract(part.value, '$.sha256') IS NOT NULL
        )
    )""",
}
_VERDICT: Final = re.compile(
    r"(?:^|(?<=\s))is:(reviewed|corrected|rejected)(?=\s|$)", re.IGNORECASE
)
# Matches are compared with a filter one by one, the newest first. After this many, the ids of all
# entries that fit the filter are read instead.
_MAX_CHECKED_SINGLY: Final = 2_000
# The best matches are chosen among this many of the newest matches.
_MAX_RANKED_MATCHES: Final = 500
# The limits of an integer in SQLite.
_MAX_INTEGER: Final = (1 << 63) - 1
_MIN_INTEGER: Final = -(1 << 63)
_NO_FILTER: Final = SearchFilter()


class Search:
    """The full-text search through the library on disk."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(
        self,
        text: str,
        limit: int = 50,
        *,
        search_filter: SearchFilter = _NO_FILTER,
        order: SearchOrder = SearchOrder.NEWEST,
    ) -> list[SearchHit]:
        """Return the newest or best texts with every word of `text`; the last word is a prefix.

        Words between double quotes must follow each other. "is:reviewed", "is:corrected" and
        "is:rejected" find answers with this verdict of the user's, with or without other words. All
        other punctuation is ignored. With neither words nor a verdict, nothing is found.

        Raises:
            StorageError: the store cannot be read.
        """
        text, search_filter = _extract_verdict(text, search_filter)
        expression = match_expression(text)
        if not expression:
            if not search_filter.review:  # no verdict
                return []
            return await self._database.read(lambda c: _find_reviewed(c, search_filter, limit))
        # Snippets are made in the database's thread too, because they take long for long texts.
        if order is SearchOrder.NEWEST:
            matches = await self._database.read(
                lambda c: _newest_matches(c, expression, search_filter, limit)
            )
            return await self._database.read(
                lambda _: [_hit_of_match(match, text) for match in matches]
            )
        matches = await self._database.read(
            lambda c: _newest_matches(c, expression, search_filter, _MAX_RANKED_MATCHES)
        )
        return await self._database.read(lambda _: _best_hits(matches, text, limit))


class _Match(NamedTuple):
    """An entry that was found. Its id contains its time (see `micros_of`)."""

    entry_id: int
    row: sqlite3.Row


def _newest_matches(
    connection: sqlite3.Connection, expression: str, search_filter: SearchFilter, limit: int
) -> list[_Match]:
    """Return the newest matches. Rows are read one by one, so that older ones cost nothing."""
    since, until = _time_range(search_filter)
    entries = connection.execute(
        """SELECT i.rowid AS id FROM search_index AS i
        WHERE search_index MATCH ? AND i.rowid >= ? AND i.rowid < ? ORDER BY i.rowid DESC""",
        (expression, first_id_at(since), first_id_at(until)),
    )
    conditions, values = _conditions(search_filter)
    matches: list[_Match] = []
    filtered_ids: set[int] | None = None  # the entries that fit the filter; None: not read yet
    for checked_count, (entry_id,) in enumerate(entries):
        if len(matches) == limit:
            break
        if conditions and checked_count == _MAX_CHECKED_SINGLY:
            condition = " AND ".join(conditions)
            kinds = [kind for kind in EntryKind if _can_match(kind, search_filter)]
            sql = " UNION ALL ".join(_ENTRY_ID_SQL[kind] + condition for kind in kinds)
            filtered_ids = {row[0] for row in connection.execute(sql, values)}
        if filtered_ids is None or entry_id in filtered_ids:
            # Also for ids in `filtered_ids`, which include conversations in the trash.
            row = _matching_row(connection, entry_id, search_filter)
            if row is not None:
                matches.append(_Match(entry_id, row))
    return matches


def _can_match(kind: EntryKind, search_filter: SearchFilter) -> bool:
    """Return False for titles if a verdict is wanted: a title has none."""
    return kind is not EntryKind.TITLE or not search_filter.review


def _matching_row(
    connection: sqlite3.Connection, entry_id: int, search_filter: SearchFilter
) -> sqlite3.Row | None:
    """Return the row of an entry; None if it does not match the filter, or is in the trash."""
    sql = "SELECT kind, ref FROM search_entries WHERE id = ?"
    entry = connection.execute(sql, (entry_id,)).fetchone()
    if entry is None:
        return None
    kind = EntryKind(entry["kind"])
    if not _can_match(kind, search_filter):
        return None
    conditions, values = _conditions(search_filter)
    sql = " AND ".join([_ROW_SQL[kind], *conditions])
    if kind is EntryKind.ATTACHMENT:
        sql += _NEWEST_MESSAGE
    row: sqlite3.Row | None = connection.execute(sql, {"ref": entry["ref"], **values}).fetchone()
    return row


def _time_range(search_filter: SearchFilter) -> tuple[int, int]:
    """Return the start of the filter's time range, and its end, which does not belong to it.

    Both are in microseconds.
    """
    since = _MIN_INTEGER if search_filter.since is None else to_micros(search_filter.since)
    until = _MAX_INTEGER if search_filter.until is None else to_micros(search_filter.until)
    return since, until


def _conditions(search_filter: SearchFilter) -> tuple[list[str], dict[str, str]]:
    """Return a filter as SQL conditions, except its time range, and their parameters."""
    values: dict[str, str] = {}
    conditions = []
    if search_filter.has_attachment:
        conditions.append(_FILTER_CONDITIONS["attachment"])
    for name, value in (("folder", search_filter.folder_id), ("variant", search_filter.variant)):
        if value is not None:
            conditions.append(_FILTER_CONDITIONS[name])
            values[name] = str(value)
    if search_filter.review:
        conditions.append(_FILTER_CONDITIONS["review"])
        # A piece of the JSON in which a message stores its notices.
        values["review"] = f'"code":"review_{search_filter.review}"'
    return conditions, values


def _extract_verdict(text: str, search_filter: SearchFilter) -> tuple[str, SearchFilter]:
    """Return the text without "is:reviewed" and the like, and the filter with that verdict."""
    match = _VERDICT.search(text)
    if match is None:
        return text, search_filter
    return _VERDICT.sub(" ", text).strip(), search_filter._replace(review=match[1].casefold())


def _find_reviewed(
    connection: sqlite3.Connection, search_filter: SearchFilter, limit: int
) -> list[SearchHit]:
    """Return the newest answers with the verdict of the filter."""
    conditions, values = _conditions(search_filter)
    since, until = _time_range(search_filter)
    # The columns and conditions are constants of this module and of conversation_sql.
    sql = f"""SELECT c.id AS conversation_id, c.archived, c.title, m.parts, m.id,
            m.id AS message_id, m.created_at
        FROM messages AS m JOIN conversations AS c ON c.id = m.conversation_id
        WHERE {REVIEWED} AND c.trashed_at IS NULL AND m.created_at >= :since
            AND m.created_at < :until AND {" AND ".join(conditions)}
        ORDER BY m.created_at DESC LIMIT :limit"""  # noqa: S608
    bounds = {"since": since, "until": until, "limit": limit}
    rows = connection.execute(sql, {**values, **bounds})
    return [_hit(row, at_micros=row["created_at"], query="") for row in rows]


def _best_hits(matches: list[_Match], query: str, limit: int) -> list[SearchHit]:
    """Return the best matches: titles first, then by density of the words, then newest.

    The density is the BM25 score with equal weights for all words: every match contains every word.
    Counting how rare a word is would need the whole library.
    """
    texts = [_text_of(match.row) for match in matches]
    if not matches:
        return []
    mean_length = sum(map(len, texts)) / len(texts)
    scores = [_score(text, query, mean_length) for text in texts]
    ranking = sorted(
        range(len(matches)),
        key=lambda index: (
            matches[index].row["message_id"] is not None,  # False, for a title, sorts first
            -scores[index],
            -matches[index].entry_id,
        ),
    )
    return [_hit_of_match(matches[index], query) for index in ranking[:limit]]


def _score(text: str, query: str, mean_length: float) -> float:
    """Return the BM25 score of a text, with the usual parameters k1 = 1.2 and b = 0.75."""
    k1 = 1.2
    b = 0.75
    occurrences = count_occurrences(text, query)
    relative_length = len(text) / (mean_length or 1)  # the mean is 0 if all texts are empty
    return occurrences / (occurrences + k1 * (1 - b + b * relative_length))


def _hit_of_match(match: _Match, query: str) -> SearchHit:
    return _hit(match.row, at_micros=micros_of(match.entry_id), query=query)


def _hit(row: sqlite3.Row, *, at_micros: int, query: str) -> SearchHit:
    return SearchHit(
        conversation_id=row["conversation_id"],
        title=row["title"],
        message_id=row["message_id"],
        snippet=snippet(_text_of(row), query),
        date=from_micros(at_micros),
        archived=bool(row["archived"]),
        document=row["name"] if "name" in row.keys() else "",  # noqa: SIM118 - as below
    )


def _text_of(row: sqlite3.Row) -> str:
    if "parts" in row.keys():  # noqa: SIM118 - `in` a Row would search its values
        return read_row(_text_of_message, row)
    return str(row["text"])


def _text_of_message(row: sqlite3.Row) -> str:
    return searchable_text(parts_from_json(json.loads(row["parts"])))
