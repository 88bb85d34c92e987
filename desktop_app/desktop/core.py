"""What the feature contributes below the window."""

from typing import Final

from desktop_app.domain.stored_table import STAYS, Effect
from desktop_app.features import CommandPlaces, Core
from desktop_app.i18n.translation import N_
from desktop_app.settings.setting import Group, Setting

START_AT_LOGIN: Final = "desktop.start_at_login"
NOTIFICATIONS: Final = "desktop.notifications"

CORE = Core(
    window="desktop.ui.feature.FEATURE",
    commands={
        "desktop": CommandPlaces(
            "desktop.command.arguments.desktop_arguments",
            "desktop.command.desktop_command.run_desktop",
        )
    },
    settings=(
        Setting(
            START_AT_LOGIN,
            False,
            N_("Start at login"),
            Group.DESKTOP,
            N_("Starts without a window."),
            words=N_("autostart boot"),
            is_advanced=True,
        ),
        Setting(
            NOTIFICATIONS,
            True,
            N_("Notifications"),
            Group.DESKTOP,
            N_("For long responses and batch jobs. Only the title is shown."),
            words=N_("alerts sound"),
        ),
    ),
    setting_effects={(Effect.PLAIN, STAYS): NOTIFICATIONS, (Effect.LISTED, STAYS): START_AT_LOGIN},
)
