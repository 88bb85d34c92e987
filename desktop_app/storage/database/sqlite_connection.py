"""Connections to SQLite, which trust what stands in a file as little as SQLite lets them.

Python knows SQLite's defensive mode from 3.12 on. It keeps statements from writing to the schema and
to the tables inside of an index; on 3.11 no statement of ours does, and a store of others never
becomes ours: its rows are copied (`foreign_store.py`).
"""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path
from typing import Literal

Mode = Literal["ro", "rw", "rwc"]


def connect(
    path: Path,
    mode: Mode,
    *,
    timeout: float = 5.0,
    is_immutable: bool = False,
    is_for_any_thread: bool = False,
) -> sqlite3.Connection:
    """Open a database, in transactions of the caller's own.

    Args:
        timeout: seconds to wait while somebody else writes.
        is_immutable: nobody writes to the file; no lock is taken, and no log is looked for.
    """
    uri = f"{path.absolute().as_uri()}?mode={mode}{'&immutable=1' if is_immutable else ''}"
    connection = sqlite3.connect(
        uri,
        uri=True,
        timeout=timeout,
        isolation_level=None,
        check_same_thread=not is_for_any_thread,
    )
    connection.row_factory = sqlite3.Row
    # Functions in views, triggers, indexes and columns of the schema: none that could do harm.
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    if sys.version_info >= (3, 12):
        connection.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, True)
    return connection
