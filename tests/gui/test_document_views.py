"""The views of the document viewer: pages of different widths, zoom by wheel, ends by key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget

from desktop_app.documents.ui import viewer_pages
from desktop_app.documents.ui.attachment_preview import AttachmentPreview
from desktop_app.documents.ui.viewer_pages import ViewerPages
from desktop_app.documents.ui.viewer_text import ViewerText
from desktop_app.markdown.document_text import DocumentText, TextForm
from desktop_app.transcript.find_bar import FindBar
from desktop_app.widgets.look.theme import light
from desktop_app.widgets.look.theme_watcher import change_theme
from tests.helpers.transcript_views import marked_text, top_line
from tests.helpers.widgets import find

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop_app.widgets.look.theme import Theme


@pytest.fixture
def pages(qtbot: QtBot, light_theme: Theme) -> ViewerPages:
    """Return a view of 500 × 400 pixels."""
    view = ViewerPages()
    qtbot.addWidget(view)
    view.resize(500, 400)
    view.show()
    return view


@pytest.fixture
def text(qtbot: QtBot, light_theme: Theme) -> ViewerText:
    """Return a view of 500 × 400 pixels."""
    view = ViewerText()
    qtbot.addWidget(view)
    view.resize(500, 400)
    view.show()
    return view


def test_only_whole_vertical_steps_of_the_wheel_zoom(pages: ViewerPages) -> None:
    pages.set_pages([(300, 400)])
    pages.set_percent(100)

    def turn(x: int, y: int) -> int:
        at, control = QPointF(50, 50), Qt.KeyboardModifier.ControlModifier
        event = QWheelEvent(
            at,
            at,
            QPoint(),
            QPoint(x, y),
            Qt.MouseButton.NoButton,
            control,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(pages.viewport(), event)
        return pages.percent

    assert turn(120, 0) == 100
    assert turn(0, 120) == 125
    assert turn(0, -120) == 100
    assert turn(0, 50) == 100, "a touchpad sends fractions of a step"
    assert turn(0, 70) == 125
    assert turn(0, -240) == 80


def test_each_strip_in_view_is_requested_once_until_the_pages_move(
    pages: ViewerPages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(viewer_pages, "_MAX_CACHED_BYTES", 1)  # less than the strips in view
    pages.set_pages([(300, 4000)])
    pages.set_percent(400)
    strips = []
    while (strip := pages.next_strip()) is not None:
        strips.append(strip)
        pages.add_strip(strip, bytes(4 * strip.width * strip.rows))
    assert len(strips) == len(set(strips)) > 0
    assert len(pages.images) == 1
    pages._request_strips()
    assert pages.next_strip() == strips[0]


@pytest.mark.parametrize("lines", [200, 5000])
def test_end_scrolls_to_the_last_line(text: ViewerText, lines: int, qtbot: QtBot) -> None:
    text.show_document(
        DocumentText("\n\n".join(f"Line {number}" for number in range(lines)), TextForm.LINES)
    )
    qtbot.keyClick(text, Qt.Key.Key_End)
    bar = text.verticalScrollBar()
    assert bar.value() == bar.maximum() > 0
    last_screen = "".join(shown.document.toPlainText() for shown in text.shown_segments())
    assert last_screen.rstrip().endswith(f"Line {lines - 1}")
    qtbot.keyClick(text, Qt.Key.Key_Home)
    assert bar.value() == 0
    assert top_line(text) == "Line 0"


def test_a_whole_text_is_copied_without_parsing_it_before(
    text: ViewerText, qtbot: QtBot, qapp: QApplication
) -> None:
    lines = [f"{number}: {'word ' * 10}end" for number in range(5000)]
    text.show_document(DocumentText("\n".join(lines), TextForm.CODE))
    text.selection.select_all()
    text.copy_selected()
    qtbot.waitUntil(lambda: qapp.clipboard().text().endswith(lines[-1]))
    assert all(line in qapp.clipboard().text() for line in (lines[0], lines[2500]))
    assert sum(text._is_open(index) for index in range(text.articles.count)) < 10
    qapp.clipboard().clear()


def test_a_match_after_windows_line_breaks_is_marked(text: ViewerText, qtbot: QtBot) -> None:
    source = "one\r\ntwo\r\nneedle"
    text.show_document(DocumentText(source, TextForm.CODE))
    text.mark((source.index("needle"), len(source)))
    assert marked_text(text) == "needle"
    text.mark(None)
    assert marked_text(text) == ""


@pytest.mark.parametrize("words", ["Line 50", "cell 30"])
def test_the_text_on_top_stays_when_its_size_changes(
    text: ViewerText, qtbot: QtBot, qapp: QApplication, words: str
) -> None:
    """Check this with a table that fits as lines only in the smaller size."""
    rows = "".join(f"| cell {n} | some more words | and more of them |\n" for n in range(60))
    lines = "\n\n".join(f"Line {n}" for n in range(200))
    table = f"| a | b | c |\n|---|---|---|\n{rows}\n\n{lines}"
    text.show_document(DocumentText(table, TextForm.MARKDOWN))
    bar = text.verticalScrollBar()
    while not top_line(text).startswith(words):
        bar.setValue(bar.value() + 10)
    place = text.place_near(QPoint(0, 0))
    assert place is not None
    for scale in (1.6, 1.0):
        change_theme(qapp, light(scale))
        rect = text.rect_of(place)
        assert rect is not None
        assert abs(rect.top()) < 30


def step_after_typing(qtbot: QtBot, shown: QWidget) -> list[object]:
    """Type a text to find and press F3 twice. Return what the find bar emits."""
    shown.show()
    shown.activateWindow()
    bar, emitted = find(shown, FindBar, "find-bar"), list[object]()
    bar.open("before")
    bar.changed.connect(emitted.append)
    bar.step_requested.connect(emitted.append)
    qtbot.waitUntil(bar.field.hasFocus)
    bar.field.setText("after")
    qtbot.keyClick(bar.field, Qt.Key.Key_F3)
    qtbot.keyClick(bar.field, Qt.Key.Key_F3)
    return emitted


def test_a_step_right_after_typing_finds_the_typed_text(qtbot: QtBot, light_theme: Theme) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    assert step_after_typing(qtbot, AttachmentPreview(window)) == ["after", 1]
