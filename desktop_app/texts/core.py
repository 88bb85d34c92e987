"""What the feature contributes below the window."""

from desktop_app.domain.stored_table import STAYS, Effect
from desktop_app.features import Core

CORE = Core(
    window="texts.ui.feature.FEATURE", setting_effects={(Effect.CONSENT, STAYS): "pages.opened"}
)
