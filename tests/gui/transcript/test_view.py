"""The transcript view: display, scroll position, copying and opening."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QEvent, QPoint, QRect, Qt, QUrl
from PySide6.QtGui import QAccessible, QDrag, QGuiApplication, QHelpEvent, QMouseEvent, QTextCursor
from PySide6.QtWidgets import QApplication, QToolButton, QToolTip

from desktop_app.domain import hints
from desktop_app.domain.conversations.conversation import INCOMPLETE, MessageStatus
from desktop_app.domain.conversations.message_parts import DocumentPart, ReasoningPart, TextPart
from desktop_app.domain.cost import Usage
from desktop_app.domain.error_note import ErrorNote
from desktop_app.transcript.view import TranscriptView
from desktop_app.widgets.look import theme
from tests.gui.transcript.test_message_navigator import many
from tests.helpers.messages import answer, question, streaming
from tests.helpers.opened_urls import opened_urls

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


def select(view: TranscriptView, first: str, last: str) -> None:
    """Select from the start of `first` to the end of `last`."""
    start, end = view.document().find(first), view.document().find(last)
    cursor = QTextCursor(view.document())
    cursor.setPosition(start.selectionStart())
    cursor.setPosition(end.selectionEnd(), QTextCursor.MoveMode.KeepAnchor)
    view.setTextCursor(cursor)


def click_link(view: TranscriptView, qtbot: QtBot, text: str) -> None:
    """Click in the middle of a link."""
    cursor = view.document().find(text)
    assert not cursor.isNull()
    cursor.setPosition(cursor.selectionStart() + 1)
    place = view.cursorRect(cursor).center()
    qtbot.mouseMove(view.viewport(), place)
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_attachments_reasoning_and_footer_are_lines_of_text(view: TranscriptView) -> None:
    report = DocumentPart("s", "q3.pdf", "application/pdf", 1, pages=48, tokens=31480)
    reply = answer(
        "Text",
        reasoning="**Which failures are safe**\n\nThoughts.",
        usage=Usage(1000, 0, 234),
        cost=Decimal("0.0034"),
        duration_s=9.2,
    )
    view.set_messages([question("Summarize.", report), reply])
    text = view.toPlainText()
    assert "q3.pdf\u200348 pages\u200331,480 tokens" in text
    assert "Thought: Which failures are safe" in text
    assert "Thoughts." not in text
    assert "Thinking · High" in text
    assert "1,234 tokens" not in text
    assert hint_at(view, "Thinking · High").split("\n")[0] == "1,234 tokens · $0.003 · 9.2 s"
    QToolTip.hideText()


def hint_at(view: TranscriptView, words: str) -> str:
    """Return the tooltip at the first occurrence of words."""
    spot = view.cursorRect(view.document().find(words)).center()
    place = view.viewport().mapToGlobal(spot)
    QApplication.sendEvent(view.viewport(), QHelpEvent(QEvent.Type.ToolTip, spot, place))
    return QToolTip.text()


def test_the_tooltip_of_the_footer_has_the_tokens_by_kind(view: TranscriptView) -> None:
    view.set_messages([question("Q"), answer("First", usage=Usage(1000, 250, 200, 150))])
    assert hint_at(view, "First") == ""
    assert hint_at(view, "Thinking").split("\n") == [
        "1,200 tokens",
        "Input: 1,000 tokens",
        "Cached share of the input: 25%",
        "Output: 200 tokens",
        "Reasoning: 150 tokens",
    ]
    QToolTip.hideText()


def test_the_computer_that_wrote_a_message_is_its_tooltip(view: TranscriptView) -> None:
    view.set_messages([replace(question("Asked"), computer="attic"), answer("Answered here")])
    assert hint_at(view, "Answered here") == ""
    assert hint_at(view, "Asked") == "Written on attic"
    QToolTip.hideText()


def test_an_error_is_below_the_text_that_arrived(view: TranscriptView, qtbot: QtBot) -> None:
    note = ErrorNote("The connection was cut.", "Try again.", details="x")
    reply = answer("Half an ans", MessageStatus.FAILED, error=note)
    view.set_messages([question("Q"), reply])
    text = view.toPlainText()
    assert text.index("Half an ans") < text.index("The connection was cut.")
    assert "Try again." in text
    for name, action in (("Continue", "continue"), ("Retry", "retry")):
        with qtbot.waitSignal(view.action_requested) as caught:
            click_link(view, qtbot, name)
        assert caught.args == [reply.id, action]


def test_the_details_of_an_error_unfold_below_it(view: TranscriptView, qtbot: QtBot) -> None:
    word = "https://example.org/" + "y" * 400
    note = ErrorNote("It broke.", "Try again.", details=f"status 500\n{word}\u202e")
    view.set_messages([question("Q"), answer("", MessageStatus.FAILED, error=note)])
    assert "status 500" not in view.toPlainText()
    click_link(view, qtbot, "Details")
    told = view.toPlainText().replace("\u2063", "")
    assert f"Hide details\nstatus 500\n{word}⟨U+202E⟩" in told
    block = view.document().find(word).block().layout()
    assert block.lineCount() > 1
    for number in range(block.lineCount()):
        line = block.lineAt(number)
        assert line.naturalTextWidth() <= line.width()
    click_link(view, qtbot, "Hide details")
    assert "status 500" not in view.toPlainText()


@pytest.mark.parametrize(
    "status", [MessageStatus.CANCELLED, MessageStatus.INTERRUPTED, MessageStatus.FAILED]
)
@pytest.mark.parametrize(("text", "offered"), [("", "Retry"), ("Half an ans", "Continue")])
def test_only_what_has_begun_can_be_continued(
    view: TranscriptView, qtbot: QtBot, status: MessageStatus, text: str, offered: str
) -> None:
    note = ErrorNote("It broke.") if status is MessageStatus.FAILED else None
    reply = answer(text, status, error=note)
    view.set_messages([question("Q"), reply])
    assert ("Continue" in view.toPlainText()) is bool(text)
    with qtbot.waitSignal(view.action_requested) as caught:
        click_link(view, qtbot, offered)
    assert caught.args == [reply.id, offered.lower()]


@pytest.mark.parametrize("status", [MessageStatus.CANCELLED, MessageStatus.FAILED])
@pytest.mark.parametrize("code", ["stream_cut", INCOMPLETE])
def test_an_answer_with_a_successor_does_not_offer_to_continue(
    view: TranscriptView, status: MessageStatus, code: str
) -> None:
    to_do = hints.CONTINUE if code == INCOMPLETE else hints.RETRY_BILLED
    failed = status is MessageStatus.FAILED
    note = ErrorNote("It broke.", to_do, code=code) if failed else None
    cut = answer("Half an ans", status, error=note)
    after = replace(question("Go on."), parent_id=cut.id)
    view.set_messages([question("Q"), cut])
    assert "Continue" in view.toPlainText()
    view.stream.append_message(after)
    assert "Continue" not in view.toPlainText()
    assert ("Retry" in view.toPlainText()) is failed
    shown = view.toPlainText()
    view.set_messages([])
    view.set_messages([question("Q"), cut, after])
    assert view.toPlainText() == shown


def test_unfolded_reasoning_survives_another_version_of_a_later_answer(
    view: TranscriptView, qtbot: QtBot
) -> None:
    thought = answer("Text", reasoning="**Title**\n\nThoughts in *full*.")
    view.set_messages([question("Q"), thought, question("R"), answer("The first.")])
    click_link(view, qtbot, "Thought: ")
    view.set_messages([question("Q"), thought, question("R"), answer("The second.")])
    assert "Thoughts in full." in view.toPlainText()
    for path in ([question("Elsewhere")], [thought]):
        view.set_messages(path)
        assert "Thoughts in full." not in view.toPlainText()


def test_reasoning_unfolds_and_folds_by_click(view: TranscriptView, qtbot: QtBot) -> None:
    view.set_messages([answer("Text", reasoning="**Title**\n\nThoughts in *full*.")])
    click_link(view, qtbot, "Thought: ")
    assert "Thoughts in full." in view.toPlainText()
    click_link(view, qtbot, "Thought: ")
    assert "Thoughts in full." not in view.toPlainText()


def test_reasoning_grows_before_the_answer(view: TranscriptView) -> None:
    message = streaming()
    view.stream.append_message(message)
    view.stream.append_reasoning(message.id, "**Weighing")
    view.stream.append_reasoning(message.id, " it up**\n\nWell,")
    assert "Thinking: Weighing it up" in view.toPlainText()
    view.stream.append_text(message.id, "So it is.")
    view.stream.flush()
    assert "Thought: Weighing it up" in view.toPlainText()


def test_the_end_of_unfolded_reasoning_is_shown_when_the_answer_ends(view: TranscriptView) -> None:
    message = streaming()
    view.stream.append_message(message)
    view.stream.append_reasoning(message.id, "A thought.\n\nSee [this")
    view.commands.run(message.id, "reasoning")
    assert "[this" not in view.toPlainText(), "it may become a link"
    parts = (ReasoningPart("A thought.\n\nSee [this"), TextPart("So it is."))
    view.stream.update_message(replace(message, parts=parts, status=MessageStatus.COMPLETE))
    assert "See [this" in view.toPlainText()
    assert "So it is." in view.toPlainText()


def test_the_status_line_appears_and_disappears(view: TranscriptView) -> None:
    message = streaming()
    view.stream.append_message(message)
    view.stream.set_status_line(message.id, "Waiting 3 s: too many requests")
    assert "Waiting 3 s" in view.toPlainText()
    view.stream.set_status_line(message.id, "")
    assert "Waiting 3 s" not in view.toPlainText()


# ---------------------------------------------------------------- scroll position


def test_the_scroll_position_survives_a_theme_change(view: TranscriptView) -> None:
    messages = many(12)
    view.set_messages(messages)
    view.scroll_to_message(messages[5].id)
    state = view.scroll_state()
    assert state == (messages[5].id, 0)
    view.set_theme(theme.dark())
    assert view.scroll_state() == state
    view.resize(600, 500)
    assert view.scroll_state()[0] == messages[5].id
    view.set_messages(messages)
    view.restore_scroll(state)
    assert view.scroll_state()[0] == messages[5].id


@pytest.mark.parametrize("name", ["narrow", "wide", "full"])
def test_the_line_width_is_a_setting(view: TranscriptView, name: str) -> None:
    view.set_messages(many(3))
    view.resize(1400, 700)
    look = replace(view.theme, max_line_width=theme.LINE_WIDTHS[name])
    view.set_theme(look)
    bar = view.verticalScrollBar().sizeHint().width()
    full = 1400 - 2 * max(look.px(theme.MARGIN), bar)
    assert view.viewport().width() == min(look.px(look.max_line_width), full)
    assert view.document().textWidth() == view.viewport().width()


# ---------------------------------------------------------------- copying


def test_a_selection_is_copied_in_three_formats(view: TranscriptView) -> None:
    view.set_messages([question("Why so?"), answer("So **bold** it `is`.\n\n- one\n- two\n")])
    select(view, "so?", "one")
    data = view.createMimeDataFromSelection()
    assert data.html().removeprefix('<meta charset="utf-8">') == (
        "<p>so?</p><p>So <strong>bold</strong> it <code>is</code>.</p><ul><li>one</li></ul>"
    )
    assert bytes(data.data("text/markdown").data()).decode() == (
        "so?\n\nSo **bold** it `is`.\n\n- one"
    )
    assert data.text() == "so?\nSo bold it is.\n• one"


def test_a_copied_question_names_its_documents(view: TranscriptView) -> None:
    report = DocumentPart("s", "q3.pdf", "application/pdf", 1)
    asked = question("Why so?", report)
    view.set_messages([asked])
    view.selection.select_all()
    assert view.createMimeDataFromSelection().text() == "Why so?\n[q3.pdf]"
    view.commands.run(asked.id, "copy")
    assert QGuiApplication.clipboard().text() == "Why so?\n[q3.pdf]"


def test_a_table_is_copied_as_a_table(view: TranscriptView) -> None:
    view.set_messages([answer("| a | b |\n|---|---|\n| 1 | 2 |\n\nend")])
    select(view, "a", "2")
    data = view.createMimeDataFromSelection()
    assert data.html().startswith('<meta charset="utf-8"><table ')
    assert data.text() == "a\tb\n1\t2"


def copy_mark(view: TranscriptView) -> QRect:
    """Return the place of the button that copies a block of Python."""
    head = view.document().find("py").block()
    mark = view.copy_mark(head)
    return mark.area


def test_code_is_copied_as_code(view: TranscriptView, qtbot: QtBot) -> None:
    view.set_messages([answer("```py\na = 1\n\n  b\n```")])
    view.grab()
    area = copy_mark(view)
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=area.center())
    assert QGuiApplication.clipboard().text() == "a = 1\n\n  b"
    select(view, "a = 1", "b")
    assert view.createMimeDataFromSelection().text() == "a = 1\n\n  b"
    assert not view.createMimeDataFromSelection().hasHtml()


def test_the_actions_of_the_newest_answer_are_shown(view: TranscriptView, qtbot: QtBot) -> None:
    reply = answer("The **answer**.")
    view.set_messages([question("Q"), reply])
    buttons = {b.accessibleName(): b for b in view.findChildren(QToolButton) if b.isVisible()}
    with qtbot.waitSignal(view.action_requested) as caught:
        buttons["Regenerate response"].click()
    assert caught.args == [reply.id, "retry-with"]
    buttons["Copy response"].click()
    assert QGuiApplication.clipboard().text() == "The **answer**."


# ---------------------------------------------------------------- safety


@pytest.mark.parametrize(
    ("target", "opens"),
    [
        ("https://example.com/a", True),
        ("mailto:me@example.com", True),
        ("ftp://example.com/a", False),
        ("smb://host/share", False),
        ("relative/path", False),
    ],
)
def test_links_open_on_a_click_and_only_safe_ones(
    view: TranscriptView, qtbot: QtBot, target: str, opens: bool
) -> None:
    with opened_urls("https", "mailto", "ftp", "smb", "", "file") as opened:
        view.set_messages([answer(f"see [the page]({target}) there")])
        click_link(view, qtbot, "the page")
    assert opened == ([QUrl(target)] if opens else [])
    assert view.source().isEmpty()
    assert "the page" in view.toPlainText()


def test_the_tooltip_shows_the_encoded_address(view: TranscriptView, qtbot: QtBot) -> None:
    view.set_messages([answer("[https://bank.com](https://exаmple.com/x)")])
    cursor = view.document().find("bank")
    place = view.cursorRect(cursor).center()
    qtbot.mouseMove(view.viewport(), QPoint(1, 1))
    qtbot.mouseMove(view.viewport(), place)
    assert view.viewport().toolTip().startswith("https://xn--")


# ---------------------------------------------------------------- assistive technology


def test_a_screen_reader_reads_the_whole_text(view: TranscriptView) -> None:
    view.set_messages([question("The question"), answer("The *answer*\n\n- item\n")])
    interface = QAccessible.queryAccessibleInterface(view)
    assert interface is not None
    text = interface.textInterface()
    whole = text.text(0, text.characterCount())
    for words in ("The question", "The answer", "•\titem"):
        assert words in whole
    assert interface.text(QAccessible.Text.Name) == "Transcript"


# ---------------------------------------------------------------- backgrounds


def color_at(view: TranscriptView, text: str, dx: int, dy: int) -> str:
    """Return the color on screen at an offset from the start of a text."""
    cursor = view.document().find(text)
    cursor.setPosition(cursor.selectionStart())
    place = view.cursorRect(cursor).topLeft() + QPoint(dx, dy)
    return str(view.viewport().grab().toImage().pixelColor(place).name())


def test_backgrounds_are_painted_behind_their_text(view: TranscriptView) -> None:
    note = ErrorNote("It broke.", "Try again.")
    code = "plain `inline` words\n\n```\nfirst\nlast\n```\n\nafter"
    view.set_messages([question("Asked"), answer(code, MessageStatus.FAILED, error=note)])
    colors = view.theme
    assert color_at(view, "Asked", -5, 8) == colors.tint.name()
    assert color_at(view, "first", -5, 8) == colors.code_ground.name()
    assert color_at(view, "last", 300, 22) == colors.code_ground.name()
    assert color_at(view, "inline", -1, 10) == colors.code_ground.name()
    assert color_at(view, "It broke", -5, 8) == colors.error_ground.name()
    assert color_at(view, "after", 200, 8) == colors.ground.name()


# ---------------------------------------------------------------- themes and sizes


LONG = (
    "# Head\n\n"
    + "Words and words. " * 60
    + "\n\n```py\na = 1\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n"
)


@pytest.mark.parametrize("streams", [False, True])
def test_the_background_follows_the_theme(
    view: TranscriptView, qapp: QApplication, streams: bool
) -> None:
    message = streaming() if streams else answer("Text")
    view.set_messages([question("Q"), message])
    for look in (theme.dark(), theme.light(), theme.dark(1.2)):
        theme.apply_theme(qapp, look)
        view.set_theme(look)
        if streams:
            view.stream.append_text(message.id, "Text\n\n")
            view.stream.flush()
        image = view.grab().toImage()
        bottom = image.height() - 2
        for x in (2, view.width() // 2, view.width() - 20):
            assert image.pixelColor(x, bottom) == look.ground
        shown = view.viewport().geometry()
        image = image.copy(shown.x(), 0, shown.width(), bottom)
        colors = {image.pixel(x, y) for x in range(200) for y in range(image.height())}
        assert look.text.rgb() in colors


@pytest.mark.parametrize("width", [320, 759, 760, 900, 1401])
@pytest.mark.parametrize("is_long", [False, True])
def test_the_text_column_is_centered(view: TranscriptView, width: int, is_long: bool) -> None:
    view.resize(width, 500)
    view.set_messages([answer(LONG * 6 if is_long else "Short.")])
    bar = view.verticalScrollBar()
    left = max(theme.MARGIN, (width - theme.STANDARD_LINE_WIDTH) // 2)
    assert (bar.maximum() > 0) is is_long
    assert view.viewport().x() == left
    assert view.viewport().geometry().right() + 1 == width - left


def test_the_line_on_top_stays_when_the_window_is_resized(view: TranscriptView) -> None:
    """Check this within a long answer, too, whose text reflows."""
    text = "\n\n".join(f"{n}: " + "some words of a paragraph " * 12 for n in range(60))
    view.set_messages([question("Why?"), answer(text)])
    view.verticalScrollBar().setValue(view.verticalScrollBar().maximum() // 2)

    def top() -> str:
        return view.cursorForPosition(QPoint(0, 0)).block().text().split(":")[0]

    line = top()
    for width in (860, 700, 520, 400, 560, 800, 900):
        view.resize(width, 600)
        assert top() == line
    view.set_theme(theme.dark(1.4))
    assert top() == line
    view.set_theme(theme.light())
    assert top() == line
    value = view.verticalScrollBar().value()
    view.set_theme(theme.dark())
    assert abs(view.verticalScrollBar().value() - value) < 3


# ------------------------------------------------------------------ drags


def drag_from(view: TranscriptView, qtbot: QtBot, text: str) -> None:
    """Drag from the middle of a text."""
    cursor = view.document().find(text)
    assert not cursor.isNull()
    cursor.setPosition(cursor.selectionStart() + 1)
    place = view.cursorRect(cursor).center()
    qtbot.mousePress(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    for across in (2, 60):
        move = QMouseEvent(
            QEvent.Type.MouseMove,
            (place + QPoint(across, 0)).toPointF(),
            view.viewport().mapToGlobal(place + QPoint(across, 0)).toPointF(),
            Qt.MouseButton.NoButton,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
        QApplication.sendEvent(view.viewport(), move)


def test_dragging_the_head_of_code_drags_the_code(
    view: TranscriptView, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    carried: list[str] = []
    monkeypatch.setattr(QDrag, "exec", lambda drag, _: carried.append(drag.mimeData().text()))
    view.set_messages([question("How?"), answer("Run:\n\n```python\nx = 1\ny = 2\n```\n")])
    drag_from(view, qtbot, "python")
    assert carried == ["x = 1\ny = 2"]
    assert not view.textCursor().hasSelection()
    drag_from(view, qtbot, "x = 1")  # selects
    assert carried == ["x = 1\ny = 2"]


def test_an_attachment_is_dragged_but_a_click_opens_it(
    view: TranscriptView, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    carried: list[list[QUrl]] = []
    monkeypatch.setattr(QDrag, "exec", lambda drag, _: carried.append(drag.mimeData().urls()))
    monkeypatch.setattr(QGuiApplication, "mouseButtons", lambda: Qt.MouseButton.LeftButton)
    part = DocumentPart("9" * 64, "report.pdf", "application/pdf", 1, pages=3)
    view.set_messages([question("Why?", part)])
    with qtbot.waitSignal(view.drags.file_requested) as told:
        drag_from(view, qtbot, "report.pdf")
    assert told.args == ["9" * 64]
    view.drags.drag_file(tmp_path / "report.pdf")
    assert carried == [[QUrl.fromLocalFile(str(tmp_path / "report.pdf"))]]
    with qtbot.assertNotEmitted(view.action_requested):
        view.drags.drag_file(tmp_path / "report.pdf")  # too late: the drag is over
    assert len(carried) == 1
    with qtbot.waitSignal(view.action_requested):
        click_link(view, qtbot, "report.pdf")


def test_links_do_not_differ_by_color_alone(view: TranscriptView) -> None:
    text = "See [the manual](https://a.example) first."
    view.set_messages([question("Q"), answer(text, status=MessageStatus.CANCELLED)])
    shown = view.toPlainText()
    cursor = view.textCursor()
    words = {"See": False, "manual": True, "first": False, "Stopped": False, "Continue": True}
    for word, is_link in words.items():
        cursor.setPosition(shown.index(word) + 1)
        assert cursor.charFormat().fontUnderline() is is_link


def test_a_selection_that_ends_at_a_copy_mark_copies_no_code(
    view: TranscriptView, qtbot: QtBot, qapp: QApplication
) -> None:
    view.set_messages([answer("words to select\n\n```py\na = 1\n```")])
    start, end = view.cursorRect(view.document().find("words")).center(), copy_mark(view).center()
    qapp.clipboard().setText("before")
    qtbot.mousePress(view.viewport(), Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(view.viewport(), end)
    release = QMouseEvent(
        QEvent.Type.MouseButtonRelease,
        end.toPointF(),
        view.viewport().mapToGlobal(end).toPointF(),
        Qt.MouseButton.LeftButton,
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(view.viewport(), release)
    assert "to select" in view.textCursor().selectedText()
    assert qapp.clipboard().text() == "before"
