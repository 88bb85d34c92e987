"""The transcript of segments: text, scrolling, selection, folds, keys, search and reading."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from desktop_app.domain.conversations.conversation import Message
from desktop_app.markdown.parsing.own_links import is_note_link
from desktop_app.transcript.segment import MAX_CHARACTERS, Place, cut_item
from desktop_app.transcript.targets import targets_of
from desktop_app.widgets.look import theme
from tests.gui.transcript.test_streaming import PIECES, finished, look
from tests.helpers.examples import examples
from tests.helpers.messages import answer, question, streaming
from tests.helpers.nested_markdown import sources
from tests.helpers.segment_views import SegmentView

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop_app.transcript.media.json_process import JsonProcess

CODE = "```python\n" + "\n".join(f"line_{number} = {number}" for number in range(60)) + "\n```\n"
LONG = "\n\n".join(f"Paragraph {number} of a long answer." for number in range(400))


def stream_into(view: SegmentView, message: Message, text: str, length: int) -> None:
    view.stream.append_message(message)
    for start in range(0, len(text), length):
        view.stream.append_text(message.id, text[start : start + length])
        view.stream.flush()
    view.stream.update_message(finished(message, text))
    view.stream.flush()


def top_words(view: SegmentView) -> str:
    return view.cursorForPosition(QPoint(0, 0)).block().text()


# ---------------------------------------------------------------- text


@settings(max_examples=examples(12), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from([*PIECES, CODE]), max_size=14).map("".join) | sources,
    st.integers(5, 40),
)
def test_streamed_text_equals_the_same_text_opened_later(
    view: SegmentView, text: str, length: int
) -> None:
    asked = question("Why?")
    view.set_messages([asked])
    message = streaming()
    stream_into(view, message, text, length)
    arrived = look(view.document())
    view.set_messages([asked, finished(message, text)])
    view.stream.flush()
    assert arrived == look(view.document())


@settings(max_examples=examples(6), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from([*PIECES, CODE]), max_size=14).map("".join) | sources,
    st.integers(5, 40),
)
def test_only_what_changes_is_painted_but_all_of_that(
    view: SegmentView, text: str, length: int
) -> None:
    message = streaming()
    view.set_messages([question("Why?"), message])
    for start in range(0, len(text), length):
        view.stream.append_text(message.id, text[start : start + length])
        view.stream.flush()
        QApplication.processEvents()
        if start % 7 == 0:
            on_screen = view.screen().grabWindow(view.winId()).toImage()
            painted_at_once = view.grab().toImage().convertToFormat(on_screen.format())
            assert on_screen == painted_at_once


def test_a_block_that_grows_out_of_its_segment_is_painted_in_the_next(view: SegmentView) -> None:
    message = streaming()
    view.set_messages([question("Why?"), message])
    for _ in range(4):
        for words in ["many words " * 10] * 12 + ["end\n\n"]:
            view.stream.append_text(message.id, words)
            view.stream.flush()
            QApplication.processEvents()
    on_screen = view.screen().grabWindow(view.winId()).toImage()
    assert on_screen == view.grab().toImage().convertToFormat(on_screen.format())


@pytest.mark.parametrize("length", [MAX_CHARACTERS - 21, MAX_CHARACTERS + 1, 30_000])
def test_a_long_line_is_cut_at_spaces_and_keeps_its_text(view: SegmentView, length: int) -> None:
    text = ("word " * length)[:length].strip()
    view.set_messages([question(text)])
    view.stream.flush()
    shown = view.messages.open(0)
    parts = cut_item(shown.items[0]) if length > MAX_CHARACTERS else []
    assert len(shown.segments) == max(1, len(parts))
    assert "".join(part.item.runs[0].text for part in parts) in ("", text)
    assert all(part.item.runs[0].text.endswith(" ") for part in parts[:-1])


@pytest.mark.parametrize(
    ("text", "is_narrow"), [("Hi", True), ("Hi\nyou", True), ("word " * 60, False)]
)
def test_the_background_of_a_question_is_as_wide_as_its_text(
    view: SegmentView, text: str, is_narrow: bool
) -> None:
    for width in (900, 700):
        view.resize(width, 600)
        view.set_messages([question(text), answer("Said.")])
        document = next(iter(view.shown_segments())).document
        margin = document.begin().blockFormat().leftMargin()
        assert (view.viewport().width() - margin < 100) is is_narrow


def test_only_segments_near_the_viewport_have_a_document(view: SegmentView, qtbot: QtBot) -> None:
    view.set_messages([question("q"), *(answer(LONG) for _ in range(20))])
    qtbot.waitUntil(lambda: view.is_at_end)
    assert view.messages.get(view.messages.key_at(0)) is None  # not even parsed
    assert len(view._loaded) < 20
    view.scroll_to_start()
    top = view.place_near(QPoint(0, 0))
    assert top is not None
    assert top.message_id == view.messages.key_at(0)
    assert len(view._loaded) < 50


# ---------------------------------------------------------------- scrolling


def test_the_text_at_the_top_stays_while_the_width_and_the_theme_change(view: SegmentView) -> None:
    text = "\n\n".join(f"{n}: " + "some words of a paragraph " * 12 for n in range(60))
    view.set_messages([question("Why?"), answer(text)])
    view.verticalScrollBar().setValue(view.verticalScrollBar().maximum() // 2)
    line = top_words(view)
    for width in (860, 520, 700, 900):
        view.resize(width, 600)
        assert top_words(view) == line
    view.set_theme(theme.dark(1.4))
    assert top_words(view) == line


def test_text_above_the_reader_may_change_its_height(view: SegmentView) -> None:
    arriving = streaming(reasoning="thoughts")
    view.set_messages([question("q"), arriving])
    view.stream.append_text(arriving.id, LONG)
    view.stream.flush()
    view.verticalScrollBar().setValue(view.verticalScrollBar().maximum() // 2)
    line = top_words(view)
    assert not view.is_following
    view.stream.append_reasoning(arriving.id, "\n\nmore thoughts")
    view.commands.run(arriving.id, "reasoning")
    view.stream.append_text(arriving.id, "\n\nThe end.")
    view.stream.flush()
    assert top_words(view) == line


def test_a_new_question_stays_at_the_top_while_its_answer_grows(view: SegmentView) -> None:
    view.set_messages([question("Earlier"), answer(LONG)])
    view.scroll_to_start()
    asked, arriving = question("The newest question"), streaming()
    view.stream.append_message(asked)
    view.stream.append_message(arriving)
    view.scroll_to_end()
    bar = view.verticalScrollBar()
    for _ in range(6):
        view.stream.append_text(arriving.id, "Some words of the answer.\n\n" * 20)
        view.stream.flush()
    assert top_words(view) == "The newest question"
    assert bar.value() < bar.maximum()
    assert view.latest_button.isVisible()
    view.latest_button.click()  # the reader wants the end
    view.stream.append_text(arriving.id, "More.\n\n" * 40)
    view.stream.flush()
    assert bar.value() == bar.maximum()


def test_scrolling_by_hand_ends_following(view: SegmentView) -> None:
    asked, arriving = question("Newest"), streaming()
    view.stream.append_message(asked)
    view.stream.append_message(arriving)
    view.stream.append_text(arriving.id, LONG)
    view.stream.flush()
    bar = view.verticalScrollBar()
    bar.setValue(bar.value() + 300)
    before = bar.value()
    view.stream.append_text(arriving.id, "\n\nMore." * 40)
    view.stream.flush()
    assert bar.value() == before


# ---------------------------------------------------------------- selection


def select_three(view: SegmentView) -> None:
    first, second, third = question("First question"), answer("**Bold** words"), question("Third")
    view.set_messages([first, second, third])
    view.selection.set(Place(first.id, 0, 0, 6), Place(third.id, 0, 0, 3))


def test_a_selection_over_three_messages_is_copied_in_three_formats(view: SegmentView) -> None:
    select_three(view)
    data = view.createMimeDataFromSelection()
    assert data.text() == "question\nBold words\nThi"
    assert bytes(data.data("text/markdown").data()).decode() == "question\n\n**Bold** words\n\nThi"
    assert "<strong>Bold</strong>" in data.html()


@pytest.mark.parametrize("is_reversed", [False, True])
def test_the_direction_of_a_selection_does_not_matter(view: SegmentView, is_reversed: bool) -> None:
    select_three(view)
    if is_reversed:
        view.selection.set(view.selection.caret, view.selection.anchor)
    ends = view.selection.ends
    assert ends is not None
    assert ends[0].unit == 6


def test_a_drag_selects_and_a_double_click_selects_a_word(view: SegmentView, qtbot: QtBot) -> None:
    view.set_messages([question("q"), answer("Some plain words here")])
    found = view.document().find("plain")
    start = view.cursorRect(view.document().find("Some"))
    row = start.center().y()
    found.setPosition(found.selectionStart())
    inside = QPoint(view.cursorRect(found).left() + 4, row)
    QTest.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=inside)
    assert view.selection.words() == "plain"
    left, right = QPoint(1, row), QPoint(view.viewport().width() - 2, row)
    qtbot.mousePress(view.viewport(), Qt.MouseButton.LeftButton, pos=left)
    qtbot.mouseMove(view.viewport(), right)
    qtbot.mouseRelease(view.viewport(), Qt.MouseButton.LeftButton, pos=right)
    assert view.selection.words() == "Some plain words here"


def test_select_all_copies_messages_that_are_not_parsed(view: SegmentView) -> None:
    view.set_messages([question(f"Number {n}") for n in range(300)])
    view.selection.select_all()
    assert view.selection.is_all
    text = view.createMimeDataFromSelection().text()
    assert text.startswith("Number 0\n")
    assert text.endswith("Number 299")


def test_keys_extend_the_selection_over_the_end_of_a_segment(view: SegmentView) -> None:
    asked = question("q")
    view.set_messages([asked, answer("First")])
    view.selection.place_caret(Place(asked.id, 0, 0, 0))
    view.setFocus(Qt.FocusReason.TabFocusReason)
    for _ in range(3):
        QTest.keyClick(view, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert view.createMimeDataFromSelection().text() == "q\nF"


def test_highlighted_code_keeps_its_lines(
    view: SegmentView, lexer: JsonProcess, qtbot: QtBot
) -> None:
    view.highlighter.set_lexer(lexer)
    view.set_messages([question("q"), answer("```python\nwhile True: pass  # words\n```")])
    view.scroll_to_start()
    segment = view.messages.open(1).segments[0]
    assert segment.document is not None
    line = segment.document.block_at(1)
    height = segment.document.size().height()
    qtbot.waitUntil(lambda: len(line.layout().formats()) > 1)
    view.viewport().grab()
    assert line.layout().lineCount() == 1
    assert segment.document.size().height() == height


# ---------------------------------------------------------------- keys and links


def test_tab_reaches_each_message_and_arrows_each_link(view: SegmentView) -> None:
    asked = question("q")
    reply = answer("[one](https://a.example) and [two](https://b.example)\n\n```\ncode\n```")
    view.set_messages([asked, reply])
    view.scroll_to_start()
    view.setFocus(Qt.FocusReason.TabFocusReason)
    links = [target.link for target in targets_of(view.messages.open(1))]
    assert links == ["https://a.example", "https://b.example", "action:copy-code"]
    assert view.focusNextPrevChild(True)  # the actions of the question
    assert view.action_row.has_focus
    assert view.focus_navigator.focused_message_id() == asked.id
    assert view.focusNextPrevChild(True)
    focused = view.focus_navigator.focused
    assert focused is not None
    assert focused.link == links[0]
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert view.focus_navigator.focused is not None
    assert view.focus_navigator.focused.link == links[1]
    QTest.keyClick(view, Qt.Key.Key_Right)
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert view._copied == (reply.id, 1)


def test_a_footnote_leads_to_its_note_and_back(view: SegmentView) -> None:
    reply = answer("Words[^1].\n\n" + LONG + "\n\n[^1]: The note.")
    view.set_messages([question("q"), reply])
    view.stream.flush()
    mark, note = (
        target for target in targets_of(view.messages.open(1)) if is_note_link(target.link)
    )
    view.follow_link(mark.place, mark.link)
    assert view.focus_navigator.focused == note
    assert all(view.viewport().rect().contains(r.toRect()) for r in view.focus_navigator.rects())
    view.follow_link(note.place, note.link)
    assert view.focus_navigator.focused == mark


# ---------------------------------------------------------------- search


def is_caret_at(view: SegmentView, words: str) -> bool:
    return view.textCursor().block().text().startswith(words)


def test_matches_are_counted_marked_and_scrolled_to(
    view: SegmentView, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = LONG.replace("Paragraph 20 ", "needle 20 ").replace("Paragraph 300 ", "needle 300 ")
    view.set_messages([question("a needle"), answer(text), answer(CODE + "\nneedle")])
    view.scroll_to_start()
    finder = view.find_in_transcript
    counts: list[tuple[int, int, bool]] = []
    monkeypatch.setattr(finder.bar, "show_count", lambda *count: counts.append(count))
    finder.search("needle")
    qtbot.waitUntil(lambda: bool(counts) and counts[-1] == (1, 4, True))
    for number, words in ((2, "needle 20 "), (3, "needle 300 "), (4, "needle")):
        finder.go_to_next(+1)
        assert counts[-1][0] == number
        qtbot.waitUntil(partial(is_caret_at, view, words))
        assert view.viewport().rect().contains(view.cursorRect().center())
    finder.search("line_40 = 40")  # in folded code
    qtbot.waitUntil(lambda: counts[-1][:2] == (1, 1))
    assert [mark.cursor.selectedText() for mark in view.extraSelections()] == ["line_40 = 40"]


# ---------------------------------------------------------------- screen readers


def test_all_messages_are_read_without_loading_their_text(view: SegmentView) -> None:
    view.set_messages([question("First"), *(answer(LONG) for _ in range(30)), question("Last")])
    listed = view.make_accessible()
    assert listed.childCount() >= 32
    node = listed.child(0)
    assert node.text(QAccessible.Text.Name).startswith("Your message")
    assert node.child(0).content.text == "First"
    assert view.messages.get(view.messages.key_at(0)) is None
    view.focus_navigator.step_message(-1)
    view.focus_navigator.step_message(-1)
    assert view.selection.caret is not None
    assert view.selection.caret.message_id == view.messages.key_at(30)
    listed.release_nodes()


def test_the_actions_of_a_question_cover_no_words(view: SegmentView) -> None:
    asked, answered = question("Why?"), answer("Because of *x*.")
    view.set_messages([asked, answered])
    view.show_actions_of(asked.id)
    line = view.rect_of(Place(answered.id, 0))
    assert line is not None
    assert view.action_row.geometry().bottom() < line.top()


# ---------------------------------------------------------------- scroll bars


def test_a_scroll_bar_is_painted_only_if_its_thumb_moves(view: SegmentView) -> None:
    message = streaming()
    view.set_messages([question("Why?"), message])
    view.stream.append_text(message.id, LONG)
    view.stream.flush()
    bar = view.verticalScrollBar()
    bar.setValue(0)
    QApplication.processEvents()
    paints = _Paints(bar)
    ranges = set()
    for _ in range(80):
        view.stream.append_text(message.id, "more words of it ")
        view.stream.flush()
        QApplication.processEvents()
        ranges.add(bar.maximum())
    assert len(ranges) > 10
    assert paints.count < len(ranges) / 3
    paints.count = 0
    for value in (bar.maximum(), 0):
        bar.setValue(value)
        QApplication.processEvents()
    assert paints.count == 2


class _Paints(QObject):
    """The number of times that a widget is painted."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.count = 0
        widget.installEventFilter(self)

    def eventFilter(self, _widget: QObject, event: QEvent) -> bool:
        self.count += event.type() == QEvent.Type.Paint
        return False
