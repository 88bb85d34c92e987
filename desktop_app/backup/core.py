"""What the feature contributes below the window."""

from desktop_app.domain.stored_table import STAYS, Effect
from desktop_app.features import CommandPlaces, Core
from desktop_app.i18n.translation import N_
from desktop_app.settings.setting import Choice, Group, Setting, Unit

CORE = Core(
    window="backup.ui.feature.FEATURE",
    commands={
        "backup": CommandPlaces("backup.arguments.backup_arguments", "backup.command.run_backup"),
        "restore": CommandPlaces(
            "backup.arguments.restore_arguments", "backup.command.run_restore"
        ),
    },
    settings=(
        Setting("backup.folder", "", N_("Backup folder"), Group.KEPT),
        Setting(
            "backup.every",
            "off",
            N_("Automatic backups"),
            Group.BACKUP,
            words=N_("schedule save"),
            choices=(
                Choice("off", N_("Off")),
                Choice("day", N_("Daily")),
                Choice("week", N_("Weekly")),
            ),
        ),
        Setting(
            "backup.keep",
            7,
            N_("Backups to keep"),
            Group.BACKUP,
            N_("Older backups of this library in the folder are deleted."),
            stops=tuple(range(1, 31)),
            unit=Unit.BACKUPS,
            part_of="backup.every",
        ),
    ),
    setting_effects={
        (Effect.PLAIN, STAYS): "backup.keep backup.last",
        (Effect.LISTED, STAYS): "backup.folder backup.every",
    },
)
