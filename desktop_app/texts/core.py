"""What the feature contributes below the window."""

from desktop_app.features import Core

CORE = Core(window="texts.ui.feature.FEATURE")
