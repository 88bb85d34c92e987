"""Work on the store while it is closed: repair, restore, deletion of everything.

A damaged store does not end the program: a dialog reports it and offers remedies. If the user
requests such work in an open window, the window closes first, and the program restarts afterwards.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal

from desktop_app.domain.conversations.conversation import now
from desktop_app.domain.errors import StoreDamagedError, UserFacingError
from desktop_app.i18n.translation import N_, tr
from desktop_app.ui.widgets.external_open import open_path
from desktop_app.ui.window.store_dialog import Choices, StoreDialog

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from desktop_app.paths import Folders
    from desktop_app.storage.settings.outbound_settings import SettingChange
    from desktop_app.ui.look.theme import Theme

Progress = Callable[[int, int], None]
Ask = Callable[[str, str, Choices], str]
"""Shows a title, words and choices, and waits for an answer; called on the worker's thread."""
BACKUP_FILES = N_("Backups (*.zip)")
_DAMAGED: Choices = (
    (
        "repair",
        N_("Repair"),
        N_("Recovers readable data into a new library. The damaged file is kept."),
    ),
    ("restore", N_("Restore backup…"), N_("The damaged file is kept.")),
    ("folder", N_("Open folder"), ""),
    ("quit", N_("Quit"), ""),
)
_ENDED: Choices = (("go-on", N_("Continue"), ""),)
_CHANGES: Final = N_("This backup changes where data is sent or how much can be spent")
_CONFIRM: Choices = (
    (
        "keep",
        N_("Restore without these settings"),
        N_("Keeps your current settings. New providers are added without their URL."),
    ),
    (
        "take",
        N_("Restore with these settings"),
        N_("Only if you trust the source of this backup."),
    ),
    ("cancel", N_("Cancel"), ""),
)
_NOTHING_CHANGED: Final = N_("Nothing was changed.")


@dataclass(frozen=True)
class ClosedWork:
    """Work on the closed store.

    Attributes:
        words: a description, shown during the work.
        work: runs in a thread and returns a sentence for the user, or "". The dialog answers its
            questions.
    """

    words: str
    work: Callable[[Progress, Ask], str]


def repairing(where: Folders) -> ClosedWork:
    """Return the work that repairs the store."""
    from desktop_app.storage.recovery.repair import repair_store

    def work(progress: Progress, _ask: Ask) -> str:
        return repair_store(where.database, now(), progress).sentence

    return ClosedWork(tr("Recovering data…"), work)


def restoring(where: Folders, archive: Path) -> ClosedWork:
    """Return the work that replaces the store by a backup."""
    from desktop_app.backend.environment_profiles import BUILT_IN
    from desktop_app.storage.recovery.restore import RestoreChoice, restore_backup

    def work(progress: Progress, ask: Ask) -> str:
        def confirm(changes: Sequence[SettingChange]) -> RestoreChoice:
            listed = "\n".join(change.sentence for change in changes)
            return RestoreChoice(ask(tr(_CHANGES), listed, _CONFIRM))

        restored = restore_backup(
            archive,
            where.database,
            where.attachments,
            now(),
            progress,
            ask=confirm,
            built_in=BUILT_IN,
        )
        return tr(_NOTHING_CHANGED) if restored is None else restored.sentence(archive.name)

    return ClosedWork(tr("Restoring {file}…", file=archive.name), work)


def erasing(where: Folders) -> ClosedWork:
    """Return the work that deletes everything."""
    from desktop_app.storage.database.temporary_files import remove_all
    from desktop_app.storage.recovery.erasure import erase_everything

    def work(_progress: Progress, _ask: Ask) -> str:
        erase_everything(where.database, where.attachments)
        remove_all(where.temporary)
        return tr("Everything was deleted.")

    return ClosedWork(tr("Deleting everything…"), work)


class _Steps(QObject):
    """Carries progress from the worker thread to the window's."""

    progressed = Signal(int, int)

    def report(self, done: int, total: int) -> None:
        """Emit `progressed`, which Qt queues for the window's thread."""
        self.progressed.emit(done, total)


class ClosedStore:
    """A dialog shown in place of a window, and the work done while it is open."""

    def __init__(self, parent: QWidget | None, theme: Theme, where: Folders) -> None:
        self._parent, self._theme, self._where = parent, theme, where

    async def rescue(self, error: StoreDamagedError) -> bool:
        """Offer remedies for the damage; return True to open the store again."""
        dialog = StoreDialog(self._theme, self._parent)
        try:
            words = error.details
            while True:
                chosen = await _answer(dialog, error.what_happened, words, _DAMAGED)
                if chosen == "quit":
                    return False
                work = self._wanted(chosen, dialog)
                if work is not None:
                    await self._do(work, dialog)
                    return True
        finally:
            dialog.hide()
            dialog.deleteLater()

    async def do(self, work: ClosedWork) -> None:
        """Do the work and show its result."""
        dialog = StoreDialog(self._theme, self._parent)
        try:
            await self._do(work, dialog)
        finally:
            dialog.hide()
            dialog.deleteLater()

    def _wanted(self, chosen: str, dialog: StoreDialog) -> ClosedWork | None:
        from PySide6.QtWidgets import QFileDialog  # not needed at the start

        if chosen == "repair":
            return repairing(self._where)
        if chosen == "folder":
            open_path(self._where.data)
            return None
        name, _ = QFileDialog.getOpenFileName(
            dialog, tr("Restore backup"), str(Path.home()), tr(BACKUP_FILES)
        )
        return restoring(self._where, Path(name)) if name else None

    async def _do(self, work: ClosedWork, dialog: StoreDialog) -> None:
        dialog.show_work(work.words)
        dialog.open()
        steps = _Steps()
        steps.progressed.connect(dialog.set_progress)  # from the other thread: queued
        loop = asyncio.get_running_loop()

        async def answered(title: str, words: str, choices: Choices) -> str:
            chosen = await _answer(dialog, title, words, choices)
            dialog.show_work(work.words)
            return chosen

        def ask(title: str, words: str, choices: Choices) -> str:
            return asyncio.run_coroutine_threadsafe(answered(title, words, choices), loop).result()

        try:
            said = await asyncio.to_thread(work.work, steps.report, ask)
        except UserFacingError as error:
            await _answer(dialog, error.what_happened, error.what_to_do, _ENDED)
        else:
            await _answer(dialog, tr("Done"), said, _ENDED)


async def _answer(dialog: StoreDialog, title: str, words: str, choices: Choices) -> str:
    answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def take(name: str) -> None:
        if not answer.done():
            answer.set_result(name)

    shown = [(name, tr(label), note and tr(note)) for name, label, note in choices]
    dialog.offer(title, words, shown)
    connection = dialog.chosen.connect(take)
    dialog.open()
    try:
        return await answer
    finally:
        dialog.chosen.disconnect(connection)
