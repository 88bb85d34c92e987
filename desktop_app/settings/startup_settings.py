"""All stored settings, for the first paint: language, theme, text size, geometry …

They are read before the store is opened, migrated or checked, from one small table, without
importing the store's modules. Failures are ignored: the window is painted with the defaults, and
the opening of the store reports the error.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final, TypeVar

_T = TypeVar("_T")
BUSY_TIMEOUT_S: Final = 0.2
_UNREADABLE: Final = (
    sqlite3.Error,
    OSError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
_SELECT_LANGUAGE: Final = "SELECT value FROM settings WHERE key = 'look.language'"
_SELECT: Final = "SELECT key, value FROM settings WHERE key NOT LIKE 'store.%'"


def read_startup_settings(path: Path) -> dict[str, Any]:
    """Return every setting in the store at `path`; {} if it cannot be read."""
    from desktop_app.settings.stored_values import read_values

    rows = read_at_start(path, lambda connection: connection.execute(_SELECT).fetchall())
    return read_values(rows or ())


def read_at_start(path: Path, read: Callable[[sqlite3.Connection], _T]) -> _T | None:
    """Return what `read` finds in the store at `path`; None if it cannot be read."""
    try:
        if not path.is_file() or path.with_name(f"{path.name}-journal").is_fifo():
            return None  # no store, or a pipe, for whose other end SQLite would wait
        uri = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S)) as connection:
            connection.execute("PRAGMA trusted_schema = OFF")
            return read(connection)
    except _UNREADABLE:
        return None


def use_stored_language(path: Path) -> None:
    """Use the language that the store at `path` and the system ask for."""
    from desktop_app.i18n.translation import use_language, wanted_language
    from desktop_app.paths import resource_path

    row = read_at_start(path, lambda c: c.execute(_SELECT_LANGUAGE).fetchone())
    setting = "" if row is None else str(row[0]).strip('"')  # JSON of a text
    use_language(wanted_language(setting), resource_path("locale"))
