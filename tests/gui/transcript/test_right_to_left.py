"""Right-to-left text: quote bars and tables are mirrored, and so is the prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from desktop_app.ui.composer.prompt_text import PromptText
from desktop_app.ui.look import theme
from desktop_app.ui.transcript.view import TranscriptView
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


def test_the_bar_is_on_the_side_where_the_text_begins(view: TranscriptView) -> None:
    view.set_messages([question("Quote"), answer(ARABIC)])
    middle = view.viewport().width() / 2
    assert min(bar_columns(view)) > middle
    view.set_messages([question("Quote"), answer("> An English quote")])
    assert max(bar_columns(view)) < middle


def test_the_bar_moves_when_the_first_letter_arrives(view: TranscriptView) -> None:
    view.set_messages([question("Quote"), answer("> 12")])
    assert max(bar_columns(view)) < view.viewport().width() / 2
    view.set_messages([question("Quote"), answer("> 12 سطر")])
    assert min(bar_columns(view)) > view.viewport().width() / 2


def test_the_prompt_begins_at_the_right_if_its_text_does(qtbot) -> None:
    prompt = PromptText(theme.light())
    qtbot.addWidget(prompt)
    prompt.resize(400, 100)
    prompt.show()
    prompt.setPlainText("12 مرحبا")
    assert prompt.document().defaultTextOption().alignment() is Qt.AlignmentFlag.AlignRight
    assert prompt.cursorRect().x() > 200
    prompt.setPlainText("Hello مرحبا")
    assert prompt.cursorRect().x() < 200
