"""Right-to-left text: quote bars and the prompt are mirrored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt

from desktop_app.composer.prompt_text import PromptText
from desktop_app.transcript.view import TranscriptView
from desktop_app.widgets.look import theme
from tests.helpers.messages import answer, question

if TYPE_CHECKING:
    from PySide6.QtGui import QColor, QImage

ARABIC = "> اقتباس من النص العربي"


def bar_columns(view: TranscriptView) -> set[int]:
    """Return the x coordinates at which a column of the bar's color is ten pixels high."""
    image, line = view.viewport().grab().toImage(), theme.light().line
    return {x for x in range(image.width()) if _height(image, x, line) >= 10}


def _height(image: QImage, x: int, color: QColor) -> int:
    return sum(image.pixelColor(x, y) == color for y in range(image.height()))


@pytest.mark.slow
def test_a_quote_bar_is_on_the_side_where_its_text_begins(view: TranscriptView) -> None:
    view.set_messages([question("Quote"), answer(ARABIC)])
    middle = view.viewport().width() / 2
    assert min(bar_columns(view)) > middle
    view.set_messages([question("Quote"), answer("> An English quote")])
    assert max(bar_columns(view)) < middle


def test_the_prompt_begins_at_the_right_if_its_text_does(qtbot) -> None:
    prompt = PromptText()
    qtbot.addWidget(prompt)
    prompt.resize(400, 100)
    prompt.show()
    prompt.setPlainText("12 مرحبا")
    assert prompt.document().defaultTextOption().alignment() is Qt.AlignmentFlag.AlignRight
    assert prompt.cursorRect().x() > 200
    prompt.setPlainText("Hello مرحبا")
    assert prompt.cursorRect().x() < 200


def ground_columns(view: TranscriptView) -> set[int]:
    """Return the x coordinates of the background of the user's message."""
    image, tint = view.viewport().grab().toImage(), theme.light().tint
    return {x for x in range(image.width()) if _height(image, x, tint) >= 10}


def test_an_own_message_is_at_the_right_of_the_column(view: TranscriptView) -> None:
    view.set_messages([question("Mine"), answer("Yours")])
    left, right = min(ground_columns(view)), max(ground_columns(view))
    column = view.document().textWidth()
    assert left > right - column * 0.9
    assert view.viewport().width() - right < left
