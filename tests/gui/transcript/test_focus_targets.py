"""The keyboard moves between named targets, and Enter acts like a click."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QAccessible, QFocusEvent, QGuiApplication, QTextCursor
from PySide6.QtWidgets import QApplication, QLabel, QMenu, QToolButton, QWidget

from desktop_app.domain.conversations.conversation import MessageStatus
from desktop_app.domain.conversations.message_parts import ToolCallPart
from desktop_app.domain.error_note import ErrorNote
from desktop_app.transcript.targets import targets_of
from tests.helpers.menus import entry_text, give_commands
from tests.helpers.messages import answer, question, streaming
from tests.helpers.transcript_views import focused_name, focused_rect, is_on_target

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop_app.transcript.view import TranscriptView

LINES = "".join(f"line_{number}\n" for number in range(40))
SAID = f"""See [the docs](https://docs.example/a) and [b](https://xn--80ak6aa92e.example/).

```python
{LINES}```

| a |
|---|
| [cell](https://cell.example) |
"""


def focused(view: TranscriptView) -> QWidget:
    widget = view.window().focusWidget()
    assert widget is not None
    return widget


def tab(qtbot: QtBot, view: TranscriptView, *, back: bool = False) -> str:
    """Go to the next target, by Tab from the text and by an arrow key from a target."""
    key = Qt.Key.Key_Backtab if back else Qt.Key.Key_Tab
    if focused(view) is not view or is_on_target(view):
        key = Qt.Key.Key_Left if back else Qt.Key.Key_Right
    qtbot.keyClick(focused(view), key)
    return focused_name(view)


def tab_to(qtbot: QtBot, view: TranscriptView, name: str) -> None:
    assert any(tab(qtbot, view).startswith(name) for _ in range(20)), name


def enter(view: TranscriptView) -> None:
    view.moveCursor(QTextCursor.MoveOperation.Start)
    view.clearFocus()
    view.setFocus(Qt.FocusReason.TabFocusReason)


NAMES = [
    "Copy message",
    "Edit message",
    "More",
    "the docs, link to https://docs.example/a",
    "b (xn--80ak6aa92e.example), link to https://xn--80ak6aa92e.example/",
    "Copy code, python",
    "Show 22 more lines",
    "cell, link to https://cell.example",
    "Copy response",
    "Regenerate response",
]


def test_the_arrow_keys_visit_every_target_and_action_by_name(
    qtbot: QtBot, view: TranscriptView
) -> None:
    view.set_messages([question("Q"), answer(SAID)])
    enter(view)
    assert [tab(qtbot, view) for _ in NAMES] == NAMES
    assert [tab(qtbot, view, back=True) for _ in NAMES[1:]] == NAMES[-2::-1]
    tab(qtbot, view, back=True)
    assert focused(view) is view
    assert not is_on_target(view)


def test_enter_copies_and_unfolds_code_and_keeps_the_focus(
    qtbot: QtBot, view: TranscriptView
) -> None:
    view.set_messages([question("Q"), answer(SAID)])
    enter(view)
    tab_to(qtbot, view, "Copy code, python")
    qtbot.keyClick(focused(view), Qt.Key.Key_Return)
    assert QGuiApplication.clipboard().text() == LINES.rstrip("\n")
    assert tab(qtbot, view) == "Show 22 more lines"
    qtbot.keyClick(focused(view), Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: focused_name(view) == "Show fewer lines")


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space])
def test_enter_clicks_the_focused_action(qtbot: QtBot, view: TranscriptView, key: Qt.Key) -> None:
    said = answer("[a](https://docs.example/a)", reasoning="Thoughts in full.")
    view.set_messages([question("Q"), said])
    enter(view)
    tab_to(qtbot, view, "Regenerate response")
    with qtbot.waitSignal(view.action_requested) as asked:
        qtbot.keyClick(focused(view), key)
    assert asked.args == [said.id, "retry-with"]
    assert "Thoughts in full." not in view.toPlainText()


def test_a_section_unfolded_by_keyboard_stays_in_place(qtbot: QtBot, view: TranscriptView) -> None:
    thoughts = "**About it**\n\n" + "Thoughts. " * 40
    around = "Words.\n\n" * 40
    view.set_messages([answer(around), answer(around, reasoning=thoughts)])
    found = view.document().find("About it")
    found.movePosition(QTextCursor.MoveOperation.StartOfBlock)
    bar = view.verticalScrollBar()
    bar.setValue(bar.value() + view.cursorRect(found).top() - 300)
    view.setTextCursor(found)
    view.setFocus(Qt.FocusReason.TabFocusReason)
    tab_to(qtbot, view, "Thought: ")
    before = bar.value()
    for is_unfolded in (True, False, True):
        qtbot.keyClick(focused(view), Qt.Key.Key_Return)
        assert ("Thoughts. Thoughts." in view.toPlainText()) is is_unfolded
        assert focused_name(view).startswith("Thought: ")
        assert bar.value() == before


def test_a_fold_announces_its_state(qtbot: QtBot, view: TranscriptView) -> None:
    error = ErrorNote("It broke.", "Press Retry.", details="status 500")
    call = ToolCallPart("1", "weather", "{}")
    said = answer("Text", MessageStatus.FAILED, reasoning="**Rain**\n\nT.", error=error)
    view.set_messages([replace(said, parts=(*said.parts, call))])
    enter(view)
    for name, other in (
        ("Thought: Rain", "Thought: Rain"),
        ("Use “weather” · Not run", "Use “weather” · Not run"),
        ("Details", "Hide details"),
    ):
        tab_to(qtbot, view, f"{name}, collapsed")
        qtbot.keyClick(focused(view), Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: focused_name(view) == f"{other}, expanded")  # noqa: B023


def test_a_screen_reader_can_focus_actions_but_a_click_does_not(
    qtbot: QtBot, view: TranscriptView
) -> None:
    said = answer("Text")
    view.set_messages([said])
    qtbot.mouseMove(view.viewport(), view.cursorRect(view.document().find("Text")).center())
    button = view.findChild(QToolButton, "message-copy")
    assert button is not None
    qtbot.waitUntil(button.isVisible)
    assert QAccessible.queryAccessibleInterface(button).state().focusable
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert focused(view) is view
    button.setFocus(Qt.FocusReason.OtherFocusReason)
    assert focused(view) is button


def test_the_address_of_the_focused_link_is_shown(qtbot: QtBot, view: TranscriptView) -> None:
    view.set_messages([answer("[a](https://docs.example/<b>) and [x](https://y.example/z)")])
    label = view.findChild(QLabel, "link-target")
    assert label is not None
    enter(view)
    tab(qtbot, view)
    assert label.isVisible()
    assert label.text() == "https://docs.example/%3Cb%3E"
    tab(qtbot, view)
    assert label.text() == "https://y.example/z"
    tab(qtbot, view)
    assert not label.isVisible()


def test_the_focus_is_visible(qtbot: QtBot, view: TranscriptView) -> None:
    view.set_messages([answer("[link](https://a.example)\n\n```py\nx\n```")])
    enter(view)
    edge = view.grab().toImage().pixelColor(200, 0)
    assert edge == view.theme.accent
    for _ in range(2):
        tab(qtbot, view)
        assert is_on_target(view)
        shown = view.viewport().grab(focused_rect(view).adjusted(-4, -4, 4, 4)).toImage()
        accent = sum(
            shown.pixelColor(x, y) == view.theme.accent
            for x in range(shown.width())
            for y in range(shown.height())
        )
        assert accent > shown.width()
    assert view.grab().toImage().pixelColor(200, 0) != view.theme.accent


def test_the_buttons_of_an_error_are_hit_above_and_below_their_words(
    qtbot: QtBot, view: TranscriptView
) -> None:
    error = ErrorNote("It broke.", "Press Retry.", details="status 500")
    view.set_messages([question("Q"), answer("", MessageStatus.FAILED, error=error)])
    enter(view)
    tab_to(qtbot, view, "Retry")
    rect = focused_rect(view)
    x = rect.center().x()
    heights = [y for y in range(view.viewport().height()) if view.anchor_at(QPoint(x, y))]
    assert len(heights) >= 24
    assert heights == list(range(heights[0], heights[-1] + 1))
    with qtbot.waitSignal(view.action_requested):
        qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(x, heights[-1]))


def test_a_streaming_answer_has_no_actions_yet(qtbot: QtBot, view: TranscriptView) -> None:
    view.set_messages([question("Q"), streaming("[a](https://a.example) ")])
    enter(view)
    names = [tab(qtbot, view) for _ in range(4)]
    assert names[3] == "a, link to https://a.example"
    assert not view.focus_navigator.focus_next(forward=True)


def test_tab_starts_at_the_top_of_the_screen(qtbot: QtBot, view: TranscriptView) -> None:
    view.set_messages([answer("[first](https://a.example) and [second](https://b.example)")])
    view.clearFocus()
    view.setFocus(Qt.FocusReason.TabFocusReason)
    assert tab(qtbot, view).startswith("first, ")


@pytest.mark.parametrize(
    ("version", "arrows"),
    [
        ((1, 1), set()),
        ((1, 2), {"Next version"}),
        ((2, 3), {"Previous version", "Next version"}),
        ((3, 3), {"Previous version"}),
    ],
)
def test_only_active_version_arrows_are_targets(
    qtbot: QtBot, view: TranscriptView, version: tuple[int, int], arrows: set[str]
) -> None:
    asked, said = question("Q"), answer("Said.")
    view.set_messages([asked, said], versions={asked.id: version, said.id: version})
    enter(view)
    names = [tab(qtbot, view) for _ in range(10)]
    assert {name for name in names if name.endswith(" version")} == arrows
    label = view.findChild(QToolButton, "message-version")
    assert (label.text() if label else "1/1") == f"{version[0]}/{version[1]}"
    for arrow in view.findChildren(QToolButton):
        if arrow.objectName().endswith("-version"):
            assert arrow.width() >= 24


@pytest.mark.qt_log_ignore("support grabbing the keyboard", "support raise", extend=True)
def test_more_offers_what_has_no_button(qtbot: QtBot, view: TranscriptView) -> None:
    commands = give_commands(view)
    said = answer("Said.")
    view.set_messages([question("Q"), said], versions={said.id: (1, 2)})
    button = view.findChild(QToolButton, "message-more")
    assert button is not None
    button.click()
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    entries = {entry_text(action): action for action in menu.actions()}
    labels = {
        "Read aloud": "answer.read-aloud",
        "Open as text": "text.open-answer",
        "Branch into new conversation": "conversation.new",
        "Copy link to message": "conversation.copy-link",
        "Export conversation…": "conversation.export",
    }
    offered = [label for label, command in labels.items() if command in commands]
    assert [text for text in entries if text] == offered
    with qtbot.waitSignal(view.action_requested) as asked:
        entries["Branch into new conversation"].trigger()
    assert asked.args == [said.id, "branch"]
    assert entries.get("Export conversation…") is commands.get("conversation.export")
    menu.close()


def test_a_menu_returns_the_focus_to_its_target(qtbot: QtBot, view: TranscriptView) -> None:
    view.set_messages([answer("[a](https://a.example)")])
    enter(view)
    tab_to(qtbot, view, "a, ")
    for reason, stays in (("PopupFocusReason", True), ("TabFocusReason", False)):
        event = QFocusEvent(QEvent.Type.FocusOut, Qt.FocusReason[reason])
        view.focusOutEvent(event)
        assert (view.focus_navigator.focused is not None) is stays


def test_tab_stops_once_at_each_message(qtbot: QtBot, view: TranscriptView) -> None:
    said = answer("[one](https://one.example) and [two](https://two.example)")
    view.set_messages([question("First"), said, question("Second"), answer("Plain")])
    enter(view)
    names = []
    for _ in range(4):
        qtbot.keyClick(focused(view), Qt.Key.Key_Tab)
        names.append(focused_name(view))
    assert names == [
        "Copy message",
        "one, link to https://one.example",
        "Copy message",
        "Copy response",
    ]
    for name in ("Copy message", "one, link to https://one.example", "Copy message"):
        qtbot.keyClick(focused(view), Qt.Key.Key_Backtab)
        assert focused_name(view) == name
    qtbot.keyClick(focused(view), Qt.Key.Key_Backtab)
    assert focused(view) is view
    assert not is_on_target(view)


def test_the_find_bar_closes_although_the_link_focused_before_is_gone(view: TranscriptView) -> None:
    view.set_messages([answer("A [link](https://a.example/x).")])
    view.setFocus()
    view.focus_navigator.focus_target(next(targets_of(view.messages.open(0))))
    assert is_on_target(view)
    view.find_in_transcript.open()
    view.set_messages([answer("No link.")])
    view.find_in_transcript.close()
    assert not view.find_in_transcript.is_open
    assert view.hasFocus()
