"""An empty page shows a pale picture in the colors of the theme, a sentence and a button."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QLabel, QPushButton

from desktop_app.widgets.empty_page import EmptyPage
from desktop_app.widgets.look import theme

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot


@pytest.mark.parametrize("make", [theme.light, theme.dark])
@pytest.mark.parametrize("picture", ["table", "list", "projects", "text", "chart"])
def test_a_picture_stands_above_its_sentence_and_button(
    make, picture: str, qtbot: QtBot, qapp: QApplication
) -> None:
    current = make()
    theme.apply_theme(qapp, current)
    button = QPushButton("Begin")
    page = EmptyPage(picture, "Here it is.", button, name="sentence")
    qtbot.addWidget(page)
    page.resize(640, 400)
    page.show()
    sentence = page.findChild(QLabel, "sentence")
    assert 100 < sentence.y() < button.y() < 300
    assert abs(button.geometry().center().x() - 320) <= 1
    image = page.grab().toImage()
    colors = {image.pixelColor(x, y).name() for x in range(130, 510) for y in range(sentence.y())}
    assert {current.code_ground.name(), current.hover.name(), current.selected.name()} <= colors
