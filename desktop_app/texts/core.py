"""What the feature contributes below the window."""

from __future__ import annotations

from typing import Final

from desktop_app.features import Core

CORE: Final = Core(window="texts.ui.feature.FEATURE")
