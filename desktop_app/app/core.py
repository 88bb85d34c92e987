"""What the feature contributes below the window."""

from desktop_app.features import Core

CORE = Core(window="app.window.feature.FEATURE")
