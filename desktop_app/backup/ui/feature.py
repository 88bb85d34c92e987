"""Backups: the commands, and what the window must know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from desktop_app.app.feature import Action, Feature, call
from desktop_app.i18n.translation import N_
from desktop_app.shortcuts.command import Category

if TYPE_CHECKING:
    from desktop_app.app.session import Session


def _compose(session: Session) -> None:
    from desktop_app.backup.ui.backup_controller import BackupController

    backups = session.of(BackupController)
    session.events.woke.connect(backups.check_soon)
    session.end_steps.append(backups.close)


FEATURE: Final = Feature(
    actions=(
        Action(
            "library.show",
            N_("Backups, import, and export"),
            Category.PROGRAM,
            "Ctrl+G, Ctrl+D",
            run=call("backup.ui.backup_controller.BackupController.show_page"),
            is_in_palette=False,
        ),
    ),
    compose=_compose,
    pages={"library": "backup.ui.data_tab.DataTab"},
)
