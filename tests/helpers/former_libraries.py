"""Libraries that earlier versions of the program wrote: see tests/data/libraries/README.md."""

from __future__ import annotations

import json
import sqlite3
import tarfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final

import pytest

from desktop_app.domain.network.origin import Secret
from desktop_app.storage.schema import latest_version
from tests.data.libraries.make import SHARED

FOLDER: Final = Path(__file__).parents[1] / "data" / "libraries"
NAMES: Final = sorted(path.name.partition(".")[0] for path in FOLDER.glob("*.tar.xz"))
"""Each is the number of a schema; with a letter, it is of a build between two versions."""
_IN_CHECK: Final = ("02", "09", f"{latest_version() - 1:02}")  # the first, that of 0.1.0, the last
FEW: Final = [n if n in _IN_CHECK else pytest.param(n, marks=pytest.mark.slow) for n in NAMES]
"""The names for tests that take long: most of them are slow."""
Known = dict[str, Counter[Any]]
_TABLES: Final = "SELECT name FROM sqlite_master WHERE type = 'table'"
_OTHERS: Final = ("search_", "passage_index", "sqlite_", "sync_", "presets", "batch_")
_EMPTY: Final = (None, 0, "", "[]", "{}")
_MOVED: Final = {"paragraph": "paragraph-presets", '"paragraph"': '"paragraph-presets"'}
"""The id of a preset that was that of a prompt, too."""
_SETTINGS: Final = "position, created_at, provider_id, model, variant, effort, overrides"
# What is in other tables or columns today, by what it is.
_MEANINGS: Final = (
    ("preset", f"SELECT name, {_SETTINGS} FROM presets"),
    ("preset", f"SELECT title, {_SETTINGS} FROM prompts"),
    ("project with files", "SELECT name, id FROM collections"),
    ("project with files", "SELECT name, collection_id FROM folders"),
    ("question", "SELECT title, task, model FROM batch_jobs"),
    (
        "question",
        """SELECT t.name, c.question ->> '$.prompt', c.question ->> '$.choice.model'
        FROM table_columns AS c JOIN tables AS t ON t.id = c.table_id WHERE c.question <> ''""",
    ),
    (
        "answer",
        """SELECT j.title, i.number - 1, i.name, i.answer, i.input_tokens,
        CAST(round(i.cost * 1e9) AS INTEGER)
        FROM batch_items AS i JOIN batch_jobs AS j ON j.id = i.job_id""",
    ),
    (
        "answer",
        """SELECT t.name, r.position, r.name, coalesce(a.answer, ''), a.input_tokens, a.cost
        FROM table_rows AS r JOIN tables AS t ON t.id = r.table_id
        LEFT JOIN table_answers AS a ON a.row_id = r.id""",
    ),
    (
        "batch",
        "SELECT title, input_file_id, batch_id, held FROM batch_jobs WHERE input_file_id <> ''",
    ),
    (
        "batch",
        """SELECT t.name, b.input_file_id, b.batch_id, b.held FROM table_batches AS b
        JOIN table_runs AS r ON r.id = b.run_id JOIN tables AS t ON t.id = r.table_id""",
    ),
)


class FormerLibrary:
    """A library as an earlier version left it, unpacked.

    Attributes:
        home: REPARTEE_HOME.
        backup: a backup of it, which that version made.
        shared: the folder over which that version shared it with other computers, if any.
        expected: what that version searched, exported and spent.
        known: all its rows.
    """

    def __init__(self, name: str, folder: Path) -> None:
        with tarfile.open(FOLDER / f"{name}.tar.xz") as archive:
            archive.extractall(folder, filter="data")
        self.home, self.backup = folder / "home", folder / "backup.zip"
        self.shared = folder / "shared"
        self.store = self.home / "data" / "repartee.sqlite3"
        self.expected: dict[str, Any] = json.loads((folder / "expected.json").read_text())
        self.known = known_in(self.store)
        self.secrets = {
            name: Secret(value.replace(SHARED, str(self.shared)), *rest)
            for name, (value, *rest) in self.expected["secrets"].items()
        }
        if self.secrets:
            with closing(sqlite3.connect(self.store)) as connection:
                sql = "UPDATE sync_device SET state = replace(state, ?, ?)"
                connection.execute(sql, (SHARED, str(self.shared)))
                connection.commit()

    def lost(self, store: Path) -> dict[str, list[Any]]:
        """Return the rows that a later version's store lacks, by what they are."""
        found = known_in(store)
        gone = {name: list((rows - found[name]).elements()) for name, rows in self.known.items()}
        return {name: rows for name, rows in gone.items() if rows}


def missing(former: Any, found: Any, place: str = "") -> Iterator[str]:
    """Yield what a later version's JSON lacks; its objects may have more keys."""
    if isinstance(former, dict) and isinstance(found, dict):
        for key, value in former.items():
            yield from missing(value, found.get(key), f"{place}.{key}")
    elif isinstance(former, list) and isinstance(found, list) and len(former) == len(found):
        for number, (one, other) in enumerate(zip(former, found, strict=True)):
            yield from missing(one, other, f"{place}[{number}]")
    elif former != found and not (isinstance(former, str) and found == _MOVED.get(former)):
        yield f"{place}: {former!r} became {found!r}"


def known_in(store: Path) -> Known:
    """Return the rows of a store of any version that later versions have, by what they are."""
    found: Known = defaultdict(Counter)
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        for (name,) in connection.execute(_TABLES).fetchall():
            if not name.startswith(_OTHERS):
                rows = connection.execute(f"SELECT * FROM {name}")
                found[name] = Counter(_content(name, row) for row in rows)
        for name, query in _MEANINGS:
            with suppress(sqlite3.OperationalError):  # the tables of another version
                found[name] |= Counter(map(tuple, connection.execute(query)))
    return found


def _content(table: str, row: sqlite3.Row) -> frozenset[tuple[str, Any]]:
    """Return the values of a row, except those that a new column begins with."""
    values = dict(row)
    if table == "search_entries":
        values.pop("id")  # of entries of one time, in the order in which they were indexed
    if table == "collections":
        values.pop("name", None)
    if table != "prompts":
        values = {name: _MOVED.get(each, each) for name, each in values.items()}
    return frozenset((name, each) for name, each in values.items() if each not in _EMPTY)
