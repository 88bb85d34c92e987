"""`repartee repair`, without a window; it needs the library for itself.

Progress goes to standard error, on a terminal every two seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.cli import console
from desktop_app.cli.command_setup import expand_path, run_library_command
from desktop_app.cli.output_file import partial_file, unwritable_error
from desktop_app.domain import errors
from desktop_app.domain.conversations.conversation import now
from desktop_app.i18n.translation import N_, tr
from desktop_app.library.repair import repair_store
from desktop_app.paths import folders

if TYPE_CHECKING:
    from desktop_app.cli.command_line import Options


def run_repair(options: Options) -> int:
    return run_library_command(_repair, options)


def _repair(options: Options) -> int:
    user_folders = folders()
    if not user_folders.database.exists():
        raise errors.StorageError(
            N_("There is no library yet."), hint=N_("Start Repartee to create one.")
        )
    reporter = console.ProgressReporter(tr("Recovering data"))
    if options.to is None or expand_path(options.to).resolve() == user_folders.database.resolve():
        report = repair_store(user_folders.database, now(), reporter.show)
    else:
        target = expand_path(options.to)
        try:
            with partial_file(target) as file:
                report = repair_store(user_folders.database, now(), reporter.show, file)
        except OSError as exc:
            raise unwritable_error(target, exc) from exc
        report.repaired_file = target
    console.write_diagnostic(report.sentence)
    return 0
