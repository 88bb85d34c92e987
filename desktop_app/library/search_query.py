"""Full-text search over titles, messages and attachments (see search_index.py), and texts.

A match is an entry of the index that contains the words and fits the filter. A hit is a match as
the user sees it, with a snippet.
"""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing, suppress
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Final

from desktop_app.chat.conversation_store import REVIEWED
from desktop_app.domain.bounds import BAD_VALUE, checked_time
from desktop_app.domain.conversations.conversation import SearchFilter, SearchHit, SearchOrder
from desktop_app.domain.conversations.message_parts import parts_from_json
from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.i18n.translation import tr
from desktop_app.storage.row_conversion import from_micros, searchable_text, to_micros
from desktop_app.storage.search_index import (
    has_all,
    is_doubtful,
    is_found,
    match_expression,
    snippet,
)
from desktop_app.storage.sqlite_connection import any_text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from desktop_app.storage.database import Database

# `m` is the message of an entry: its own, or one that refers to an attachment. A title has none.
# The order is that of the ids in the index, which is read only as far as needed.
_MATCHES_SQL: Final = """
    SELECT e.id AS entry_id, c.id AS conversation_id, c.archived, c.title, a.name, a.text,
        NULL AS text_id,
        m.id AS message_id, coalesce(m.id, c.id) AS id, m.parts, m.created_at, {score} AS score,
        CASE e.kind WHEN 'attachment' THEN m.created_at ELSE e.id END AS at
    FROM search_index AS i CROSS JOIN search_entries AS e ON e.id = i.rowid
    LEFT JOIN message_attachments AS ma ON e.kind = 'attachment' AND ma.sha256 = e.ref
    LEFT JOIN attachments AS a ON e.kind = 'attachment' AND a.sha256 = e.ref
    LEFT JOIN messages AS m
        ON m.id = CASE e.kind WHEN 'message' THEN e.ref WHEN 'attachment' THEN ma.message_id END
    JOIN conversations AS c
        ON c.id = CASE e.kind WHEN 'title' THEN e.ref ELSE m.conversation_id END
    WHERE search_index MATCH :words AND i.rowid >= :since AND i.rowid < :until
        AND c.trashed_at IS NULL {conditions}
    ORDER BY i.rowid DESC"""
_FILTER_CONDITIONS: Final = {
    "review": "instr(m.notices, :review) > 0",
    "folder": "c.folder_id = :folder",
    "variant": "CASE e.kind WHEN 'title' THEN c.variant ELSE m.variant END = :variant",
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
# Texts are few and change at every key, so they are read rather than indexed.
_TEXTS_SQL: Final = """
    SELECT t.id AS text_id, t.title AS name, t.body AS text, t.updated_at AS entry_id,
        t.updated_at AS at,
        t.conversation_id, c.title, c.archived, NULL AS message_id
    FROM texts AS t JOIN conversations AS c ON c.id = t.conversation_id
    WHERE c.trashed_at IS NULL AND t.trashed_at IS NULL AND t.updated_at >= :since
        AND t.updated_at < :until {conditions}
    ORDER BY t.updated_at DESC"""
_VERDICT: Final = lazy_pattern(
    r"(?:^|(?<=\s))is:(reviewed|corrected|rejected)(?=\s|$)", re.IGNORECASE
)
# The best matches are chosen among this many of the newest matches.
_MAX_RANKED_MATCHES: Final = 500
# Looking into so many texts takes a tenth of a second.
_MAX_REFUSED: Final = 200
# The most hits of a page, so that a page is written within a tenth of a second.
_PAGE: Final = 1_000
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
        return (await self._find(text, limit, search_filter, order))[0]

    async def _find(
        self, text: str, limit: int, search_filter: SearchFilter, order: SearchOrder
    ) -> tuple[list[SearchHit], datetime | None]:
        """Return the hits, and the time before which others follow in the index."""
        text, search_filter = _extract_verdict(text, search_filter)
        expression = match_expression(text)
        if not expression:
            if not search_filter.review:  # no verdict
                return [], None
            found = partial(_find_reviewed, search_filter=search_filter, limit=limit)
            return await self._database.read(found), None
        is_best = order is SearchOrder.BEST
        most = _MAX_RANKED_MATCHES if is_best else limit
        matches = await self._database.read(
            lambda c: _newest_matches(c, text, search_filter, most, is_scored=is_best)
        )
        texts = await self._database.read(lambda c: _matching_texts(c, text, search_filter, limit))
        if is_best:
            # Titles first, then texts, then by BM25, then the newest. A lower score is better.
            matches.sort(key=lambda row: (row["message_id"] is not None, row["score"]))
            first = sum(row["message_id"] is None for row in matches)
            matches[first:first] = texts
        elif texts:
            matches = sorted([*matches, *texts], key=lambda row: -row["entry_id"])
        del matches[limit:]
        until = None
        with suppress(*BAD_VALUE):
            until = from_micros(matches[-1]["entry_id"]) if len(matches) == limit else None
        if not is_best:  # a document may have been indexed later than its message
            matches.sort(key=lambda row: -row["at"])
        # Snippets are made in the database's thread too, because they take long for long texts.
        return await self._database.read(lambda _: [_hit(row, text) for row in matches]), until

    async def pages(self, text: str, limit: int) -> AsyncIterator[list[SearchHit]]:
        """Yield the hits of `find`, newest first, in lists that are not empty.

        Args:
            limit: the most hits of a list; all hits are yielded.

        Raises:
            StorageError: the store cannot be read.
        """
        words, search_filter = _extract_verdict(text, _NO_FILTER)
        if not match_expression(words):  # only a verdict
            if hits := await self.find(text, limit):
                yield hits
            return
        size = min(limit, _PAGE)
        while True:
            hits, until = await self._find(text, size, search_filter, SearchOrder.NEWEST)
            if hits:
                yield hits
            if until is None:
                return
            search_filter = search_filter._replace(until=until)


def _newest_matches(
    connection: sqlite3.Connection,
    text: str,
    search_filter: SearchFilter,
    limit: int,
    *,
    is_scored: bool,
    with_spellings: bool = True,
) -> list[sqlite3.Row]:
    """Return the newest matches. Rows are read one by one, so that older ones cost nothing.

    Other spellings of the words are left out if most texts that have them mean other words.
    """
    since, until = _time_range(search_filter)
    conditions, values = _conditions(search_filter)
    sql = _MATCHES_SQL.format(
        score="bm25(search_index)" if is_scored else "0",
        conditions="".join(f" AND {condition}" for condition in conditions),
    )
    matches: list[sqlite3.Row] = []
    refused_id = None  # the entry that has other words than those that were meant
    refused_count = 0
    words = match_expression(text, with_spellings=with_spellings)
    bounds = {"words": words, "since": since, "until": until}
    with any_text(connection), closing(connection.execute(sql, {**values, **bounds})) as rows:
        for row in rows:
            if row["entry_id"] == refused_id:
                continue
            if with_spellings and not _is_found(row, text):
                refused_id = row["entry_id"]
                refused_count += 1
                if refused_count > _MAX_REFUSED:
                    break
                continue
            if not matches or matches[-1]["entry_id"] != row["entry_id"]:
                if len(matches) == limit:
                    break
                matches.append(row)
            elif (matches[-1]["created_at"] or 0) < (row["created_at"] or 0):
                matches[-1] = row  # an attachment is found in the newest of its messages
    if refused_count > _MAX_REFUSED:
        return _newest_matches(
            connection, text, search_filter, limit, is_scored=is_scored, with_spellings=False
        )
    return matches


def _matching_texts(
    connection: sqlite3.Connection, query: str, search_filter: SearchFilter, limit: int
) -> list[sqlite3.Row]:
    """Return the texts that were used last of those that have all words."""
    if search_filter.variant is not None or search_filter.review:
        return []  # they are about answers
    since, until = _time_range(search_filter)
    conditions, values = _conditions(search_filter)
    sql = _TEXTS_SQL.format(conditions="".join(f" AND {condition}" for condition in conditions))
    bounds = {"since": since, "until": until}
    with any_text(connection), closing(connection.execute(sql, {**values, **bounds})) as rows:
        matching = (row for row in rows if has_all(f"{row['name']}\n{row['text']}", query))
        return list(islice(matching, limit))


def _is_found(row: sqlite3.Row, query: str) -> bool:
    try:
        return not is_doubtful(query) or is_found(_text_of(row), query)
    except BAD_VALUE:
        return True  # a damaged message is shown as such


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
    # The columns and conditions are constants of this module and of conversation_store.
    sql = f"""SELECT m.created_at AS entry_id, m.created_at AS at, c.id AS conversation_id,
            c.archived, c.title, NULL AS name, NULL AS text, NULL AS text_id, m.parts, m.id,
            m.id AS message_id
        FROM messages AS m JOIN conversations AS c ON c.id = m.conversation_id
        WHERE {REVIEWED} AND c.trashed_at IS NULL AND m.created_at >= :since
            AND m.created_at < :until AND {" AND ".join(conditions)}
        ORDER BY m.created_at DESC LIMIT :limit"""  # noqa: S608
    bounds = {"since": since, "until": until, "limit": limit}
    with any_text(connection):
        return [_hit(row, query="") for row in connection.execute(sql, {**values, **bounds})]


def _hit(row: sqlite3.Row, query: str) -> SearchHit:
    """Return a match as a hit, or one that says that it is damaged."""
    try:
        date = checked_time(from_micros(row["at"]))
        text = snippet(_text_of(row), query)
    except BAD_VALUE:
        date = from_micros(0)
        text = tr("This message is damaged. “repartee repair” mends the library.")
    return SearchHit(
        conversation_id=row["conversation_id"],
        title=row["title"],
        message_id=row["message_id"],
        snippet=text,
        date=date,
        archived=bool(row["archived"]),
        document=row["name"] or "",
        text_id=row["text_id"] or "",
    )


def _text_of(row: sqlite3.Row) -> str:
    if row["message_id"] is None and not row["text_id"]:
        return str(row["title"])
    if row["text"] is not None:
        return str(row["text"])
    return searchable_text(parts_from_json(json.loads(row["parts"])))
