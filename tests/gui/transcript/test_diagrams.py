"""Mermaid diagrams in the transcript: a picture for the code, and the code by a click."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication

from desktop_app.child_processes import child_command
from desktop_app.markdown.processes import diagram_drawing
from desktop_app.markdown.processes.diagram_drawing import UndrawnDiagram, can_draw
from desktop_app.transcript.copying import menu_for
from desktop_app.transcript.media.drawings import DiagramDrawer, ShownDiagram
from desktop_app.transcript.message_items import LineKind, diagram_key_of
from desktop_app.transcript.reading_tree import reading_nodes
from desktop_app.transcript.segment import Place
from desktop_app.transcript.targets import OPEN_CODE, describe, targets_of
from desktop_app.widgets.look import theme
from desktop_app.widgets.look.theme_watcher import change_theme
from tests.gui.transcript.test_streaming import finished
from tests.helpers.children import MISSING_CHILD
from tests.helpers.diagrams import FLOWCHART, HOSTILE, SVG, SVG_BOMBS
from tests.helpers.messages import answer, streaming

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

    from desktop_app.transcript.shown_message import ShownMessage
    from desktop_app.transcript.view import TranscriptView


def application() -> QApplication:
    found = QApplication.instance()
    assert isinstance(found, QApplication)
    return found


pytestmark = pytest.mark.skipif(not can_draw(), reason="merman has no wheel for this system")
TEXT = f"Before.\n\n```mermaid\n{FLOWCHART}\n```\n\nAfter."


@pytest.fixture(scope="module")
def shared_drawer(qapp: QApplication) -> Iterator[DiagramDrawer]:
    made = DiagramDrawer(child_command("diagrams"))
    yield made
    made.close()


@pytest.fixture
def drawer(shared_drawer: DiagramDrawer) -> Iterator[DiagramDrawer]:
    """Yield a drawer that has drawn nothing, of which only the process has started."""
    yield shared_drawer
    shared_drawer.forget()
    shared_drawer._drawn.clear()


def shown_keys(view: TranscriptView) -> list[str]:
    """Return the keys of the pictures that are shown in place of code."""
    return [
        key
        for shown in view.messages.shown()
        for index, item in enumerate(shown.items)
        if (key := diagram_key_of(item)) and not shown.is_hidden(index)
    ]


def last(view: TranscriptView) -> ShownMessage:
    shown = view.messages.last()
    assert shown is not None
    return shown


def notes(view: TranscriptView) -> list[str]:
    return [
        item.runs[0].text for item in last(view).items if item.kind is LineKind.FOLD and item.runs
    ]


def test_a_picture_stands_for_the_code_until_it_is_clicked(
    view: TranscriptView, drawer: DiagramDrawer, qtbot: QtBot
) -> None:
    view.set_drawer(drawer)
    view.set_messages([answer(TEXT)])
    assert "flowchart TD" in view.toPlainText()
    qtbot.waitUntil(lambda: bool(shown_keys(view)))
    assert "flowchart TD" not in view.toPlainText()
    assert "Show code" in view.toPlainText()
    shown = last(view)
    view.commands.run(shown.key, f"diagram-0/{shown_keys(view)[0]}")
    assert "flowchart TD" in view.toPlainText()
    assert not shown_keys(view)
    view.commands.run(shown.key, "diagram-0")
    assert shown_keys(view)
    view.selection.select_all()
    assert FLOWCHART in view.createMimeDataFromSelection().text()


def test_a_streamed_diagram_appears_at_its_closing_fence(
    view: TranscriptView, drawer: DiagramDrawer, qtbot: QtBot
) -> None:
    view.set_drawer(drawer)
    message = streaming()
    view.stream.append_message(message)
    before, fence, rest = TEXT.rpartition("\n```")
    for piece in (before[:30], before[30:]):
        view.stream.append_text(message.id, piece)
        view.stream.flush()
    assert not drawer.is_busy
    view.stream.append_text(message.id, fence)
    view.stream.flush()
    qtbot.waitUntil(lambda: bool(shown_keys(view)))
    view.stream.append_text(message.id, rest)
    view.stream.flush()
    view.stream.update_message(finished(message, TEXT))
    assert len(shown_keys(view)) == 1
    assert view.toPlainText().index("Show code") < view.toPlainText().index("After.")
    view.set_messages([answer(TEXT)])
    assert len(shown_keys(view)) == 1, "it was drawn before"


def test_the_line_on_screen_stays_when_a_diagram_appears_above_it(
    view: TranscriptView, drawer: DiagramDrawer, qtbot: QtBot
) -> None:
    tail = "\n\n".join(f"Line {number}." for number in range(60))
    view.set_messages([answer(f"{TEXT}\n\n{tail}")])
    view.scroll_to_message(last(view).key, "Line 30.")
    at = view.scroll_state()

    def y_of_line() -> int:
        shown = last(view)
        texts = ["".join(run.text for run in item.runs) for item in shown.items]
        index = texts.index("Line 30.")
        return view.item_rect(shown.key, index).y()

    before = y_of_line()
    view.set_drawer(drawer)
    qtbot.waitUntil(lambda: bool(shown_keys(view)))
    view.viewport().repaint()
    assert y_of_line() == before
    assert view.scroll_state() != at, "the picture is higher than its code"


@pytest.mark.parametrize(
    ("source", "note"),
    [
        ("flowchart TD\nA[Hello --> B", "line 2"),
        (HOSTILE["nesting"], "too large"),
        ("flowchart TD\n" + "A-->B\n" * 4_000, "too large"),
    ],
)
def test_a_source_that_is_not_drawn_stays_code_with_the_reason(
    view: TranscriptView, drawer: DiagramDrawer, qtbot: QtBot, source: str, note: str
) -> None:
    view.set_drawer(drawer)
    view.set_messages([answer(f"```mermaid\n{source}\n```\n\nAfter.")])
    qtbot.waitUntil(lambda: any(note in each for each in notes(view)), timeout=15_000)
    assert "flowchart TD" in view.toPlainText()
    assert not shown_keys(view)


def test_without_the_process_the_code_stays(view: TranscriptView, qtbot: QtBot) -> None:
    drawer = DiagramDrawer(MISSING_CHILD)
    view.set_drawer(drawer)
    view.set_messages([answer(TEXT)])
    qtbot.waitUntil(lambda: not drawer.is_busy)
    assert "flowchart TD" in view.toPlainText()
    drawer.close()


def test_another_theme_draws_the_diagram_again(
    view: TranscriptView, drawer: DiagramDrawer, qtbot: QtBot
) -> None:
    view.set_drawer(drawer)
    view.set_messages([answer(TEXT)])
    qtbot.waitUntil(lambda: bool(shown_keys(view)))
    [light_key] = shown_keys(view)
    change_theme(application(), theme.dark())
    try:
        assert shown_keys(view) == [light_key], "the former picture stays until then"
        qtbot.waitUntil(lambda: shown_keys(view) not in ([], [light_key]))
        [dark_key] = shown_keys(view)
        diagram = drawer.diagram(dark_key)
        assert diagram is not None
        corner = QImage.fromData(diagram.png).pixelColor(1, 1)
        assert corner == QColor(theme.dark().code_ground)
    finally:
        change_theme(application(), theme.light())


def test_a_picture_is_no_wider_than_the_text(
    view: TranscriptView, drawer: DiagramDrawer, qtbot: QtBot
) -> None:
    view.set_drawer(drawer)
    chain = " --> ".join(f"n{number}[Step number {number}]" for number in range(20))
    requested: list[str] = []
    view.image_requested.connect(requested.append)
    view.set_messages([answer(f"```mermaid\nflowchart LR\n{chain}\n```")])
    qtbot.waitUntil(lambda: bool(shown_keys(view)))
    qtbot.waitUntil(lambda: requested == shown_keys(view))
    assert view.horizontalScrollBar().maximum() == 0


def test_a_diagram_is_named_and_reached_by_keys(
    view: TranscriptView, drawer: DiagramDrawer, qtbot: QtBot
) -> None:
    view.set_drawer(drawer)
    view.set_messages([answer(TEXT)])
    assert "" not in [node.name for node in reading_nodes(last(view).items)]
    qtbot.waitUntil(lambda: bool(shown_keys(view)))
    shown = last(view)
    names = [describe(shown, target).name for target in targets_of(shown)]
    diagram = "Diagram: flowchart, code available"
    assert names[:3] == ["Copy code, mermaid", diagram, "Show code"]
    assert diagram in [node.name for node in reading_nodes(shown.items)]
    picture = next(i for i, item in enumerate(shown.items) if diagram_key_of(item))
    for item in (picture - 1, picture, picture + 1):
        menu = menu_for(view.commands, Place(shown.key, item), "", view.follow_link)
        labels = [action.text() for action in menu.actions()]
        assert labels[:3] == ["Copy code block", "Copy picture", "Save picture as…"]
        menu.deleteLater()
    elsewhere = menu_for(view.commands, Place(shown.key, 0), "", view.follow_link)
    assert "Copy picture" not in [action.text() for action in elsewhere.actions()]
    elsewhere.deleteLater()


def test_where_the_libraries_are_missing_a_diagram_is_plain_code(
    view: TranscriptView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diagram_drawing, "can_draw", lambda: False)
    drawer = DiagramDrawer(MISSING_CHILD)
    view.set_drawer(drawer)
    view.set_messages([answer(TEXT)])
    assert not drawer.is_busy
    assert "flowchart TD" in view.toPlainText()
    assert not last(view).has_diagrams
    drawer.close()


def open_svg(view: TranscriptView, qtbot: QtBot) -> None:
    """Click the Open mark at the first code of the last message."""
    [target] = [each for each in targets_of(last(view)) if each.link == OPEN_CODE]
    view.grab()
    mark = view.code_mark(target.place, OPEN_CODE)
    assert mark is not None
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=mark.center())


def test_an_svg_is_drawn_in_its_place_when_it_is_opened(
    view: TranscriptView, drawer: DiagramDrawer, qtbot: QtBot
) -> None:
    view.set_drawer(drawer)
    view.set_messages([answer(f"```py\n1\n```\n\n```svg\n{SVG}\n```\n\nAfter.")])
    assert not drawer.is_busy
    assert [describe(last(view), each).name for each in targets_of(last(view))][1:3] == [
        "Copy code, svg",
        "Open, svg",
    ]
    open_svg(view, qtbot)
    qtbot.waitUntil(lambda: bool(shown_keys(view)))
    assert "Hello" not in view.toPlainText()
    [key] = shown_keys(view)
    diagram = drawer.diagram(key)
    assert diagram is not None
    assert QImage.fromData(diagram.png).pixelColor(5, 5) == QColor("#c00000")
    assert not [word for word in ("script", "http://127", "image") if word in diagram.svg]
    view.selection.select_all()
    assert SVG in view.createMimeDataFromSelection().text(), "the code is as the model wrote it"
    open_svg(view, qtbot)
    assert "Hello" in view.toPlainText()
    assert not shown_keys(view)


def test_no_svg_takes_the_place_of_the_next_one(drawer: DiagramDrawer, qtbot: QtBot) -> None:
    for name, bomb in SVG_BOMBS.items():
        drawer.find(bomb)
        qtbot.waitUntil(lambda: not drawer.is_busy, timeout=15_000)
        assert isinstance(drawer.find(bomb), UndrawnDiagram), name
    drawer.find(SVG)
    qtbot.waitUntil(lambda: isinstance(drawer.find(SVG), ShownDiagram), timeout=15_000)
