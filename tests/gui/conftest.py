"""What every test of a widget has: the program's icons and style on the one QApplication."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desktop_app.paths import resource_path
from desktop_app.ui import icons, theme

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication


@pytest.fixture(autouse=True)
def dressed(qapp: QApplication) -> theme.Theme:
    """The light theme, applied to the application."""
    icons.use_folder(resource_path("icons/lucide"))
    current = theme.light()
    theme.apply(qapp, current)
    return current
