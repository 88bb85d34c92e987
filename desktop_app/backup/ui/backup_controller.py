"""Automatic backups, daily or weekly, to a folder that the user chose, and their restore.

The last outcome is stored, so that a failure or an incomplete backup is notified only once and then
shown in the settings. A failed backup is retried every hour.
"""

from __future__ import annotations

import asyncio
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import QTimer, Signal

from desktop_app.app.session import Controller, Session
from desktop_app.app.startup.command_runner import CommandResult, CommandRunner
from desktop_app.app.transfer import Transfer
from desktop_app.backup.ui.restore_work import BACKUP_FILES, restore_work
from desktop_app.domain.conversations.conversation import now
from desktop_app.domain.error_note import error_from_json, error_from_note, error_to_json
from desktop_app.domain.errors import StorageError
from desktop_app.i18n.formatting import moment
from desktop_app.i18n.translation import N_, paragraph, tr
from desktop_app.storage.upgrade_copy import upgrade_copies
from desktop_app.widgets.file_dialogs import choose_file, choose_folder
from desktop_app.widgets.forms.form_dialog import ask

LAST_KEY = "backup.last"
# No backup is made during the start.
FIRST_CHECK = timedelta(seconds=20)
RETRY_AFTER = timedelta(hours=1)
# Qt's timers count milliseconds in 32 bits, and the clock may change meanwhile.
MAX_WAIT = timedelta(hours=6)
INTERVALS = {"day": timedelta(days=1), "week": timedelta(days=7)}
BACKUP_TOPIC = "backup"
_RESTORE_WARNING: Final = N_(
    "This replaces your conversations, attachments, and settings. "
    "Your current library is kept in a separate file. Repartee will restart."
)


def time_until_backup(
    every: str, last_outcome: dict[str, Any], current_time: datetime
) -> timedelta | None:
    """Return the time until the next backup; None if backups are off.

    Args:
        every: the setting: "day", "week" or "off".
        last_outcome: {"at": time of the last backup, "failed_at": time of a later failure}, as
            ISO 8601.
    """
    if every not in INTERVALS:
        return None
    due_at = current_time
    # A backup or failure dated in the future, by a wrong clock, must not delay others.
    backed_up_at = _parse_time(last_outcome.get("at"))
    if backed_up_at is not None and backed_up_at <= current_time:
        due_at = backed_up_at + INTERVALS[every]
    failed_at = _parse_time(last_outcome.get("failed_at"))
    if failed_at is not None and failed_at <= current_time:
        due_at = max(due_at, failed_at + RETRY_AFTER)
    return max(due_at - current_time, timedelta())


class BackupController(Controller):
    """Timer that runs `repartee backup` when a backup is due, and commands of the Data page.

    Signals:
        state_changed(str, Tone): the last backup and its error, or that a folder is missing.
    """

    state_changed = Signal(str, str)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._settings_store = session.backend.settings
        self._command = CommandRunner()
        self._last_outcome: dict[str, Any] = {}
        self.copy_sentence = ""
        self._is_running = False
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._tasks.slot(self._back_up_if_due))
        self._values.changed.connect(self._on_value_changed)

    async def start(self) -> None:
        """Read the last outcome and start the timer."""
        stored_settings = await self._settings_store.all()
        self._last_outcome = stored_settings.get(LAST_KEY, {})
        database = self._session.backend.database.path
        copies = await asyncio.to_thread(upgrade_copies, database)
        self.copy_sentence = copies[0].sentence if copies else ""
        self.show_state()
        self._schedule(FIRST_CHECK)

    def check_soon(self) -> None:
        """Back up soon if a backup is due: the timer stood still while the computer slept."""
        self._schedule(FIRST_CHECK)

    def close(self) -> None:
        """Stop the timer and a running backup at the program's end."""
        self._timer.stop()
        self._command.stop()

    def _on_value_changed(self, key: str) -> None:
        if key in ("backup.folder", "backup.every"):
            if self._last_outcome.pop("failed_at", None):
                self._last_outcome.pop("error", None)
            self.show_state()
            self._schedule(timedelta(seconds=2))

    @property
    def _folder(self) -> str:
        return str(self._values["backup.folder"])

    @property
    def _kept_count(self) -> int:
        return int(self._values["backup.keep"] or 1)

    def _schedule(self, minimum: timedelta = timedelta()) -> None:
        wait = time_until_backup(str(self._values["backup.every"]), self._last_outcome, now())
        if wait is None or not self._folder:
            self._timer.stop()
            return
        wait = min(max(wait, minimum), MAX_WAIT)
        self._timer.start(int(wait.total_seconds() * 1000))

    async def _back_up_if_due(self) -> None:
        if self._is_running:
            return  # the running backup starts the timer again at its end
        wait = time_until_backup(str(self._values["backup.every"]), self._last_outcome, now())
        try:
            if wait == timedelta() and self._folder:
                await self._back_up()
        finally:  # also if the outcome could not be stored
            self._schedule()

    async def _back_up(self) -> None:
        self._is_running = True
        try:
            result = await self._command.run(
                "backup",
                self._folder,
                "--keep",
                str(self._kept_count),
                progress=lambda _done, _total: None,
            )
        except OSError as exc:  # the process cannot be started
            result = CommandResult(1, "", str(exc))
        finally:
            self._is_running = False
        if not self._command.was_stopped:
            await self._record(result)

    def choose_folder(self, *, begins: bool = False) -> None:
        """Let the user choose the folder of backups, and back up there at once if that began it."""

        async def use(folder: Path) -> None:
            await self._values.set("backup.folder", str(folder))
            if begins:
                await self._run_now()

        choose_folder(
            self._window,
            tr("Backup folder"),
            lambda folder: self._tasks.start(use(folder)),
            start=self._folder or Path.home(),
        )

    def back_up_now(self) -> None:
        if self._folder:
            self._tasks.start(self._run_now())
        else:
            self.choose_folder(begins=True)

    async def _run_now(self) -> None:
        transfer = self._session.of(Transfer)
        keep = ("--keep", str(self._kept_count), "--progress")
        result = await transfer.run(tr("Backing up…"), "backup", self._folder, *keep)
        if result is not None and not transfer.was_stopped:
            await self._record(result, is_manual=True)

    async def _record(self, result: CommandResult, *, is_manual: bool = False) -> None:
        """Store the outcome of a backup; notify of it, but of a repeated failure only once."""
        ended_at = now().isoformat()
        previous_outcome = self._last_outcome
        error = None if result.error is None else error_to_json(result.error)
        if result.code:
            self._last_outcome = {**previous_outcome, "failed_at": ended_at, "error": error}
        else:
            self._last_outcome = {"at": ended_at, "error": error}
        await self._settings_store.set(LAST_KEY, self._last_outcome)
        self.show_state()
        self._schedule()
        if result.code:
            if is_manual or "failed_at" not in previous_outcome:
                self._notifications.notify(_backup_error(result), topic=BACKUP_TOPIC)
        elif result.error is None:
            self._notifications.dismiss_topic(BACKUP_TOPIC)
            if is_manual:
                self._notifications.notify(tr("Backed up to {file}.", file=result.output.strip()))
        elif is_manual or error != previous_outcome.get("error"):
            self._notifications.dismiss_topic(BACKUP_TOPIC)
            self._notifications.notify(error_from_note(result.error), topic=BACKUP_TOPIC)

    def show_state(self) -> None:
        """Report the last backup and its error, or that a folder is missing."""
        backed_up_at = _parse_time(self._last_outcome.get("at"))
        last_backup = (
            tr("Last backup: {time}.", time=moment(backed_up_at))
            if backed_up_at
            else tr("No backup yet.")
        )
        error = self._last_outcome.get("error")
        reason = "" if error is None else error_from_json(error).sentences
        if failed_at := _parse_time(self._last_outcome.get("failed_at")):
            failure = tr("The backup of {time} failed.", time=moment(failed_at))
            sentences = paragraph(failure, reason, last_backup)
            self.state_changed.emit(sentences, "error")
        elif self._values["backup.every"] != "off" and not self._folder:
            self.state_changed.emit(tr("Choose a backup folder."), "warning")
        elif reason:
            self.state_changed.emit(paragraph(last_backup, reason), "warning")
        else:
            self.state_changed.emit(last_backup, "note")

    # ------------------------------------------------------------------ the closed store

    def choose_restore(self) -> None:
        """Ask for a backup file and for confirmation, then restore it."""
        start = Path.home()
        backup_folder = str(self._values["backup.folder"])  # "" if none was chosen
        if os.path.isdir(backup_folder):  # noqa: PTH112 — Path.is_dir raises if the disk has gone
            start = Path(backup_folder)
        choose_file(
            self._window,
            tr("Restore backup"),
            self._confirm_restore,
            start=start,
            filters=tr(BACKUP_FILES),
        )

    def _confirm_restore(self, archive: Path) -> None:
        ask(
            self._window,
            "confirm-restore",
            tr("Restore {file}?", file=archive.name),
            tr(_RESTORE_WARNING),
            label=tr("Restore"),
            on_accepted=lambda: self._session.run_on_closed_store(
                restore_work(self._session.backend.folders, archive)
            ),
            is_destructive=False,  # the present library is kept, as the warning says
        )


def _backup_error(result: CommandResult) -> StorageError:
    hint = N_("Check the backup folder in {data_page}.")
    message = N_("The backup failed.")
    if result.error is None:
        return StorageError(message, hint, details=result.messages)
    cause = error_from_note(result.error)
    params = {**cause.params, "words": cause.what_happened}
    return StorageError(message, cause.hint or hint, params=params, details=result.messages)


def _parse_time(text: object) -> datetime | None:
    try:
        time = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return time if time.tzinfo else None
