"""The transcript view: display, scroll position, copying and opening."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QRect, QRectF, Qt, QTimer, QUrl
from PySide6.QtGui import (
    QAccessible,
    QDesktopServices,
    QDrag,
    QFontMetricsF,
    QGuiApplication,
    QHelpEvent,
    QMouseEvent,
    QTextCursor,
)
from PySide6.QtWidgets import QAbstractButton, QApplication, QToolButton, QToolTip

from desktop_app.domain.conversations.conversation import INCOMPLETE, MessageStatus, ModelChoice
from desktop_app.domain.conversations.message_parts import DocumentPart, ReasoningPart, TextPart
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.remedy import Remedy
from desktop_app.domain.spending.cost import Usage
from desktop_app.i18n.translation import tr, use_language
from desktop_app.paths import resource_path
from desktop_app.ui.look import theme
from desktop_app.ui.transcript.keyboard.action_row import ActionRow
from desktop_app.ui.transcript.message_items import reasoning_line
from desktop_app.ui.transcript.transcript_styles import PAD
from desktop_app.ui.transcript.view import TranscriptView
from desktop_app.ui.transcript.viewport.transcript_surface import COPIED_MS
from tests.gui.transcript.test_message_navigator import many
from tests.helpers.menus import entry_text
from tests.helpers.messages import answer, question, streaming
from tests.helpers.opened_urls import opened_urls

if TYPE_CHECKING:
    from PySide6.QtGui import QTextBlock, QTextLine
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
    view.set_messages([question("Summarize.", report), reply], versions={reply.id: (2, 3)})
    text = view.toPlainText()
    assert "q3.pdf\u200348 pages\u200331,480 tokens" in text
    assert "Thought: Which failures are safe" in text
    assert "Thoughts." not in text
    assert "2/3" in text
    assert "Thinking · High · 1,234 tokens · $0.003 · 9.2 s" in text


def test_the_footer_shows_the_display_name_of_the_model(view: TranscriptView) -> None:
    reply = answer("Text", choice=ModelChoice("on-device", "small-1"))
    view.set_messages([question("Q"), reply])
    assert "small-1" in view.toPlainText()
    view.set_model_names({"small-1": "Small One"}.__getitem__)
    assert "Small One" in view.toPlainText()
    assert "small-1" not in view.toPlainText()
    view.stream.append_message(answer("Text", choice=ModelChoice("on-device", "small-1")))
    assert view.toPlainText().count("Small One") == 2


def hint_at(view: TranscriptView, words: str) -> str:
    """Return the tooltip at the first occurrence of words."""
    spot = view.cursorRect(view.document().find(words)).center()
    place = view.viewport().mapToGlobal(spot)
    QApplication.sendEvent(view.viewport(), QHelpEvent(QEvent.Type.ToolTip, spot, place))
    return QToolTip.text()


def test_the_tooltip_of_the_footer_has_the_tokens_by_kind(view: TranscriptView) -> None:
    one, two = answer("First", usage=Usage(1000, 250, 200, 150)), answer("Second", usage=Usage(7))
    view.set_messages([question("Q"), one, question("R"), two])
    assert hint_at(view, "First") == ""
    assert hint_at(view, "1,200 tokens").split("\n") == [
        "Input: 1,000 tokens",
        "Cached share of the input: 25%",
        "Output: 200 tokens",
        "Reasoning: 150 tokens",
    ]
    assert hint_at(view, "7 tokens").split("\n") == ["Input: 7 tokens", "Output: 0 tokens"]
    QToolTip.hideText()


def test_a_brief_view_shows_no_facts_in_the_footer(qtbot: QtBot, light_theme: theme.Theme) -> None:
    view = TranscriptView(light_theme, is_brief=True)
    qtbot.addWidget(view)
    view.resize(680, 200)
    view.show()
    for text in ("Text", "```py\na = 1\n```"):
        view.set_messages([answer(text, cost=Decimal("0.0034"), duration_s=9.2)])
        assert not any(word in view.toPlainText() for word in ("$0.003", "9.2 s", "Thinking"))
        cursor = QTextCursor(view.document())
        assert 0 < view.cursorRect(cursor).top() < 24
    view.set_theme(theme.dark())
    assert "$0.003" not in view.toPlainText()
    assert view.cursorRect(QTextCursor(view.document())).top() < 24


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


def test_the_footer_has_a_gap_to_the_details_of_an_error(
    view: TranscriptView, qtbot: QtBot
) -> None:
    note = ErrorNote("It broke.", "Try again.", details="status 500")
    view.set_messages([answer("", MessageStatus.FAILED, error=note, duration_s=9.2)])
    click_link(view, qtbot, "Details")
    foot = view.document().find("9.2 s").block()
    box = view.document().documentLayout().blockBoundingRect
    assert box(foot).top() - box(foot.previous()).bottom() >= view.theme.px(PAD + 12)


@pytest.mark.parametrize(
    ("to_do", "shown"),
    [
        (Remedy.RETRY_BILLED, "Select Continue to resume, or Retry to start over."),
        (Remedy.RETRY_SOON, "then try again."),
    ],
)
def test_an_error_offers_to_continue_only_if_text_has_arrived(
    view: TranscriptView, to_do: Remedy, shown: str
) -> None:
    note = ErrorNote("It broke.", to_do)
    for text, words in (("Half", shown), ("", note.what_to_do)):
        view.set_messages([question("Q"), answer(text, MessageStatus.FAILED, error=note)])
        assert words in view.toPlainText()


def test_a_sentence_of_an_error_is_shown_as_it_is(view: TranscriptView) -> None:
    to_do = "Wait, then try again in Settings › Provider."
    note = ErrorNote("It broke.", to_do)
    view.set_messages([question("Q"), answer("Half", MessageStatus.FAILED, error=note)])
    assert to_do in view.toPlainText()


def test_the_version_arrows_of_a_question_are_below_it(view: TranscriptView, qtbot: QtBot) -> None:
    report = DocumentPart("s", "q3.pdf", "application/pdf", 1)
    asked = question("Summarize.", report)
    view.set_messages([asked, answer("Text")], versions={asked.id: (2, 3)})
    words, arrows, attached = map(view.document().find, ("Summarize.", "2/3", "q3.pdf"))
    assert words.position() < arrows.position() < attached.position()
    left = words.block().blockFormat().leftMargin()
    assert arrows.block().blockFormat().leftMargin() == left > 100
    qtbot.mouseMove(view.viewport(), view.cursorRect(words).center())
    row = view.findChild(ActionRow)
    assert row is not None
    qtbot.waitUntil(row.isVisible)
    assert abs(view.cursorRect(arrows).center().y() - row.geometry().center().y()) <= 3


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
    to_do = Remedy.CONTINUE if code == INCOMPLETE else Remedy.RETRY_BILLED
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


@pytest.mark.parametrize(
    ("seconds", "words"), [(None, "Thought"), (0.96, "Thought"), (9.3, "Thought for 9.3 s")]
)
def test_a_short_thought_has_no_figure(seconds: float | None, words: str) -> None:
    line = reasoning_line("no title", seconds, is_thinking=False, is_folded=True)
    assert line.runs[-1].text == words


def test_a_stored_answer_shows_its_thinking_time(view: TranscriptView) -> None:
    parts = (ReasoningPart("**Sums**\n\nTwo.", seconds=9.3), TextPart("Four."))
    view.set_messages([replace(answer(""), parts=parts)])
    assert "Thought for 9.3 s: Sums" in view.toPlainText()


def test_reasoning_grows_before_the_answer(view: TranscriptView) -> None:
    message = streaming()
    view.stream.append_message(message)
    view.stream.append_reasoning(message.id, "**Weighing")
    view.stream.append_reasoning(message.id, " it up**\n\nWell,")
    assert "Thinking: Weighing it up" in view.toPlainText()
    view.stream.append_text(message.id, "So it is.")
    view.stream.flush()
    assert "Thought: Weighing it up" in view.toPlainText()


def test_reasoning_that_stays_unfolded_shows_all_that_has_arrived(view: TranscriptView) -> None:
    message = streaming()
    view.stream.append_message(message)
    view.stream.append_reasoning(message.id, "One, ")
    view.commands.run(message.id, "reasoning")
    view.set_messages([message])
    for piece in ("two, ", "three."):
        view.stream.append_reasoning(message.id, piece)
        assert piece.strip() in view.toPlainText().replace("Thinking: ", "")


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


def test_scrolling_up_materializes_older_messages(view: TranscriptView, qtbot: QtBot) -> None:
    messages = many(2000)
    view.set_messages(messages)
    assert view.document().characterCount() < 120_000
    bar = view.verticalScrollBar()
    shown = view.document().characterCount()
    bar.setValue(view.viewport().height() // 2)
    state = view.navigator.scroll_state()
    qtbot.waitUntil(lambda: view.document().characterCount() > shown)
    assert view.navigator.scroll_state() == state


def test_the_scroll_position_survives_a_theme_change(view: TranscriptView) -> None:
    messages = many(12)
    view.set_messages(messages)
    view.scroll_to_message(messages[5].id)
    state = view.navigator.scroll_state()
    assert state == (messages[5].id, 0)
    view.set_theme(theme.dark())
    assert view.navigator.scroll_state() == state
    view.resize(600, 500)
    assert view.navigator.scroll_state()[0] == messages[5].id
    view.set_messages(messages)
    view.navigator.restore_scroll(state)
    assert view.navigator.scroll_state()[0] == messages[5].id


def test_a_message_far_up_can_be_reached(view: TranscriptView) -> None:
    messages = many(300)
    view.set_messages(messages)
    view.scroll_to_message(messages[100].id)
    assert view.navigator.scroll_state() == (messages[100].id, 0)


def test_the_text_is_no_wider_than_the_measure(view: TranscriptView) -> None:
    view.set_messages(many(3))
    view.resize(1400, 700)
    width = view.viewport().width()
    view.resize(1800, 700)
    assert view.viewport().width() == width == view.theme.px(theme.STANDARD_LINE_WIDTH)


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
    view.selectAll()
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


def test_a_translated_copy_button_ends_before_the_edge_of_the_code(view: TranscriptView) -> None:
    view.set_messages([answer("```py\na = 1\n```")])
    use_language("de", resource_path("locale"))
    try:
        words = QFontMetricsF(view.theme.note()).horizontalAdvance(tr("Copy"))
        view.set_theme(view.theme)
        area = copy_mark(view)
    finally:
        use_language("en", Path())
    icon = view.theme.px(19)
    assert area.right() - (area.left() + icon + words) >= view.theme.px(7)


def test_a_copy_button_shows_copied_for_a_while(
    view: TranscriptView, qtbot: QtBot, qapp: QApplication
) -> None:
    view.set_messages([answer("```py\na = 1\n```")])
    area = copy_mark(view)
    button = next(b for b in view.findChildren(QToolButton) if b.objectName() == "message-copy")
    for widget, place, owner in (
        (view.viewport(), area, view),
        (button, button.rect(), view.action_placer.row),
    ):
        qtbot.mouseMove(widget, place.center())
        before = widget.grab(place).toImage()
        qtbot.mouseClick(widget, Qt.MouseButton.LeftButton, pos=place.center())
        assert widget.grab(place).toImage() != before
        children = Qt.FindChildOption.FindDirectChildrenOnly
        timers = owner.findChildren(QTimer, options=children)
        (said,) = (timer for timer in timers if timer.interval() == COPIED_MS)
        said.timeout.emit()
        assert widget.grab(place).toImage() == before
    assert qapp.clipboard().text() == "```py\na = 1\n```"


def test_a_clicked_link_is_neither_framed_nor_selected(
    view: TranscriptView, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    view.set_messages([answer("Before the [link](https://a.example/x) here.")])
    view.setFocus(Qt.FocusReason.MouseFocusReason)
    before = view.viewport().grab().toImage()
    click_link(view, qtbot, "link")
    assert [url.toString() for url in opened] == ["https://a.example/x"]
    assert not view.textCursor().hasSelection()
    assert view.viewport().grab().toImage() == before


def test_the_label_of_the_latest_button_is_centered(
    view: TranscriptView, light_theme: theme.Theme
) -> None:
    view.set_messages(many(6))
    view.navigator.scroll_to_top()
    button = view.findChild(QAbstractButton, "latest")
    assert button is not None
    assert button.isVisible()
    image, ground = button.grab().toImage(), light_theme.card.name()
    edge = light_theme.px(6)
    inked = [
        x
        for x in range(edge, image.width() - edge)
        if any(image.pixelColor(x, y).name() != ground for y in range(edge, image.height() - edge))
    ]
    left, right = inked[0], image.width() - 1 - inked[-1]
    assert abs(left - right) <= light_theme.px(3)


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
    assert caught.args == [reply.id, "retry"]
    buttons["Copy response"].click()
    assert QGuiApplication.clipboard().text() == "The **answer**."


def test_the_menu_has_the_actions_of_message_and_conversation(view: TranscriptView) -> None:
    view.set_messages([question("Q"), answer("Text")])
    place = view.cursorRect(view.document().find("Text")).center()
    names = [action.text() for action in view.context_menu.menu_at(place).actions()]
    assert names == [
        "Copy response",
        "Regenerate response",
        "Regenerate with…",
        "Review response…",
        "Branch into new conversation",
        "Copy link to message",
        "Select all",
        "",
        "Find in conversation",
        "Copy conversation",
        "Export conversation…",
        "Print conversation…",
    ]


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
def test_the_text_size_changes_under_a_scroll_bar(
    qtbot: QtBot, view: TranscriptView, qapp: QApplication, streams: bool
) -> None:
    message = streaming() if streams else answer(LONG * 4)
    view.set_messages([question("Q"), answer(LONG * 4), message])
    for number, scale in enumerate((1.1, 2.0, 0.8, 1.5, 1.0)):
        if streams:
            view.stream.append_text(message.id, LONG)
            view.stream.flush()
        look = (theme.dark if number % 2 else theme.light)(scale)
        theme.apply_theme(qapp, look)
        view.set_theme(look)
        QCoreApplication.processEvents()
        view.resize(900 - 60 * number, 600 - 40 * number)
        if streams:
            view.stream.append_text(message.id, f"Piece {number}.\n\n")
    view.stream.update_message(
        replace(message, status=MessageStatus.COMPLETE, parts=(TextPart(LONG),))
    )
    bar = view.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.value() == bar.maximum() > 0)
    view.set_messages([question("Short")])
    assert view.verticalScrollBar().maximum() == 0
    view.set_theme(theme.light(2.0))
    assert "Short" in view.toPlainText()


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


def test_the_actions_follow_the_text_size(view: TranscriptView) -> None:
    view.set_messages([question("Q"), answer("Text")])
    before = view.action_placer.row.size()
    for scale in (2.0, 1.0):
        view.set_theme(theme.dark(scale))
        row = view.action_placer.row
        buttons = [b for b in row.findChildren(QToolButton) if not b.isHidden()]
        assert len(buttons) == 5
        assert row.geometry().right() + 1 == view.viewport().width()
        assert row.width() >= sum(b.sizeHint().width() for b in buttons)
    assert row.size() == before


@pytest.mark.parametrize("scale", [1.0, 2.0])
@pytest.mark.parametrize("width", [280, 340, 420, 640, 900])
def test_the_actions_never_cover_the_footer(view: TranscriptView, width: int, scale: float) -> None:
    view.resize(width, 480)
    view.set_theme(theme.light(scale))
    replies = [
        answer("Text", usage=Usage(100_000, 0, 234), cost=Decimal("0.0034"), duration_s=95.2)
        for _ in range(2)
    ]
    view.set_messages([question("Q"), replies[0], question("Q"), replies[1]])
    for reply in replies:
        entry = view.messages.get(reply.id)
        assert entry is not None
        view.action_placer.show_for(entry)
        row = view.action_placer.row.geometry().translated(0, view.verticalScrollBar().value())
        layout = view.document().documentLayout()
        foot = view.messages.layouts.block_of(entry.layout, len(entry.layout.items) - 1)
        words = foot.layout().boundingRect()
        words.setWidth(max(line.naturalTextWidth() for line in lines_of(foot)))
        words.translate(layout.blockBoundingRect(foot).topLeft())
        assert not QRectF(row).intersects(words)
        assert row.bottom() < layout.documentSize().height()
        below = foot.next()
        if below.text() == "Q":
            assert row.bottom() < layout.blockBoundingRect(below).top() - view.theme.px(PAD)


@pytest.mark.parametrize("scale", [0.8, 1.0, 1.5, 2.0])
def test_the_actions_of_a_question_do_not_cover_the_background_below(
    view: TranscriptView, scale: float
) -> None:
    view.set_theme(theme.dark(scale))
    asked, note = question("Q"), ErrorNote("It broke.", "Try again.")
    for reply in (answer("", MessageStatus.FAILED, error=note), answer("```py\na = 1\n```")):
        view.set_messages([asked, reply])
        entry, layouts = view.messages.get(asked.id), view.messages.layouts
        below = layouts.block_of(view.messages.layout_of(reply.id), 0)
        assert entry is not None
        view.action_placer.show_for(entry)
        layout, above = view.document().documentLayout(), view.theme.px(PAD)
        ground = layout.blockBoundingRect(below).top() - above - view.verticalScrollBar().value()
        row, shown = view.action_placer.row.geometry(), view.viewport().grab().toImage()
        assert row.center().y() < ground
        beside, beneath = (QPoint(row.left() + x, ceil(ground) + 1) for x in (-20, 2))
        assert shown.pixelColor(beneath) == shown.pixelColor(beside) != view.theme.ground


def lines_of(block: QTextBlock) -> list[QTextLine]:
    return [block.layout().lineAt(number) for number in range(block.layout().lineCount())]


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


def test_the_topmost_line_stays_when_the_application_font_grows(
    view: TranscriptView, qapp: QApplication
) -> None:
    """Check this for a new application font.

    The application's scroll bars change first and take width from the text, so that no paragraph
    fits.
    """
    width = view.viewport().width()
    letters = QFontMetricsF(view.document().defaultFont())
    lines = ("i " * many + "w" * few for many in range(20, 300) for few in range(1, 20))
    line = next(line for line in lines if width - 1 < letters.horizontalAdvance(line) <= width)
    view.set_messages([question("Q"), answer("\n\n".join([line] * 80))])
    bar = view.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)

    def top() -> tuple[int, int]:
        cursor = view.cursorForPosition(QPoint(0, 0))
        return view.anchor.item_on_top()[1], view.cursorRect(cursor).top()

    before = top()
    for scale in (1.1, 1.2, 1.1, 1.0):
        theme.apply_theme(qapp, theme.light(scale))
        assert top()[0] == before[0]
        view.set_theme(theme.light(scale))
        assert top() == before


def test_a_reflow_after_a_theme_change_hides_no_text_below(view: TranscriptView) -> None:
    """Check this for tables that Qt has not fully laid out yet."""
    table = "| " + "many words " * 9 + "| b |\n|---|---|\n| c | d |\n\n"
    view.set_messages([question("Q"), answer(table * 3 + LONG * 6 + "\n\nSome words.\n\n" * 60)])
    for scale in (2.0, 1.0, 1.5):
        view.verticalScrollBar().setValue(0)
        view.set_theme(theme.light(scale))
        view.resize(round(500 * scale), 400)
        layout, block = view.document().documentLayout(), view.document().begin()
        layout.documentSize()
        while block.isValid():
            assert not block.text() or not layout.blockBoundingRect(block).isNull()
            block = block.next()


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


def test_arrows_of_versions_are_not_underlined(view: TranscriptView) -> None:
    reply = answer("A")
    view.set_messages([question("Q"), reply], versions={reply.id: (2, 3)})
    cursor = view.textCursor()
    for arrow in "‹›":
        cursor.setPosition(view.toPlainText().index(arrow) + 1)
        assert cursor.charFormat().isAnchor()
        assert not cursor.charFormat().fontUnderline()


def test_the_newest_answer_is_found_above_the_document(view: TranscriptView) -> None:
    newest = answer("newest")
    view.set_messages([answer("older"), newest, question("long " * 8_000)])
    assert newest.id not in {layout.key for layout in view.messages.layouts}
    state = view.messages.newest_answer()
    assert state is not None
    assert state.message is newest


def test_the_pointer_is_a_hand_only_over_a_copy_mark(view: TranscriptView, qtbot: QtBot) -> None:
    view.set_messages([answer("words\n\n```py\na = 1\n```")])
    area = copy_mark(view)
    qtbot.mouseMove(view.viewport(), area.center())
    assert view.viewport().cursor().shape() is Qt.CursorShape.PointingHandCursor
    qtbot.mouseMove(view.viewport(), QPoint(5, area.top() - 30))
    assert view.viewport().cursor().shape() is not Qt.CursorShape.PointingHandCursor


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


@pytest.mark.parametrize("at_x", [5, 850])
def test_a_drag_that_begins_beside_the_text_selects(
    view: TranscriptView, qtbot: QtBot, at_x: int
) -> None:
    view.set_messages([answer("one\n\ntwo words\n\n```py\na = 1\n```")])
    code = view.cursorRect(view.document().find("py")).center()
    end = view.cursorRect(view.document().find("two")).center()
    column = view.viewport().geometry()
    beside = QPoint(at_x, column.top() + code.y())
    assert not column.contains(beside)
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=beside)
    qtbot.mouseMove(view, column.topLeft() + end)
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=column.topLeft() + end)
    assert "words" in view.textCursor().selectedText()
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=beside)
    assert not view.textCursor().hasSelection()


def test_the_menu_copies_its_code_although_text_arrives_above(view: TranscriptView) -> None:
    code, arriving = answer("```py\na = 1\n```"), streaming()
    view.set_messages([arriving, code])
    menu = view.context_menu.menu_at(copy_mark(view).center())
    view.stream.append_text(arriving.id, "One.\n\nTwo.\n\nThree.\n\nFour.\n\n")
    view.stream.flush()
    (copy,) = [entry for entry in menu.actions() if entry_text(entry) == "Copy code block"]
    copy.trigger()
    assert QGuiApplication.clipboard().text() == "a = 1"
