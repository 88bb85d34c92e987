"""Menus and lists open as cards with round corners and a shadow, exactly where Qt puts them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton, QWidget

from desktop_app.widgets.forms.form_widgets import Combo
from desktop_app.widgets.look import motion, theme
from desktop_app.widgets.look.popup_card import card_of
from desktop_app.widgets.program_menu import ProgramMenu, popup_above

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

pytestmark = pytest.mark.qt_log_ignore("does not support", extend=True)


def card_on_screen(popup: QWidget) -> QRect:
    return card_of(popup).translated(popup.pos())


def color_at(widget: QWidget, point: QPoint) -> tuple[int, str]:
    image = widget.grab().toImage()
    color = image.pixelColor(point * image.devicePixelRatio())
    return color.alpha(), color.name()


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    made = QWidget()
    made.setGeometry(100, 100, 400, 300)
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.mark.parametrize("make", [theme.light, theme.dark])
def test_a_menu_is_a_card_where_it_was_opened(make, window: QWidget, qapp: QApplication) -> None:
    current = make()
    theme.apply_theme(qapp, current)
    menu = ProgramMenu(window)
    menu.addAction("Open")
    at = window.mapToGlobal(QPoint(50, 60))
    for _ in range(2):
        menu.popup(at)
        assert card_on_screen(menu).topLeft() == at
        corner = card_of(menu).topLeft()
        assert color_at(menu, QPoint(0, 0))[0] == 0
        assert color_at(menu, corner)[0] < 100, "the corner is round"
        assert color_at(menu, corner + QPoint(12, -1))[0] < 100
        assert color_at(menu, corner + QPoint(12, 4)) == (255, current.card.name())
        menu.close()


def test_a_menu_can_open_above_its_button_and_closes_by_a_click_on_its_shadow(
    window: QWidget,
) -> None:
    button = QPushButton("Menu", window)
    button.move(50, 200)
    menu = ProgramMenu(window)
    menu.addAction("Open")
    popup_above(menu, button)
    assert card_on_screen(menu).bottom() + 1 == button.mapToGlobal(QPoint(0, 0)).y()
    QTest.mouseClick(menu, Qt.MouseButton.LeftButton, pos=QPoint(2, 2))
    assert not menu.isVisible()


def test_a_menu_above_its_button_begins_at_the_right_in_a_mirrored_window(
    window: QWidget, qapp: QApplication
) -> None:
    button = QPushButton("Menu", window)
    button.setGeometry(200, 200, 40, 30)
    qapp.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    menu = ProgramMenu(window)
    menu.addAction("Open a file")
    popup_above(menu, button)
    card = card_on_screen(menu)
    qapp.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
    assert card.bottomRight() == button.mapToGlobal(QPoint(39, -1))
    menu.close()


def test_the_list_of_a_combo_box_is_as_wide_as_the_box(window: QWidget) -> None:
    combo = Combo("Fruit")
    combo.setParent(window)
    combo.setGeometry(50, 60, 200, 32)
    combo.show()
    for fruit in ("Apple", "Pear", "Plum"):
        combo.addItem(fruit)
    rows = []
    for _ in range(2):
        combo.showPopup()
        card = card_on_screen(combo.view().window())
        assert card.width() == combo.width()
        assert card.topLeft() == combo.mapToGlobal(combo.rect().bottomLeft())
        rows.append(combo.view().viewport().height())
        combo.hidePopup()
    row = combo.view().sizeHintForRow(0)
    assert rows[0] == rows[1]
    assert 3 * row <= rows[0] < 4 * row


def test_what_appears_fades_in_unless_motion_is_reduced(window: QWidget) -> None:
    assert motion.fade_in(window) is None, "offscreen, windows have no opacity"
    child = QWidget(window)
    assert motion.fade_in(child) is None
    motion.reduce_motion(False)
    animation = motion.fade_in(child)
    assert animation is not None
    assert animation.duration() == 120
    effect = child.graphicsEffect()
    assert effect.isEnabled()
    animation.setCurrentTime(120)
    assert not effect.isEnabled()
