"""What the feature contributes below the window."""

from enum import StrEnum
from typing import Final

from desktop_app.domain.stored_table import STAYS, Effect
from desktop_app.features import CommandPlaces, Core
from desktop_app.i18n.translation import N_
from desktop_app.settings.setting import Choice, Group, Setting

PASTE_BACK: Final = "desktop.paste_back"


class PasteBackChoice(StrEnum):
    """Values of the setting PASTE_BACK: whether the quick prompt types into other windows."""

    ASK = "ask"
    PASTE = "paste"
    COPY = "copy"


CORE = Core(
    window="quick.ui.feature.FEATURE",
    commands={"quick": CommandPlaces("quick.arguments.quick_arguments", "main.run_quick")},
    settings=(
        Setting(
            PASTE_BACK,
            PasteBackChoice.ASK.value,
            N_("Paste from the quick prompt"),
            Group.DESKTOP,
            N_("On Wayland, paste into a terminal yourself."),
            is_advanced=True,
            choices=(
                Choice(PasteBackChoice.ASK.value, N_("Ask")),
                Choice(PasteBackChoice.PASTE.value, N_("Paste")),
                Choice(PasteBackChoice.COPY.value, N_("Only copy")),
            ),
        ),
    ),
    setting_effects={(Effect.CONSENT, STAYS): "desktop.paste_back"},
)
