"""The views of the document viewer: pages of different widths, zoom by wheel, ends by key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QToolButton, QWidget

from desktop_app.documents.ui.attachment_preview import AttachmentPreview
from desktop_app.documents.ui.document_viewer import DocumentViewer
from desktop_app.documents.ui.paged_text import PagedText, page_ends
from desktop_app.documents.ui.viewer_pages import ViewerPages
from desktop_app.documents.ui.viewer_text import ViewerText
from desktop_app.markdown.document_text import DocumentText, TextForm
from desktop_app.transcript.search.find_bar import FindBar
from desktop_app.widgets.look.theme import light
from desktop_app.widgets.look.theme_watcher import change_theme
from tests.helpers.transcript_views import shown_text, top_line
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


def show_all(view: ViewerText, text: str, form: TextForm = TextForm.LINES) -> None:
    """Show a text, and answer each request for a slice."""
    document = DocumentText(text, form)
    view.slice_requested.connect(
        lambda number: view.show_slice(number, document.render_slice(number)),
        Qt.ConnectionType.QueuedConnection,
    )
    view.begin_text(len(document.slices))


@pytest.mark.parametrize("lines", [200, 5000])
def test_end_scrolls_to_the_last_line(text: ViewerText, qtbot: QtBot, lines: int) -> None:
    show_all(text, "\n\n".join(f"Line {number}" for number in range(lines)))
    qtbot.waitUntil(lambda: not text.is_loading)
    qtbot.keyClick(text, Qt.Key.Key_End)
    qtbot.waitUntil(lambda: shown_text(text).rstrip().endswith(f"Line {lines - 1}"))
    qtbot.waitUntil(lambda: not text.is_loading)
    bar = text.verticalScrollBar()
    assert bar.maximum() > 0
    qtbot.waitUntil(lambda: bar.value() == bar.maximum())
    qtbot.keyClick(text, Qt.Key.Key_Home)
    qtbot.waitUntil(lambda: shown_text(text).startswith("Line 0"))
    assert bar.value() == 0


def test_enter_presses_the_focused_button(qtbot: QtBot, light_theme: Theme) -> None:
    viewer = DocumentViewer()
    qtbot.addWidget(viewer)
    viewer.show()
    original = find(viewer, QToolButton, "viewer-original")
    original.setFocus()
    with qtbot.waitSignal(viewer.original_requested):
        qtbot.keyClick(original, Qt.Key.Key_Return)


def test_matches_after_windows_line_breaks_are_selected(qtbot: QtBot, light_theme: Theme) -> None:
    view = PagedText("text", "Text")
    qtbot.addWidget(view)
    text = "one\r\ntwo\r\nneedle"
    view.set_text(text, page_ends(text))
    qtbot.waitUntil(lambda: view.is_written)
    view.search("needle")
    assert view.view.textCursor().selectedText() == "needle"


def test_a_match_across_pages_is_found(qtbot: QtBot, light_theme: Theme) -> None:
    view = PagedText("text", "Text")
    qtbot.addWidget(view)
    view.set_text("a needle", [5, 8])
    view.search("needle")
    qtbot.waitUntil(lambda: view.is_written)
    assert view.view.textCursor().selectedText() == "nee"


@pytest.mark.parametrize("words", ["Line 50", "cell 30"])
def test_the_text_on_top_stays_when_its_size_changes(
    text: ViewerText, qtbot: QtBot, qapp: QApplication, words: str
) -> None:
    """Check this with a table that fits as lines only in the smaller size."""
    rows = "".join(f"| cell {n} | some more words | and more of them |\n" for n in range(60))
    lines = "\n\n".join(f"Line {n}" for n in range(200))
    show_all(text, f"| a | b | c |\n|---|---|---|\n{rows}\n\n{lines}", TextForm.MARKDOWN)
    qtbot.waitUntil(lambda: not text.is_loading)
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
    window, viewer = QWidget(), DocumentViewer()
    qtbot.addWidget(window)
    qtbot.addWidget(viewer)
    assert step_after_typing(qtbot, AttachmentPreview(window)) == ["after", 1]
    assert step_after_typing(qtbot, viewer) == ["after", 1]
