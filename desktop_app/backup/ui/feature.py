"""Backups: what the window must know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from desktop_app.app.feature import Feature
from desktop_app.i18n.translation import N_
from desktop_app.settings.setting import SettingsPlace

if TYPE_CHECKING:
    from desktop_app.app.session import Session


def _compose(session: Session) -> None:
    from desktop_app.backup.ui.backup_controller import BackupController

    backups = session.of(BackupController)
    session.events.woke.connect(backups.check_soon)
    session.end_steps.append(backups.close)


async def _load(session: Session) -> None:
    from desktop_app.backup.ui.backup_controller import BackupController

    await session.of(BackupController).start()


FEATURE: Final = Feature(
    compose=_compose,
    load=_load,
    sections={"library": "backup.ui.backup_section.BackupSection"},
    places=(SettingsPlace(N_("Backups"), "library", "backup-now", N_("save restore copy")),),
    remedies={
        ("restore", N_("Restore backup…"), N_("The damaged file is kept.")): (
            "backup.ui.restore_work.choose_and_restore"
        )
    },
)
