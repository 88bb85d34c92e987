"""Restores backups, and answers the question about their settings at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from desktop_app.backup.restore import RestoreResult, restore_backup
from desktop_app.providers.gateway.environment_profiles import BUILT_IN


class AnsweredRestore:
    """A callback that answers the question of a restore and records the listed changes."""

    def __init__(self, answer: bool = True) -> None:
        self.answer = answer
        self.changes: list[str] = []

    def __call__(self, changes: Sequence[str]) -> bool:
        self.changes += changes
        return self.answer


def restore_now(
    archive: Path,
    database: Path,
    attachments: Path,
    at: datetime,
    ask: AnsweredRestore | None = None,
) -> RestoreResult | None:
    """Restore a backup with all its settings, unless `ask` answers otherwise."""
    return restore_backup(
        archive,
        database,
        attachments,
        at,
        lambda _done, _total: None,
        ask=ask or AnsweredRestore(),
        built_in=BUILT_IN,
    )
