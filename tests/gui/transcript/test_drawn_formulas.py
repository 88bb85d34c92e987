"""Formulas in the transcript: typeset in another process, copied and read as source."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtGui import QAccessible, QColor, QGuiApplication, QTextCursor

from desktop_app.child_processes import child_command
from desktop_app.markdown.block_model import FORMULA_END, FORMULA_START
from desktop_app.transcript.media.drawings import Typesetter
from desktop_app.transcript.segment_formulas import DRAWN
from desktop_app.widgets.look import theme
from tests.gui.test_theme import contrast
from tests.gui.transcript.test_streaming import look, stream_into
from tests.helpers.children import MISSING_CHILD
from tests.helpers.messages import answer, streaming

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PySide6.QtGui import QTextLine
    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

    from desktop_app.transcript.view import TranscriptView

INVISIBLE = set("\u2061\u2062\u2063\u2064")
TEXT = (
    r"So $\frac{a}{b}$ and \(x_1\) cost $5 or $10, not `$x$`."
    "\n\n$$\n\\sum_{i=0}^n i^2\n= y\n$$\n\n| a |\n|---|\n| $z^2$ |\n"
)


@pytest.fixture(scope="module")
def shared_typesetter(qapp: QApplication) -> Iterator[Typesetter]:
    made = Typesetter(child_command("math"))
    yield made
    made.close()


@pytest.fixture
def typesetter(shared_typesetter: Typesetter) -> Iterator[Typesetter]:
    """Yield a typesetter that has drawn nothing, of which only the process has started."""
    yield shared_typesetter
    shared_typesetter.forget()
    shared_typesetter._formulas.clear()


def drawn(view: TranscriptView) -> int:
    return view.toPlainText().count(DRAWN)


def test_formulas_are_drawn_and_copied_as_source(
    view: TranscriptView, typesetter: Typesetter, qtbot: QtBot
) -> None:
    view.formula_display.set_typesetter(typesetter)
    view.set_messages([answer(TEXT)])
    assert r"\frac{a}{b}" in view.toPlainText()
    height = view.document().size().height()
    qtbot.waitUntil(lambda: drawn(view) == 4)
    assert FORMULA_START not in view.toPlainText()
    assert view.document().size().height() != height
    assert "cost $5 or $10, not $x$." in view.toPlainText()
    assert r"\frac{a}{b}" in view.toPlainText(), "screen readers read the source"
    assert not INVISIBLE & set(view.toPlainText()), "braille displays spell them out"
    view.selection.select_all()
    view.copy()
    data = QGuiApplication.clipboard().mimeData()
    for text in (data.text(), data.html(), bytes(data.data("text/markdown").data()).decode()):
        assert r"$\frac{a}{b}$" in text
        assert "$x_1$" in text
        assert "$z^2$" in text
        assert DRAWN not in text
    assert "$$\n\\sum_{i=0}^n i^2\n= y\n$$" in data.text()


def test_a_screen_reader_reads_the_source_of_a_formula(
    view: TranscriptView, typesetter: Typesetter, qtbot: QtBot
) -> None:
    view.formula_display.set_typesetter(typesetter)
    view.set_messages([answer(TEXT)])
    qtbot.waitUntil(lambda: drawn(view) == 4)
    read = QAccessible.queryAccessibleInterface(view).textInterface()
    words = read.text(0, read.characterCount())
    at = [words.index(tex) for tex in (r"\frac{a}{b}", "x_1", r"\sum_{i=0}^n i^2", "z^2")]
    assert r"\sum_{i=0}^n i^2 = y" in words
    assert at == sorted(at)
    assert not INVISIBLE & set(words)


def test_a_formula_wider_than_the_column_is_drawn_smaller(
    view: TranscriptView, typesetter: Typesetter, qtbot: QtBot
) -> None:
    view.formula_display.set_typesetter(typesetter)
    view.set_messages([answer("$$\n" + "+".join(["x_{long}"] * 30) + "\n$$")])
    qtbot.waitUntil(lambda: drawn(view) == 1)
    for width in (900, 500):
        view.resize(width, 500)
        [line] = lines(view)
        assert view.viewport().width() - 10 < line.naturalTextWidth() <= view.viewport().width() + 1


def lines(view: TranscriptView) -> list[QTextLine]:
    layout = view.document().find(DRAWN).block().layout()
    return [layout.lineAt(number) for number in range(layout.lineCount())]


def test_a_formula_that_cannot_be_typeset_stays_source(
    view: TranscriptView, typesetter: Typesetter, qtbot: QtBot
) -> None:
    view.formula_display.set_typesetter(typesetter)
    with qtbot.waitSignal(typesetter.settled):
        view.set_messages([answer(r"$\nosuchcommand x$ and ${$")])
    assert drawn(view) == 0
    assert r"\nosuchcommand x" in view.toPlainText()


def test_formulas_stay_source_if_the_typesetting_process_is_missing(
    view: TranscriptView, qtbot: QtBot
) -> None:
    typesetter = Typesetter(MISSING_CHILD)
    view.formula_display.set_typesetter(typesetter)
    view.set_messages([answer("$x$ and $y$")])
    qtbot.waitUntil(lambda: not typesetter.is_busy)
    assert f"x{FORMULA_END} and" in view.toPlainText()


def test_streamed_formulas_equal_those_shown_at_once(
    view: TranscriptView, typesetter: Typesetter, qtbot: QtBot
) -> None:
    view.formula_display.set_typesetter(typesetter)
    message = streaming()
    stream_into(view, message, [TEXT[i : i + 3] for i in range(0, len(TEXT), 3)])
    qtbot.waitUntil(lambda: drawn(view) == 4)
    arrived = look(view.document())
    view.set_messages([answer(TEXT)])
    assert drawn(view) == 4
    assert arrived == look(view.document())


def test_a_selection_contains_whole_formulas(
    view: TranscriptView, typesetter: Typesetter, qtbot: QtBot
) -> None:
    view.formula_display.set_typesetter(typesetter)
    view.set_messages([answer("a $x+y$ b")])
    qtbot.waitUntil(lambda: drawn(view) == 1)
    found = view.document().find(DRAWN)
    cursor = QTextCursor(view.document())
    cursor.setPosition(found.selectionStart())
    cursor.setPosition(found.selectionEnd(), QTextCursor.MoveMode.KeepAnchor)
    view.setTextCursor(cursor)
    view.copy()
    assert QGuiApplication.clipboard().text() == "$x+y$"


@pytest.mark.parametrize("make_theme", [theme.light, theme.dark])
def test_a_selected_formula_contrasts_with_its_background(
    view: TranscriptView,
    typesetter: Typesetter,
    qtbot: QtBot,
    make_theme: Callable[[], theme.Theme],
) -> None:
    view.set_theme(make_theme())
    view.formula_display.set_typesetter(typesetter)
    view.set_messages([answer("$m+m+m+m$")])
    qtbot.waitUntil(lambda: drawn(view) == 1)
    view.selection.select_all()
    found = view.document().find(DRAWN)
    start = QTextCursor(view.document())
    start.setPosition(found.selectionStart())
    [line] = lines(view)
    middle = view.cursorRect(start).top() + int(line.height()) // 2
    area = QRect(QPoint(view.cursorRect(start).left() + 1, middle - 4), QSize(30, 8))
    image = view.viewport().grab(area).toImage()
    colors = {image.pixel(x, y) for x in range(30) for y in range(8)}
    seen = [QColor.fromRgba(color) for color in colors]
    assert max(contrast(one, other) for one in seen for other in seen) >= 4.5
