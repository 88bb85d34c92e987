"""The focus ring of segments and menu buttons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFocusEvent

from desktop_app.ui.look import theme
from desktop_app.ui.widgets.buttons.menu_button import MenuButton
from desktop_app.ui.widgets.buttons.segmented_control import SegmentedControl

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication, QWidget
    from pytestqt.qtbot import QtBot

Reason = Qt.FocusReason


def focus(widget: QWidget, reason: Qt.FocusReason) -> bytes:
    """Give a widget the focus as Qt does, and return what it paints."""
    widget.setFocus(Reason.MouseFocusReason)
    widget.focusInEvent(QFocusEvent(QEvent.Type.FocusIn, reason))
    image = widget.grab().toImage()
    return bytes(image.constBits())


@pytest.mark.parametrize("kind", ["segment", "menu-button"])
def test_the_ring_returns_with_the_window_and_after_a_menu(
    kind: str, qtbot: QtBot, qapp: QApplication
) -> None:
    light = theme.light()
    control = SegmentedControl([("a", "A"), ("b", "B")], light)
    widget = control.button("a") if kind == "segment" else MenuButton(light, lambda _: None)
    top = control if kind == "segment" else widget
    qtbot.addWidget(top)
    top.show()
    top.activateWindow()
    qtbot.waitUntil(top.isActiveWindow)
    plain, ringed = (
        focus(widget, each) for each in (Reason.MouseFocusReason, Reason.TabFocusReason)
    )
    assert plain != ringed
    for reason in (Reason.ActiveWindowFocusReason, Reason.PopupFocusReason):
        focus(widget, Reason.TabFocusReason)
        widget.focusInEvent(QFocusEvent(QEvent.Type.FocusIn, reason))
        assert bytes(widget.grab().toImage().constBits()) == ringed
        focus(widget, Reason.MouseFocusReason)
        widget.focusInEvent(QFocusEvent(QEvent.Type.FocusIn, reason))
        assert bytes(widget.grab().toImage().constBits()) == plain
