"""Turns sentences that earlier versions stored into the fields that replaced them.

The sentences are frozen: they are what those versions wrote, whatever this one says. Migrations run
these statements, and so do restores and repairs, whose rows may come from an older store.
"""

from __future__ import annotations

import sqlite3
from typing import Final

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


def mark_usage_scopes(connection: sqlite3.Connection) -> None:
    """Set which answers the tokens of an answer are for, where only a notice says it."""
    for statement in _MARK_SCOPES:
        connection.execute(statement)
