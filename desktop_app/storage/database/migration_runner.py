"""Migrates a store to this version's schema: step by step, all or none.

Each step is recorded by name in the table `migrations`. A store with an unknown step was written by
a newer version and is not touched. Before a step changes a store with content, a verified copy is
saved beside the store. The copy is deleted after `COPY_RETENTION`, because it may have content that
the user has deleted from the store since.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple

from desktop_app.domain.bounds import BAD_VALUE
from desktop_app.domain.conversations.list_filter import TRASH_RETENTION
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import StorageError, StoreTooNewError
from desktop_app.storage.database.private_files import create_private, sync
from desktop_app.storage.database.sqlite_connection import connect, require_sound
from desktop_app.storage.database.storage_errors import damaged_error
from desktop_app.storage.settings.address_secrets import strip_copy

COPY_RETENTION: Final = TRASH_RETENTION


class Migration(NamedTuple):
    """A migration step: statements, then an action. A released step never changes."""

    name: str
    statements: tuple[str, ...]
    action: Callable[[sqlite3.Connection], None] | None = None


def pending_migrations(
    connection: sqlite3.Connection, path: Path, migrations: Sequence[Migration]
) -> list[Migration]:
    """Return the steps that have not been applied to this store. Nothing is written.

    Raises:
        StoreTooNewError: an unknown step of a newer version was applied.
        StoreDamagedError: the recorded steps are invalid.
        StorageError: the database belongs to another program.
    """
    # A view of this name could run forever. Only a real table has a root page.
    sql = "SELECT name, type = 'table' AND rootpage > 0 AS is_table FROM sqlite_master"
    tables = {row[0]: row[1] for row in connection.execute(sql)}
    if tables and not tables.get("migrations"):
        raise StorageError(Reason.STORE_OF_OTHER_PROGRAM, place=str(path))
    applied: set[object] = (
        {row[0] for row in connection.execute("SELECT name FROM migrations")} if tables else set()
    )
    return pending_steps(applied, path, migrations)


def pending_steps(
    applied: set[object], path: Path, migrations: Sequence[Migration]
) -> list[Migration]:
    """Return the steps that are not among `applied`; raise as `pending_migrations`."""
    if not all(isinstance(name, str) for name in applied):
        raise damaged_error(str(path), "its migrations have no names")
    known_names = [migration.name for migration in migrations]
    if unknown_names := sorted(str(name)[:100] for name in applied.difference(known_names)):
        # The unknown steps of a newer version come after all known ones.
        if unknown_names[0] < known_names[-1]:
            raise damaged_error(str(path), f"unknown steps: {', '.join(unknown_names[:20])}")
        raise StoreTooNewError(
            Reason.STORE_TOO_NEW,
            details=f"unknown steps: {', '.join(unknown_names[:20])}",
            place=str(path),
        )
    return [migration for migration in migrations if migration.name not in applied]


def migrate(connection: sqlite3.Connection, path: Path, steps: Sequence[Migration]) -> None:
    """Apply `steps`, all or none. A store with content is copied and verified first.

    Raises:
        sqlite3.Error, OSError: no space and the like; the store is unchanged.
        StoreDamagedError: the copy failed the check, or a step cannot convert a row; the store is
            unchanged.
    """
    if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        save_verified_copy(
            connection, path, path.with_name(f"{path.stem}.before-{steps[0].name}.sqlite3")
        )
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS migrations"
            " (name TEXT PRIMARY KEY, applied_at INTEGER NOT NULL) STRICT"
        )
        for step in steps:
            for statement in step.statements:
                connection.execute(statement)
            if step.action is not None:
                try:
                    step.action(connection)
                except BAD_VALUE as exc:
                    raise damaged_error(str(path), f"{step.name}: {type(exc).__name__}") from exc
            row = (step.name, time.time_ns() // 1000)
            connection.execute("INSERT INTO migrations VALUES (?, ?)", row)
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def save_verified_copy(connection: sqlite3.Connection, path: Path, target: Path) -> None:
    """Copy the store to `target`. The copy is checked and synced before it gets this name.

    Passwords in addresses are left out, because copies may end up anywhere.
    """
    partial_copy = target.with_name(target.name + ".part")
    partial_copy.unlink(missing_ok=True)
    create_private(partial_copy)
    try:
        with closing(connect(partial_copy, "rw")) as copy:
            connection.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")
            strip_copy(copy)
            # A quick check is enough, because the indexes can be rebuilt.
            require_sound(copy, "quick_check", str(path), "quick check of the copy")
        sync(partial_copy)
        partial_copy.replace(target)
    finally:
        for suffix in ("", "-journal"):  # SQLite keeps the journal if a rollback fails
            partial_copy.with_name(partial_copy.name + suffix).unlink(missing_ok=True)
    sync(target.parent)


def remove_old_copies(path: Path) -> None:
    """Delete those copies of the store at `path` that are older than COPY_RETENTION.

    Raises:
        OSError: a copy cannot be deleted.
    """
    oldest_mtime = time.time() - COPY_RETENTION.total_seconds()
    for copy in path.parent.glob(f"{path.stem}.before-[0-9]*.sqlite3"):
        if copy.stat().st_mtime < oldest_mtime:
            copy.unlink()
