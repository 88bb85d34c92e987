"""What the window must know before it is painted: theme, text size, geometry.

Read on its own, before the store is opened, migrated or checked: a few values of one small table,
with nothing imported but sqlite3. Whatever goes wrong here is no error: the window is painted with
the defaults, and the store's opening says what is the matter.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Final

BUSY_TIMEOUT_S: Final = 0.2


def settings_at_start(path: Path) -> dict[str, Any]:
    """Every setting in the store at `path`; {} where there is none to be read."""
    if not path.is_file():
        return {}
    try:
        uri = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S)) as connection:
            connection.execute("PRAGMA trusted_schema = OFF")
            rows = connection.execute("SELECT key, value FROM settings").fetchall()
        return {key: json.loads(value) for key, value in rows}
    except (sqlite3.Error, ValueError, TypeError, RecursionError):
        return {}
