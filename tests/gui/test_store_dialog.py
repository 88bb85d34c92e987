"""All text of the dialog about a closed store can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QLabel, QScrollArea

from desktop_app.app.startup.closed_store import StoreDialog
from tests.helpers.widgets import find

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


@pytest.mark.attack("imports")
def test_every_setting_that_a_restore_changes_has_a_line(qtbot: QtBot) -> None:
    dialog = StoreDialog()
    qtbot.addWidget(dialog)
    changes = [f"Provider {n}, URL: none → https://{n}.example/{'a' * 60}" for n in range(200)]
    dialog.offer("This backup changes settings", "\n".join(changes), (("keep", "Restore", ""),))
    label = find(dialog, QScrollArea, "").widget()
    assert isinstance(label, QLabel)
    assert label.text().splitlines() == changes
    assert label.heightForWidth(label.width()) > 200 * label.fontMetrics().height()
