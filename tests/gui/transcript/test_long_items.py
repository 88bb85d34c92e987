"""Only the part of an endless paragraph near the viewport is materialized, unnoticed."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QTextCursor, QTextDocument
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from desktop_app.rendering.incremental.block_stream import render
from desktop_app.ui.look import theme
from desktop_app.ui.transcript.document.document_writer import DocumentWriter
from desktop_app.ui.transcript.document.long_text_writer import KEPT_END_BLOCKS
from desktop_app.ui.transcript.transcript_styles import Styles
from tests.gui.transcript.test_long_message import layout_of, settle
from tests.gui.transcript.test_message_navigator import on_screen
from tests.gui.transcript.test_streaming import finished, look
from tests.helpers.examples import examples
from tests.helpers.messages import answer, question, streaming
from tests.helpers.widgets import find

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop_app.ui.look.theme import Theme
    from desktop_app.ui.transcript.layout.message_layout import MessageLayout
    from desktop_app.ui.transcript.view import TranscriptView

pytestmark = pytest.mark.usefixtures("long_slices", "low_limits")

COUNT = 14_000
WORDS = " ".join(f"w{n}" for n in range(COUNT))
KINDS = {
    "paragraph": WORDS,
    "item": f"- {WORDS}",
    "quote": f"> {WORDS}",
    "code": f"```\n{WORDS}\n```",
}


def shown(view: TranscriptView, qtbot: QtBot, text: str = WORDS) -> MessageLayout:
    view.set_messages([question("Q"), made := answer(text)])
    settle(view, qtbot)
    return layout_of(view, made)


def numbers(view: TranscriptView) -> list[int]:
    """Return the words on screen, after checking that none is missing."""
    found = [int(n) for n in re.findall(r"\bw(\d+)\b", on_screen(view))]
    assert all(b == a + 1 for a, b in pairwise(found))
    return found


def is_filled(view: TranscriptView) -> bool:
    """Return True if the lines on screen follow each other without gaps."""
    layout = view.document().documentLayout()
    bottoms: list[float] = []
    top = view.verticalScrollBar().value()
    block = view.cursorForPosition(view.viewport().rect().topLeft()).block()
    while block.isValid():
        box = layout.blockBoundingRect(block)
        if box.top() > top + view.viewport().height():
            break
        if bottoms and box.top() - bottoms[-1] > 80:
            return False
        bottoms.append(box.bottom())
        block = block.next()
    return True


@pytest.mark.parametrize("kind", KINDS)
def test_text_is_materialized_wherever_the_user_scrolls(
    view: TranscriptView, qtbot: QtBot, kind: str
) -> None:
    layout = shown(view, qtbot, KINDS[kind])
    bar = view.verticalScrollBar()
    assert any(layout.gaps)
    assert not layout.is_fully_materialized
    assert numbers(view)[-1] == COUNT - 1
    for share in (0.0, 0.5, 0.2, 0.21, 0.8, 1.0, 0.33):
        bar.setValue(round(bar.maximum() * share))
        assert is_filled(view), share
        seen = numbers(view)
        assert abs(seen[len(seen) // 2] / COUNT - share) < 0.15
        settle(view, qtbot)
        assert is_filled(view), share
        assert set(numbers(view)) & set(seen)
        assert view.document().characterCount() < 60_000


def test_the_scroll_range_covers_missing_text(
    view: TranscriptView, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown(view, qtbot)
    view.set_theme(theme.dark())
    height = view.document().size().height()
    monkeypatch.setattr("desktop_app.ui.transcript.document.long_text_writer._WHOLE_COST", 10**9)
    view.set_messages([question("Q"), answer(WORDS)])
    view.stream.flush()
    assert abs(height / view.document().size().height() - 1) < 0.05


def test_scrolling_line_by_line_shows_every_line(view: TranscriptView, qtbot: QtBot) -> None:
    shown(view, qtbot)
    bar = view.verticalScrollBar()
    for way in (-1, 1):
        seen = numbers(view)
        while seen[0 if way < 0 else -1] != (0 if way < 0 else COUNT - 1):
            bar.setValue(bar.value() + way * 450)
            before, seen = seen, numbers(view)
            assert set(before) & set(seen)
            assert is_filled(view)
            QGuiApplication.processEvents()


@pytest.mark.parametrize("kind", ["paragraph", "code"])
@pytest.mark.parametrize("change", ["theme", "zoom", "width"])
def test_the_scroll_position_survives_changes(
    view: TranscriptView, qtbot: QtBot, change: str, kind: str
) -> None:
    shown(view, qtbot, KINDS[kind])
    bar = view.verticalScrollBar()
    for share in (0.4, 0.05, 0.9):
        bar.setValue(round(bar.maximum() * share))
        settle(view, qtbot)
        first = numbers(view)[0]
        if change == "width":
            view.resize(600 if view.width() > 600 else 900, 600)
        else:
            view.set_theme(theme.dark() if change == "theme" else theme.light(1.2))
        for _ in range(2):
            assert abs(numbers(view)[0] - first) < 30
            assert is_filled(view)
            settle(view, qtbot)
        assert view.document().characterCount() < 60_000
        view.set_theme(theme.light())


def test_home_and_end_show_the_first_and_the_last_item(view: TranscriptView, qtbot: QtBot) -> None:
    shown(view, qtbot)
    for key, word in ((Qt.Key.Key_Home, 0), (Qt.Key.Key_End, COUNT - 1)) * 2:
        QTest.keyClick(view, key)
        assert word in numbers(view)
        settle(view, qtbot)
        assert word in numbers(view)


def test_a_selection_spans_a_gap(view: TranscriptView, qtbot: QtBot) -> None:
    layout = shown(view, qtbot)
    bar = view.verticalScrollBar()
    bar.setValue(bar.maximum() // 4)
    settle(view, qtbot)
    start = view.document().find(f"w{numbers(view)[40]} ")
    view.setTextCursor(start)
    word = start.selectedText()
    bar.setValue(bar.maximum())
    settle(view, qtbot)
    view.virtualizer.remove_distant()
    cursor = view.textCursor()
    assert cursor.selectedText() == word
    end = view.document().find(f"w{COUNT - 5} ")
    cursor.setPosition(cursor.selectionStart())
    cursor.setPosition(end.selectionEnd(), QTextCursor.MoveMode.KeepAnchor)
    view.setTextCursor(cursor)
    assert len(layout.gaps[0]) >= 2
    copied = view.createMimeDataFromSelection().text()
    assert copied.split() == [f"w{n}" for n in range(int(word[1:]), COUNT - 4)]


def _marked_words(view: TranscriptView) -> list[str]:
    return [mark.cursor.selectedText().rstrip() for mark in view.extraSelections()]


@pytest.mark.parametrize("kind", KINDS)
def test_find_materializes_the_match(view: TranscriptView, qtbot: QtBot, kind: str) -> None:
    shown(view, qtbot, KINDS[kind])
    view.find_in_transcript.open()
    for word in (9000, 3456, 13_210, 17):
        view.find_in_transcript.bar.field.setText(f"w{word} w{word + 1} ")
        qtbot.waitUntil(lambda word=word: word in numbers(view))  # type: ignore[misc]
        marked = [f"w{word} w{word + 1}"]
        qtbot.waitUntil(lambda marked=marked: _marked_words(view) == marked)  # type: ignore[misc]
        (mark,) = view.extraSelections()
        assert view.viewport().rect().contains(view.cursorRect(mark.cursor).center())
        assert is_filled(view)
        settle(view, qtbot)
    view.find_in_transcript.bar.field.setText("w777")
    qtbot.waitUntil(
        lambda: "of 11" in find(view.find_in_transcript.bar, QLabel, "find-count").text()
    )
    met = set()
    for _ in range(11):
        view.find_in_transcript.step(1)
        assert any(str(n).startswith("777") for n in numbers(view))
        met |= {n for n in numbers(view) if str(n).startswith("777")}
    assert len(met) == 11


def test_the_arrow_keys_reach_links_in_a_gap(view: TranscriptView, qtbot: QtBot) -> None:
    far = "words " * 6000
    links = [f"[{name}](https://{name}.test) {far}" for name in ("one", "two", "three")]
    view.set_messages([made := answer(far + "".join(links))])
    settle(view, qtbot)
    layout = layout_of(view, made)
    view.navigator.scroll_to_top()
    settle(view, qtbot)
    view.setFocus()
    right, left = Qt.Key.Key_Right, Qt.Key.Key_Left
    keys = (Qt.Key.Key_Tab, right, right, left, left)
    for key, name in zip(keys, ("one", "two", "three", "two", "one"), strict=True):
        QTest.keyClick(QGuiApplication.focusObject(), key)  # type: ignore[call-overload]
        focused = QApplication.focusWidget()
        assert focused is not None
        assert focused.accessibleName().startswith(f"{name}, link")
        assert name in on_screen(view)
        view.virtualizer.remove_distant()
    assert layout.gaps[0]


def test_text_streams_while_the_user_reads_above(view: TranscriptView, qtbot: QtBot) -> None:
    message, half = streaming(), len(WORDS) // 2
    view.set_messages([question("Q"), message])
    view.stream.append_text(message.id, WORDS[:half])
    settle(view, qtbot)
    bar = view.verticalScrollBar()
    bar.setValue(bar.maximum() // 3)
    settle(view, qtbot)
    view.set_theme(theme.dark())  # dematerializes all but the screen and both ends
    settle(view, qtbot)
    before, layout = on_screen(view), layout_of(view, message)
    for at in range(half, len(WORDS), 3000):
        view.stream.append_text(message.id, WORDS[at : at + 3000])
        view.stream.flush()
    view.stream.update_message(finished(message, WORDS))
    settle(view, qtbot)
    assert on_screen(view) == before
    assert layout.gaps[0]
    assert layout.items[:1] == render(WORDS)
    view.navigator.scroll_to_bottom()
    assert numbers(view)[-1] == COUNT - 1
    assert_is_whole(view, layout)


def assert_is_whole(view: TranscriptView, layout: MessageLayout) -> None:
    """Check that a document filled in steps equals a document filled at once."""
    while view.virtualizer.fill_more(50):
        pass
    assert layout.is_fully_materialized
    bitwise = look(view.document())
    items, writer = list(layout.items), view.writer
    writer.replace(layout, 0, len(items), ())
    writer.replace(layout, 0, 0, items)
    writer.fill_text(layout, 0, 0, layout.shapes[0][-1])
    assert layout.is_fully_materialized
    assert look(view.document()) == bitwise


def test_a_screen_reader_reads_the_whole_text(view: TranscriptView, qtbot: QtBot) -> None:
    layout = shown(view, qtbot)
    view.speech.has_screen_reader = lambda: True  # type: ignore[method-assign]
    view.set_theme(theme.dark())
    qtbot.waitUntil(lambda: layout.is_fully_materialized)
    parts = view.toPlainText().split("\n")
    assert WORDS in "".join(parts)
    view.resize(600, 500)
    qtbot.waitUntil(lambda: layout.is_fully_materialized)


LONG = "- " + "".join(
    f"word{'s' * (n % 7)} **{n}** " if n % 9 == 0 else "and 🙂 " for n in range(5000)
)
"""Of two chapters."""

STEPS = st.lists(st.tuples(st.booleans(), st.floats(0, 1), st.floats(0, 0.4)), max_size=6)


@pytest.fixture
def written(light_theme: Theme) -> tuple[DocumentWriter, MessageLayout]:
    """Return a long item that is fully materialized."""
    writer = DocumentWriter(QTextDocument(), Styles(light_theme), 700)
    return writer, writer.insert_message(0, "key", [*render(LONG), *render("End.")])


@settings(max_examples=examples(15), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_materialized_parts_equal_those_of_the_whole_text(
    written: tuple[DocumentWriter, MessageLayout], steps: list[tuple[bool, float, float]]
) -> None:
    writer, layout = written
    writer.replace(layout, 0, 1, ())
    writer.replace(layout, 0, 0, render(LONG))
    whole, cuts, height = look(writer.document), layout.shapes[0], writer.document.size().height()
    writer.erase_parts(layout, 0, ())
    assert layout.counts[0] == 1 + KEPT_END_BLOCKS
    for fills, at, size in steps:
        count = cuts[-1] if fills else layout.counts[0]
        first, end = round(at * count), round((at + size) * count)
        if fills:
            writer.fill_text(layout, 0, first, end)
        else:
            writer.erase_parts(layout, 0, range(first, end))
        starts = [0, *layout.shapes[0]]
        assert set(starts) <= {0, *cuts}
        assert all(starts[gap.block] > gap.start for gap in layout.gaps[0])
        assert writer.document.blockCount() == layout.total + 1
    assert abs(writer.document.size().height() - height) < 200
    writer.fill_text(layout, 0, 0, cuts[-1])
    assert layout.is_fully_materialized
    assert look(writer.document) == whole


def test_the_ends_of_a_text_are_split_as_in_the_whole(
    written: tuple[DocumentWriter, MessageLayout],
) -> None:
    """Check that parts written without those before them start at the same units."""
    writer, layout = written
    whole, cuts = look(writer.document), layout.shapes[0]
    writer.erase_parts(layout, 0, ())
    ends = layout.shapes[0]
    writer.set_styles(writer.styles)
    writer.clear()
    writer.restore_message(layout, [(0, 2)], 1)
    assert layout.shapes[0] == ends
    for unit in (cuts[-1] // 2, cuts[-1] * 3 // 4):
        writer.fill_text(layout, 0, unit, unit + 1)
        assert set(layout.shapes[0]) <= set(cuts)
    writer.fill_text(layout, 0, 0, cuts[-1])
    assert look(writer.document) == whole


def test_a_rewritten_long_text_is_materialized_around_the_screen(
    view: TranscriptView, qtbot: QtBot
) -> None:
    message = finished(streaming(), WORDS)
    view.set_messages([question("Q"), message])
    settle(view, qtbot)
    bar = view.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    settle(view, qtbot)
    before, layout = on_screen(view), layout_of(view, message)
    view.stream.update_message(finished(message, f"Other *words* {WORDS}"))
    assert layout.gaps[0], "only some of the text is written in one step"
    settle(view, qtbot)
    seen = set(before.split())  # two new words may have moved a line
    assert len(seen & set(on_screen(view).split())) > 0.9 * len(seen)
