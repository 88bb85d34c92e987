"""`repartee backup` and `restore`, without a window.

`restore` needs the library for itself. Progress goes to standard error: on a
terminal every two seconds, with --progress for each step.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from functools import partial
from typing import TYPE_CHECKING

from desktop_app.backup.backup import delete_old_backups, is_backup_file, make_backup
from desktop_app.backup.restore import INSTALL_EARLIER, restore_backup, restore_upgrade_copy
from desktop_app.cli import console
from desktop_app.cli.command_setup import (
    expand_path,
    open_backend,
    report_library_error,
    run_library_command,
)
from desktop_app.cli.exit_code import ExitCode
from desktop_app.domain import errors
from desktop_app.domain.conversations.conversation import now
from desktop_app.i18n.translation import N_, tr
from desktop_app.library.search_rebuild import complete_index
from desktop_app.paths import folders
from desktop_app.providers.gateway.environment_profiles import BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.cli.command_line import Options


def run_backup(options: Options) -> int:
    return run_library_command(lambda options: asyncio.run(_backup(options)), options)


def run_restore(options: Options) -> int:
    return run_library_command(_restore, options)


async def _backup(options: Options) -> int:
    user_folders = folders()
    reporter = console.ProgressReporter(tr("Backing up"), in_lines=options.progress)
    place = expand_path(options.path)
    is_file = is_backup_file(place)
    if is_file and options.keep is not None:
        options.refuse(tr("--keep needs a folder, not a file"))
    if is_file and place.exists() and not options.force:
        raise errors.IllegalChoiceError(
            N_("{file} exists already."), hint=N_("--force replaces it."), file=str(place)
        )
    async with open_backend():  # migrates a store of an older version first
        # Nothing below awaits, so Ctrl+C must raise KeyboardInterrupt instead of canceling a task.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            backup = make_backup(
                user_folders.database,
                user_folders.attachments,
                place,
                at=now(),
                progress=reporter.show,
            )
        except KeyboardInterrupt:
            console.write_diagnostic(tr("Interrupted. No backup was made."))
            raise
        if options.keep is not None:
            delete_old_backups(backup.path, options.keep)
    if warning := backup.warning():
        report_library_error(warning, options)
    console.write_line(str(backup.path))
    return 0


def _restore(options: Options) -> int:
    user_folders = folders()
    if options.before_upgrade:
        copy, result = restore_upgrade_copy(user_folders.database, now())
        console.write_diagnostic(f"{result.sentence(copy.name)} {tr(INSTALL_EARLIER)}")
        return 0
    reporter = console.ProgressReporter(tr("Restoring attachments"))
    archive = expand_path(options.path)
    restored = restore_backup(
        archive,
        user_folders.database,
        user_folders.attachments,
        now=now(),
        progress=reporter.show,
        ask=partial(_ask_about_settings, accept=options.accept_settings),
        built_in=BUILT_IN,
    )
    if restored is None:
        console.write_diagnostic(tr("Nothing was changed."))
        return ExitCode.FAILED
    console.write_diagnostic(restored.sentence(archive.name))
    if restored.is_indexing:  # an interrupted one is continued by the window
        asyncio.run(_complete_index())
    return 0


async def _complete_index() -> None:
    reporter = console.ProgressReporter(tr("Search index"))
    async with open_backend() as backend:
        await complete_index(backend.database, lambda done: reporter.show(int(done * 100), 100))


def _ask_about_settings(changes: Sequence[str], *, accept: bool) -> bool:
    """List the changes; unless `accept`, ask on a terminal whether to restore the backup."""
    console.write_diagnostic(
        tr("This backup changes where data is sent, what can be spent or which files are read:")
    )
    for change in changes:
        console.write_diagnostic(f"  {change}")
    if accept:
        return True
    if not console.can_ask():
        console.write_diagnostic(tr("To restore it with these settings, use --accept-settings."))
        return False
    console.write_question(tr("Restore it with these settings? [y/N]"))
    try:
        return console.is_yes(sys.stdin.readline())
    except KeyboardInterrupt:
        return False
