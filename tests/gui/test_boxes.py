"""Rows and columns that adapt to the text size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QLabel, QWidget

from desktop_app.ui.look import theme
from desktop_app.ui.widgets.boxes import column_of, row_of, scale_boxes
from desktop_app.ui.widgets.flow_layout import FlowLayout

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


def test_margins_and_spacing_follow_the_text_size(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    row, flow = row_of(QLabel(), QLabel(), spacing=10), FlowLayout(QLabel(), spacing=4)
    column = column_of(row, flow, parent=window, margins=(16, 14, 0, 2), spacing=6)
    for scale in (2, 1):
        scale_boxes(window, theme.light(scale))
        assert [box.spacing() for box in (row, flow, column)] == [10 * scale, 4 * scale, 6 * scale]
        sides = column.contentsMargins()
        assert (sides.left(), sides.top(), sides.right(), sides.bottom()) == (
            16 * scale,
            14 * scale,
            0,
            2 * scale,
        )


def test_spacing_and_margins_of_the_style_are_not_scaled(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    column = column_of(QLabel(), parent=window)
    before = column.spacing(), column.contentsMargins()
    scale_boxes(window, theme.light(2))
    assert (column.spacing(), column.contentsMargins()) == before
