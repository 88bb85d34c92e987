"""The focus of segments and menu buttons: its ring, and the arrow keys."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QLineEdit, QListView, QTableWidget, QVBoxLayout, QWidget

from desktop_app.widgets.buttons.segmented_control import SegmentedControl
from desktop_app.widgets.forms.tab_order import FocusScroller
from desktop_app.widgets.look import theme
from desktop_app.widgets.text.foreign_text import PlainButton, PlainTextField, PlainToolButton
from desktop_app.widgets.windows import scroll_area_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

Reason = Qt.FocusReason


def test_arrow_keys_choose_segments_in_both_directions(qtbot: QtBot) -> None:
    control = SegmentedControl([(key, key.upper()) for key in "abc"])
    qtbot.addWidget(control)
    with qtbot.waitExposed(control):
        control.show()
    control.activateWindow()
    chosen: list[str] = []
    control.chosen.connect(chosen.append)
    control.chosen.connect(control.set_current)
    control.set_current("a")
    control.button("a").setFocus()
    qtbot.waitUntil(control.button("a").hasFocus)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Left):
        qtbot.keyClick(control.button(control.current() or ""), key)
    assert chosen == ["b", "c", "b"]


def checked_button() -> QWidget:
    button = PlainButton("Mark")
    button.setCheckable(True)
    button.setChecked(True)
    return button


MAKERS: Final[dict[str, tuple[Callable[[], QWidget], str]]] = {
    "check-box": (QCheckBox, ""),
    "checked-button": (checked_button, "plain"),
    "stop": (PlainToolButton, "stop"),
    "text": (PlainTextField, "field"),
    "table": (QTableWidget, "figures"),
    "scrolled": (QListView, "ringed"),
}


@pytest.mark.parametrize("kind", MAKERS)
def test_the_style_sheet_shows_the_focus(kind: str, qtbot: QtBot, light_theme: theme.Theme) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    make, role = MAKERS[kind]
    widget = make()
    if role:
        theme.set_role(widget, role)
    other, column = QLineEdit(), QVBoxLayout(window)
    for each in (widget, other):
        column.addWidget(each)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    other.setFocus()
    plain = widget.grab().toImage()
    widget.setFocus(Reason.TabFocusReason)
    ring = light_theme.accent.name()
    shown = widget.grab().toImage()
    # The focus adds a line in the accent color at an edge.
    middle = shown.rect().center()
    edges = [(at, middle.y()) for at in range(4)] + [(middle.x(), at) for at in range(4)]
    accents = [shown.pixelColor(*at).name() == ring != plain.pixelColor(*at).name() for at in edges]
    assert kind == "checked-button" or any(accents)
    assert shown != plain


def test_no_ring_is_drawn_outside_its_widget(light_theme: theme.Theme) -> None:
    """A widget cuts off what a negative margin moves out of it."""
    negative = re.findall(
        r"^(.*)\{[^}]*margin[^:;}]*:[^;}]*-\d", theme.style_sheet(light_theme), re.M
    )
    assert [each for each in negative if "::" not in each] == []


def test_tab_scrolls_to_a_hidden_widget(qtbot: QtBot) -> None:
    window, page = QWidget(), QWidget()
    qtbot.addWidget(window)
    scroller = FocusScroller(window)
    rows = QVBoxLayout(page)
    boxes = [QCheckBox(str(number)) for number in range(40)]
    for box in boxes:
        rows.addWidget(box)
    area, field = scroll_area_of(page), QLineEdit()
    column = QVBoxLayout(window)
    for widget in (field, area):
        column.addWidget(widget)
    window.resize(200, 200)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    area.verticalScrollBar().setValue(area.verticalScrollBar().maximum())
    field.setFocus()
    qtbot.keyClick(field, Qt.Key.Key_Tab)
    assert boxes[0].hasFocus()
    assert not boxes[0].visibleRegion().isEmpty()
    del scroller
