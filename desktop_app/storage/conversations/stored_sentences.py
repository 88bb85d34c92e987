"""Converts sentences that earlier versions stored to the fields and codes of this version.

The sentences here never change, because earlier versions wrote them. Migrations call these
functions, and so do restores and repairs, whose rows may come from an older store.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from typing import Final

from desktop_app.domain.bounds import BAD_VALUE
from desktop_app.domain.conversations.error_json import error_from_json, error_to_json
from desktop_app.domain.conversations.notices import notice_from_json, notice_to_json
from desktop_app.storage.conversations.row_conversion import error_from_text, error_to_text, to_json

MARK_TEMPLATES: Final = """
    UPDATE messages SET template_id = 'executive-summary'
    WHERE role = 'user' AND parts LIKE '%6 to 8 bullets of at most 30 words%'
"""
_MARK_SCOPES: Final = (
    """UPDATE messages SET usage_scope = 'all'
        WHERE usage_scope = 'own' AND notices LIKE '%"Tokens and cost are for all %'""",
    """UPDATE messages SET usage_scope = 'first'
        WHERE usage_scope = 'own'
        AND notices LIKE '%"Its tokens and cost are counted with the first version''s."%'""",
)

_ERROR_COLUMNS: Final = (
    ("batch_jobs", "error"),
    ("batch_items", "error"),
    ("collection_files", "problem"),
)


def mark_usage_scopes(connection: sqlite3.Connection) -> None:
    """Set the usage scope of answers for which only a notice states it."""
    for statement in _MARK_SCOPES:
        connection.execute(statement)


def replace_message_sentences(connection: sqlite3.Connection) -> None:
    """Replace class names and sentences in the errors of messages with codes."""
    _convert_column(connection, "messages", "error", _error_with_code)


def _error_with_code(error: str) -> str:
    from desktop_app.domain.conversations.legacy.legacy_sentences import legacy_error

    try:
        return to_json(error_to_json(legacy_error(error_from_json(json.loads(error)))))
    except BAD_VALUE:
        return error  # damaged: reading it reports that


def replace_error_sentences(connection: sqlite3.Connection) -> None:
    """Replace the sentences of all stored errors with codes."""
    replace_message_sentences(connection)
    replace_column_sentences(connection)


def replace_column_sentences(connection: sqlite3.Connection) -> None:
    """Replace the sentences in the errors of batch jobs, their files and collections with codes."""
    for table, column in _ERROR_COLUMNS:
        _convert_column(connection, table, column, _error_text_with_code)


def _error_text_with_code(text: str) -> str:
    try:
        return error_to_text(error_from_text(text))
    except BAD_VALUE:
        return text  # damaged: reading it reports that


def replace_notice_sentences(connection: sqlite3.Connection) -> None:
    """Replace the sentences in the notices of messages with codes."""
    _convert_column(connection, "messages", "notices", _notices_with_codes)


def _notices_with_codes(notices: str) -> str:
    from desktop_app.domain.conversations.legacy.legacy_sentences import legacy_notice

    try:
        stored_notices = [notice_from_json(notice) for notice in json.loads(notices)]
    except BAD_VALUE:
        return notices  # damaged: reading it reports that
    coded_notices = [
        legacy_notice(stored_notice) if isinstance(stored_notice, str) else stored_notice
        for stored_notice in stored_notices
    ]
    return to_json([notice_to_json(notice) for notice in coded_notices])


def _convert_column(
    connection: sqlite3.Connection, table: str, column: str, convert: Callable[[str], str]
) -> None:
    """Convert the texts of a column, except empty texts and empty lists."""
    sql = f"""SELECT rowid, {column} FROM {table}
        WHERE {column} <> '' AND {column} <> '[]'"""  # noqa: S608
    rows = [(convert(text), rowid) for rowid, text in connection.execute(sql)]
    connection.executemany(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", rows)  # noqa: S608
