"""Only the part of a long message near the viewport is loaded, unnoticed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from desktop_app.markdown.export.html_writer import to_html
from desktop_app.markdown.export.text_writer import to_markdown
from desktop_app.markdown.incremental.block_stream import render
from desktop_app.widgets.look import theme
from tests.gui.transcript.test_message_navigator import on_screen
from tests.gui.transcript.test_streaming import finished
from tests.helpers.messages import answer, question, streaming
from tests.helpers.transcript_views import focused_name, is_writing
from tests.helpers.widgets import find

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop_app.domain.conversations.conversation import Message
    from desktop_app.transcript.view import TranscriptView

pytestmark = pytest.mark.usefixtures("long_slices")

PARTS = 200
ROWS = "".join(f"| r{n} | {'a cell of words ' * (n % 7)} | {n} |\n" for n in range(60))
TABLE = f"| a | b | c |\n|---|---|--:|\n{ROWS}"
CODE = "```py\n" + "".join(f"line_{n} = '{n}'\n" for n in range(80)) + "```\n"


def part(number: int) -> str:
    words = (
        f"## Part {number}\n\n"
        f"Some **words** of part {number}, and more. {'Word. ' * (number % 60)}\n\n"
    )
    if number % 40 == 20:
        return words + TABLE + "\n"
    if number % 40 == 30:
        return words + CODE + "\n"
    return words + f"- One of {number}\n- Two of {number}\n\n> Quoted {number}\n\n"


SOURCE = "".join(map(part, range(PARTS))) + "The end."


@pytest.fixture
def long(view: TranscriptView, qtbot: QtBot) -> Message:
    """Return a long, complete answer."""
    view.set_messages([question("Q"), made := answer(SOURCE)])
    settle(view, qtbot)
    return made


def settle(view: TranscriptView, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not is_writing(view))
    qtbot.waitUntil(lambda: not view._prefetch_timer.isActive())


def top_line(view: TranscriptView) -> str:
    return on_screen(view).partition("\u2029")[0]


def top_item(view: TranscriptView) -> int:
    place = view.place_near(QPoint(0, 0))
    assert place is not None
    return view.messages.index_of(place.message_id) * 10_000 + place.item


@pytest.mark.usefixtures("long")
def test_text_is_materialized_wherever_the_user_scrolls(view: TranscriptView, qtbot: QtBot) -> None:
    bar = view.verticalScrollBar()
    seen = set()
    for share in (0.0, 0.5, 0.2, 0.21, 0.8, 1.0, 0.33):
        bar.setValue(round(bar.maximum() * share))
        assert view.is_filled(), share
        seen.add(top_line(view))
        settle(view, qtbot)
        assert view.is_filled(), share
        assert len(view._loaded) < 80
    assert len(seen) == 7


@pytest.mark.slow
@pytest.mark.usefixtures("long")
@pytest.mark.parametrize("change", ["theme", "zoom", "width"])
def test_the_scroll_position_survives_changes(
    view: TranscriptView, qtbot: QtBot, change: str
) -> None:
    bar = view.verticalScrollBar()
    for share in (0.4, 0.05, 0.9):
        bar.setValue(round(bar.maximum() * share))
        settle(view, qtbot)
        qtbot.waitUntil(lambda: view.is_filled())
        item = top_item(view)
        if change == "width":
            view.resize(600 if view.width() > 600 else 900, 600)
        else:
            view.set_theme(theme.dark() if change == "theme" else theme.light(1.2))
        assert abs(top_item(view) - item) <= 1
        assert len(view._loaded) < 60
        assert view.is_filled()
        settle(view, qtbot)
        assert abs(top_item(view) - item) <= 1
        assert view.is_filled()
        view.set_theme(theme.light())


@pytest.mark.slow
@pytest.mark.usefixtures("long")
def test_home_and_end_show_the_ends_of_a_long_message(view: TranscriptView, qtbot: QtBot) -> None:
    QTest.keyClick(view, Qt.Key.Key_Home)
    settle(view, qtbot)
    assert "Part 0" in on_screen(view)
    assert view.is_filled()
    QTest.keyClick(view, Qt.Key.Key_End)
    settle(view, qtbot)
    assert "The end." in on_screen(view)


def test_text_streams_while_the_user_reads_above(view: TranscriptView, qtbot: QtBot) -> None:
    message = streaming()
    view.set_messages([question("Q"), message])
    half = len(SOURCE) // 2
    view.stream.append_text(message.id, SOURCE[:half])
    settle(view, qtbot)
    bar = view.verticalScrollBar()
    bar.setValue(bar.maximum() // 3)
    settle(view, qtbot)
    before = on_screen(view)
    view.stream.append_text(message.id, SOURCE[half:])
    settle(view, qtbot)
    view.stream.update_message(finished(message, SOURCE))
    settle(view, qtbot)
    assert on_screen(view) == before
    assert len(view._loaded) < 60
    view.scroll_to_end()
    assert "The end." in on_screen(view)


@pytest.mark.slow
def test_a_selection_spans_missing_items(view: TranscriptView, qtbot: QtBot, long: Message) -> None:
    bar = view.verticalScrollBar()
    bar.setValue(0)
    settle(view, qtbot)
    start = view.document().find("words of part 1,")
    assert not start.isNull()
    view.setTextCursor(start)
    bar.setValue(bar.maximum())
    settle(view, qtbot)
    end = view.document().find("words of part 198")
    cursor = view.textCursor()
    assert cursor.selectedText() == "words of part 1,"
    cursor.setPosition(cursor.selectionStart())
    cursor.setPosition(end.selectionEnd(), QTextCursor.MoveMode.KeepAnchor)
    view.setTextCursor(cursor)
    copied = bytes(view.createMimeDataFromSelection().data("text/markdown").data()).decode()
    whole = to_markdown(render(SOURCE))
    begin = whole.index("words** of part 1,")
    stop = whole.index("words** of part 198")
    assert copied.strip() == f"**{whole[begin:stop]}words** of part 198"


@pytest.mark.slow
def test_a_long_message_is_copied_completely(
    view: TranscriptView, qtbot: QtBot, long: Message
) -> None:
    view.verticalScrollBar().setValue(0)
    settle(view, qtbot)
    cursor = view.textCursor()
    cursor.setPosition(view.document().find("words of part 1,").selectionStart())
    cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
    cursor.movePosition(QTextCursor.MoveOperation.Left, QTextCursor.MoveMode.KeepAnchor, 3)
    view.setTextCursor(cursor)
    QTest.keyClick(view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text().startswith("words of part 1,")
    copied = QGuiApplication.clipboard().mimeData()
    assert "The end." in copied.text()
    blocks = render(SOURCE)
    whole = to_markdown(blocks)
    markdown = bytes(copied.data("text/markdown").data()).decode()
    assert markdown == f"**{whole[whole.index('words** of part 1,') :]}"
    assert copied.html().count("<p>") == to_html(blocks).count("<p>") - 2  # part 0 has two


@pytest.mark.slow
@pytest.mark.usefixtures("long")
def test_find_materializes_the_match(view: TranscriptView, qtbot: QtBot) -> None:
    view.find_in_transcript.open()
    view.verticalScrollBar().setValue(0)
    settle(view, qtbot)
    for words in ("words of part 130,", "a cell of words a cell", "line_77", "quoted 163"):
        view.find_in_transcript.bar.field.setText(words)
        qtbot.waitUntil(lambda words=words: words in on_screen(view).lower().replace("\t", " "))  # type: ignore[misc]
        QGuiApplication.processEvents()
        assert any(
            view.viewport().rect().contains(view.cursorRect(mark.cursor).center())
            for mark in view.extraSelections()
        )
        assert view.is_filled()
    view.find_in_transcript.bar.field.setText("part 7")
    qtbot.waitUntil(
        lambda: "of 22" in find(view.find_in_transcript.bar, QLabel, "find-count").text()
    )
    for _ in range(22):
        view.find_in_transcript.step(1)
        assert "part 7" in on_screen(view).lower()


def test_a_match_is_shown_while_its_message_is_written(view: TranscriptView, qtbot: QtBot) -> None:
    stored = answer(SOURCE)
    view.set_messages([question("Q"), stored])
    assert is_writing(view)
    view.scroll_to_message(stored.id, "words of part 190,")
    qtbot.waitUntil(lambda: "words of part 190," in on_screen(view))
    view.set_messages([question("Q"), stored])
    view.scroll_to_message(stored.id, "words of part 190,")
    view.verticalScrollBar().setValue(40)  # the reader goes elsewhere
    settle(view, qtbot)
    assert "words of part 190," not in on_screen(view)


def test_missing_code_can_be_folded_and_unfolded(view: TranscriptView, qtbot: QtBot) -> None:
    code = "```py\n" + "".join(f"line_{n} = {n}\n" for n in range(3000)) + "```\n"
    view.set_messages([question("Q"), message := answer(code)])
    settle(view, qtbot)
    assert view.messages.total_height < 1500
    view.commands.run(message.id, "fold-code-0")
    height = view.messages.total_height
    assert height > 3000 * 10
    view.verticalScrollBar().setValue(round(height // 2))
    assert view.is_filled()
    view.commands.run(message.id, "fold-code-0")
    assert view.messages.total_height < 1500
    assert "line_17 " in on_screen(view)
    view.scroll_to_message(message.id, "line_2500 ")
    qtbot.waitUntil(lambda: "line_2500 " in on_screen(view))
    assert view.is_filled()
    assert abs(view.messages.total_height - height) < height / 20


@pytest.mark.slow
def test_the_arrow_keys_reach_missing_links(view: TranscriptView, qtbot: QtBot) -> None:
    far = "Words.\n\n" * 3000
    view.set_messages([answer(f"[one](https://one.test)\n\n{far}[two](https://two.test)\n\n{far}")])
    settle(view, qtbot)
    view.scroll_to_start()
    settle(view, qtbot)
    view.setFocus()
    for key, name in ((Qt.Key.Key_Tab, "one"), (Qt.Key.Key_Right, "two"), (Qt.Key.Key_Left, "one")):
        QTest.keyClick(QGuiApplication.focusObject(), key)  # type: ignore[call-overload]
        assert focused_name(view).startswith(f"{name}, link")
        assert name in on_screen(view)
