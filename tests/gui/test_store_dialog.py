"""All text of the dialog about a closed store can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QScrollArea

from desktop_app.ui.look.theme import light
from desktop_app.ui.window.store_dialog import StoreDialog
from tests.helpers.widgets import find

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

LONG = (
    "Your library was restored from repartee-backup-2026-11-20-145114.zip. The previous library "
    "is in the folder of the library, repartee.before-restore-20261120-145137.sqlite3."
)


@pytest.mark.parametrize("styled", [False, True])
def test_text_shown_after_the_work_is_not_clipped(qtbot: QtBot, *, styled: bool) -> None:
    dialog = StoreDialog(light())
    if styled:  # its font differs from the system's
        dialog.setStyleSheet(
            "QLabel { font-size: 22px; } QAbstractScrollArea { border: 2px solid; }"
        )
    qtbot.addWidget(dialog)
    dialog.show_work("Deleting everything…")
    with qtbot.waitExposed(dialog):
        dialog.open()
    dialog.offer("Done.", LONG, (("go-on", "Go on", "And a note on that. " * 8),))
    qtbot.waitUntil(lambda: all(b.isVisible() for b in dialog.findChildren(QPushButton)))
    QApplication.processEvents()
    shown = [w for kind in (QLabel, QPushButton) for w in dialog.findChildren(kind)]
    for widget in filter(lambda w: w.isVisible(), shown):
        needed = widget.heightForWidth(widget.width())
        assert widget.height() >= max(needed, widget.minimumSizeHint().height())
        assert dialog.rect().contains(widget.geometry())
    assert not find(dialog, QScrollArea, "").verticalScrollBar().isVisible()


@pytest.mark.attack("imports")
def test_every_setting_that_a_restore_changes_has_a_line(qtbot: QtBot) -> None:
    dialog = StoreDialog(light())
    qtbot.addWidget(dialog)
    changes = [f"Provider {n}, URL: none → https://{n}.example/{'a' * 60}" for n in range(200)]
    dialog.offer("This backup changes settings", "\n".join(changes), (("keep", "Restore", ""),))
    label = find(dialog, QScrollArea, "").widget()
    assert isinstance(label, QLabel)
    assert label.text().splitlines() == changes
    assert label.heightForWidth(label.width()) > 200 * label.fontMetrics().height()


def test_the_choices_stay_on_the_screen_when_a_list_appears(qtbot: QtBot) -> None:
    dialog = StoreDialog(light())
    dialog.setStyleSheet("QLabel, QPushButton { font-size: 40px; }")
    qtbot.addWidget(dialog)
    dialog.show_work("Restoring…")
    with qtbot.waitExposed(dialog):
        dialog.open()
    room = dialog.screen().availableGeometry()
    dialog.move(room.left(), room.bottom() - dialog.height())
    choices = tuple((name, "Restore with these settings", "A note. " * 8) for name in "ab")
    dialog.offer("This backup changes settings", "One line.\n" * 50, choices)
    qtbot.waitUntil(lambda: room.contains(dialog.geometry()))
