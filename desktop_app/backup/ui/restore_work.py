"""Restoring a backup while the store is closed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from desktop_app.app.startup.closed_work import Ask, Choices, ClosedWork, Progress
from desktop_app.domain.conversations.conversation import now
from desktop_app.i18n.translation import N_, tr
from desktop_app.widgets.file_dialogs import choose_file

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from desktop_app.paths import Folders

BACKUP_FILES = N_("Backups (*.zip)")
_RESTORE_QUESTION: Final = N_(
    "This backup changes where data is sent, what can be spent or which files are read"
)
_RESTORE_CHOICES: Choices = (
    ("cancel", N_("Cancel"), ""),
    ("take", N_("Restore with these settings"), N_("Only if you trust the source of this backup.")),
)
_NOTHING_CHANGED: Final = N_("Nothing was changed.")


def restore_work(folders: Folders, archive: Path) -> ClosedWork:
    """Return the work that replaces the store by a backup."""
    from desktop_app.backup.restore import restore_backup
    from desktop_app.providers.gateway.environment_profiles import BUILT_IN

    def work(progress: Progress, ask: Ask) -> str:
        def confirm(changes: Sequence[str]) -> bool:
            return ask(tr(_RESTORE_QUESTION), "\n".join(changes), _RESTORE_CHOICES) == "take"

        result = restore_backup(
            archive,
            database=folders.database,
            attachments=folders.attachments,
            now=now(),
            progress=progress,
            ask=confirm,
            built_in=BUILT_IN,
        )
        return tr(_NOTHING_CHANGED) if result is None else result.sentence(archive.name)

    return ClosedWork(tr("Restoring {file}…", file=archive.name), work)


async def choose_and_restore(parent: QWidget, folders: Folders) -> ClosedWork | None:
    """Ask for a backup; return the work that restores it, or None if none was chosen."""
    archive = await _choose_backup(parent)
    return None if archive is None else restore_work(folders, archive)


async def _choose_backup(parent: QWidget) -> Path | None:
    archive_future: asyncio.Future[Path | None] = asyncio.get_running_loop().create_future()

    def on_choice(archive: Path | None) -> None:
        if not archive_future.done():
            archive_future.set_result(archive)

    dialog = choose_file(
        parent, tr("Restore backup"), on_choice, start=Path.home(), filters=tr(BACKUP_FILES)
    )
    dialog.rejected.connect(lambda: on_choice(None))
    return await archive_future
