"""The keyboard moves between named targets, and Enter acts like a click."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QRect, Qt, QTimer
from PySide6.QtGui import QAccessible, QFocusEvent, QGuiApplication, QTextCursor
from PySide6.QtWidgets import QApplication, QLabel, QToolButton, QWidget

from desktop_app.domain.conversations.conversation import MessageStatus
from desktop_app.domain.conversations.message_parts import DocumentPart, ImagePart, ToolCallPart
from desktop_app.domain.error_note import ErrorNote
from desktop_app.ui.look import theme
from desktop_app.ui.transcript.keyboard.action_row import ActionRow
from desktop_app.ui.transcript.keyboard.focus_targets import (
    FocusTargetButton,
    focus_targets_of,
    next_focus_target,
)
from tests.helpers.messages import answer, question, streaming

if TYPE_CHECKING:
    from PySide6.QtGui import QImage
    from pytestqt.qtbot import QtBot

    from desktop_app.ui.look.theme import Theme
    from desktop_app.ui.transcript.view import TranscriptView

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
    if focused(view) is not view:
        key = Qt.Key.Key_Left if back else Qt.Key.Key_Right
    qtbot.keyClick(focused(view), key)
    return focused(view).accessibleName()


def tab_to(qtbot: QtBot, view: TranscriptView, name: str) -> None:
    assert any(tab(qtbot, view).startswith(name) for _ in range(20)), name


def enter(view: TranscriptView) -> None:
    view.moveCursor(QTextCursor.MoveOperation.Start)
    view.clearFocus()
    view.setFocus(Qt.FocusReason.TabFocusReason)


NAMES = [
    "Copy message",
    "Edit message",
    "Branch into new conversation",
    "the docs, link to https://docs.example/a",
    "b (xn--80ak6aa92e.example), link to https://xn--80ak6aa92e.example/",
    "Copy code, python",
    "Show 22 more lines",
    "cell, link to https://cell.example",
    "Copy response",
    "Regenerate response",
]


def test_images_are_named_after_their_files(view: TranscriptView, qtbot: QtBot) -> None:
    pictures = [ImagePart(sha * 64, f"{sha}.png", "image/png", 9, 400, 300) for sha in "ab"]
    view.set_messages([question("What?", *pictures)])
    enter(view)
    names = [tab(qtbot, view) for _ in range(4)]
    assert names == ["Image a.png", "Image b.png", "a.png", "b.png"]


def test_the_arrow_keys_visit_every_target_and_action_by_name(
    qtbot: QtBot, view: TranscriptView
) -> None:
    view.set_messages([question("Q"), answer(SAID)])
    enter(view)
    assert [tab(qtbot, view) for _ in NAMES] == NAMES
    assert [tab(qtbot, view, back=True) for _ in NAMES[1:]] == NAMES[-2::-1]
    tab(qtbot, view, back=True)
    assert focused(view) is view


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
    qtbot.waitUntil(lambda: focused(view).accessibleName() == "Show fewer lines")


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space])
def test_enter_clicks_the_focused_action(qtbot: QtBot, view: TranscriptView, key: Qt.Key) -> None:
    said = answer("[a](https://docs.example/a)", reasoning="Thoughts in full.")
    view.set_messages([question("Q"), said])
    enter(view)
    tab_to(qtbot, view, "Regenerate response")
    view.setTextCursor(view.document().find("Thought"))  # Enter must not follow this link
    with qtbot.waitSignal(view.action_requested) as asked:
        qtbot.keyClick(focused(view), key)
    assert asked.args == [said.id, "retry"]
    assert "Thoughts in full." not in view.toPlainText()


def test_the_actions_stay_beside_the_message_when_its_reasoning_unfolds(
    view: TranscriptView,
) -> None:
    said = answer("Text", reasoning="Thoughts.\n\n" * 3)
    view.set_messages([question("Q"), said])
    row = view.findChild(ActionRow)
    assert row is not None
    before = row.y()
    view.commands.run(said.id, "reasoning")
    footer = view.cursorRect(view.document().find("Thinking · High"))
    assert row.y() > before
    assert abs(row.geometry().center().y() - footer.center().y()) <= 3


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
        qtbot.waitUntil(lambda: not timers(view)[0].isActive())
        assert focused(view).accessibleName().startswith("Thought: ")
        assert bar.value() == before


def test_a_fold_announces_its_state(qtbot: QtBot, view: TranscriptView) -> None:
    error = ErrorNote("It broke.", "Press Retry.", details="status 500")
    call = ToolCallPart("1", "weather", "{}")
    said = answer("Text", MessageStatus.FAILED, reasoning="**Rain**\n\nT.", error=error)
    view.set_messages([replace(said, parts=(*said.parts, call))])
    enter(view)
    for name, other in (
        ("Thought: Rain", "Thought: Rain"),
        ("weather() · Not run", "weather() · Not run"),
        ("Details", "Hide details"),
    ):
        tab_to(qtbot, view, f"{name}, collapsed")
        target = focused(view)
        assert isinstance(target, FocusTargetButton)
        qtbot.keyClick(target, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: focused(view).accessibleName() == f"{other}, expanded")  # noqa: B023


def test_a_name_that_begins_like_a_fold_has_no_state(qtbot: QtBot, view: TranscriptView) -> None:
    document = DocumentPart("s", "› plan.pdf", "application/pdf", 1, pages=4)
    view.set_messages([question("Read it.", document)])
    enter(view)
    tab_to(qtbot, view, "plan.pdf")
    assert "collapsed" not in focused(view).accessibleName()


def test_a_fold_announces_a_change_made_elsewhere(
    qtbot: QtBot, view: TranscriptView, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Check this with a screen reader, which has buttons over targets without focus."""
    monkeypatch.setattr(QAccessible, "isActive", lambda: True)
    said = answer("Text", reasoning="**Rain**\n\nThoughts.")
    view.set_messages([said])

    def names() -> list[str]:
        return [target.accessibleName() for target in view.findChildren(FocusTargetButton)]

    qtbot.waitUntil(lambda: "Thought: Rain, collapsed" in names())
    view.commands.run(said.id, "reasoning")
    qtbot.waitUntil(lambda: "Thought: Rain, expanded" in names())


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


def test_the_address_covers_the_text_below_it(
    qtbot: QtBot, view: TranscriptView, light_theme: Theme
) -> None:
    view.resize(light_theme.px(400), 260)  # so narrow that the label covers text
    view.set_messages([answer("[a](https://docs.example/a)\n\n```\n" + "code\n" * 17 + "```")])
    enter(view)
    tab(qtbot, view)
    label = view.findChild(QLabel, "link-target")
    assert label is not None
    image = view.grab(label.geometry()).toImage()
    grounds = [image.pixelColor(x, 2) for x in range(2, image.width() - 2)]
    assert {color.name() for color in grounds} == {light_theme.card.name()}


def test_the_address_stays_at_the_lower_edge_when_the_window_is_resized(
    qtbot: QtBot, view: TranscriptView
) -> None:
    view.set_messages([answer(f"[a](https://docs.example/{'a' * 300})")])
    enter(view)
    tab(qtbot, view)
    label = view.findChild(QLabel, "link-target")
    assert label is not None
    view.resize(500, 400)
    assert label.geometry().bottom() == view.height() - 1
    assert label.width() < view.width()


def test_the_focus_is_visible(qtbot: QtBot, view: TranscriptView) -> None:
    view.set_messages([answer("[link](https://a.example)\n\n```py\nx\n```")])
    enter(view)
    edge = view.grab().toImage().pixelColor(200, 0)
    assert edge == view.theme.accent
    for _ in range(2):
        tab(qtbot, view)
        target = focused(view)
        assert isinstance(target, FocusTargetButton)
        shown = target.grab().toImage()
        accent = sum(
            shown.pixelColor(x, y) == view.theme.accent
            for x in range(shown.width())
            for y in range(shown.height())
        )
        assert accent > shown.width()
    assert view.grab().toImage().pixelColor(200, 0) != view.theme.accent


def accents(view: TranscriptView, image: QImage, area: QRect) -> int:
    return sum(
        image.pixelColor(x, y) == view.theme.accent
        for x in range(area.left(), area.right() + 1)
        for y in range(area.top(), area.bottom() + 1)
    )


def test_the_ring_is_around_each_line_of_a_link_and_within_the_text(
    qtbot: QtBot, view: TranscriptView
) -> None:
    words = "word " * 12
    view.set_messages([answer(f"{words}[{words}](https://a.example)\n\n[b](https://b.example)")])
    enter(view)
    tab_to(qtbot, view, "word word")
    ring = focused(view)
    image, room = ring.grab().toImage(), ring.rect()
    first = QRect(0, 0, 12, 12)  # where the words before the link are
    assert ring.x() >= 0
    assert ring.geometry().right() <= view.viewport().width()
    assert accents(view, image, room) > 2 * room.width()
    assert accents(view, image, first) == 0
    tab_to(qtbot, view, "b, ")
    assert focused(view).x() >= 0
    image = focused(view).grab().toImage()
    assert accents(view, image, QRect(0, 8, 3, 6)) >= 6, "its left side is not cut off"


def timers(view: TranscriptView) -> list[QTimer]:
    """Return the timers after which the focused target is covered, and then all targets."""
    return sorted(view.focus_navigator.findChildren(QTimer), key=QTimer.interval)


def cover_all(view: TranscriptView) -> None:
    """Cover all visible targets now, as the timer does after the text has moved."""
    _, place_all = timers(view)
    place_all.timeout.emit()


def test_a_target_button_is_invisible_without_focus(qtbot: QtBot, view: TranscriptView) -> None:
    view.set_messages([answer("[a](https://a.example) [b](https://b.example)")])
    enter(view)
    tab_to(qtbot, view, "a, ")
    cover_all(view)
    rings = [
        accents(view, image, image.rect())
        for button in view.findChildren(FocusTargetButton)
        if not button.isHidden() and button.objectName() == "link"
        for image in [button.grab().toImage()]
    ]
    assert sum(count > 50 for count in rings) == 1
    assert len(rings) == 2


def test_a_target_button_follows_its_text(qtbot: QtBot, view: TranscriptView) -> None:
    view.set_messages([question("Q"), answer("word " * 200 + "[link](https://a.example)")])
    enter(view)
    tab_to(qtbot, view, "link, ")
    before = focused(view).geometry()
    view.resize(600, 600)
    qtbot.waitUntil(lambda: focused(view).geometry() != before)
    view.set_theme(view.theme)
    qtbot.waitUntil(lambda: isinstance(focused(view), FocusTargetButton))
    assert focused(view).accessibleName().startswith("link, link to")


def test_a_streaming_answer_has_no_actions_yet(qtbot: QtBot, view: TranscriptView) -> None:
    view.set_messages([question("Q"), streaming("[a](https://a.example) ")])
    enter(view)
    names = [tab(qtbot, view) for _ in range(4)]
    assert names[3] == "a, link to https://a.example"
    assert not view.focus_navigator.focus_next(forward=True)


@pytest.mark.parametrize("forward", [True, False])
def test_a_link_over_two_lines_is_one_target(view: TranscriptView, forward: bool) -> None:
    view.set_messages([answer("[**bold** and `code` " + "word " * 40 + "](https://a.example)")])
    document = view.document()
    target = next_focus_target(document, 0, document.characterCount() - 1, forward=forward)
    assert target is not None
    assert target.end - target.start > 100


def test_a_section_unfolded_by_keyboard_is_shown_once(
    qtbot: QtBot, view: TranscriptView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QAccessible, "isActive", lambda: True)
    view.set_messages([question("Q"), answer(SAID)])
    enter(view)
    tab_to(qtbot, view, "Show 22 more lines")
    for words in ("Show fewer lines", "Show 22 more lines", "Show fewer lines"):
        qtbot.keyClick(focused(view), Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: focused(view).accessibleName() == words)  # noqa: B023
        cover_all(view)
        covers = [
            button for button in view.findChildren(FocusTargetButton) if not button.isHidden()
        ]
        assert [button.accessibleName() for button in covers].count(words) == 1
        assert len({button.focus_target for button in covers}) == len(covers)


def test_tab_starts_at_the_top_of_the_screen(qtbot: QtBot, view: TranscriptView) -> None:
    view.set_messages([answer("[first](https://a.example) and [second](https://b.example)")])
    view.clearFocus()
    view.setFocus(Qt.FocusReason.TabFocusReason)
    assert tab(qtbot, view).startswith("first, ")


def test_the_order_of_targets_survives_a_rewrite(qtbot: QtBot, view: TranscriptView) -> None:
    """Check this with a screen reader, which has a button over each visible target."""
    view.set_messages([question("Q"), answer(SAID), question("R"), answer("The end.")])
    enter(view)
    QAccessible.setActive(True)
    cover_all(view)
    view.set_theme(theme.dark())
    enter(view)
    assert [tab(qtbot, view) for _ in NAMES] == NAMES
    cover_all(view)
    QAccessible.setActive(False)
    covers = [button for button in view.findChildren(FocusTargetButton) if not button.isHidden()]
    assert covers
    assert all(button.focus_target.start < button.focus_target.end for button in covers)


def test_the_ring_covers_neither_the_arrow_nor_the_number_beside_it(
    qtbot: QtBot, view: TranscriptView
) -> None:
    said = answer("Said.")
    view.set_messages([question("Q"), said], versions={said.id: (2, 3)})
    enter(view)
    for name, beside in (("Previous version", 1), ("Next version", -1)):
        tab_to(qtbot, view, name)
        ring = focused(view)
        assert isinstance(ring, FocusTargetButton)
        arrow = view.document().find("‹" if beside == 1 else "›")
        begin, end = QTextCursor(arrow), QTextCursor(arrow)
        begin.setPosition(arrow.selectionStart())
        end.setPosition(arrow.selectionEnd())
        left, right = view.cursorRect(begin).left(), view.cursorRect(end).left()
        assert ring.x() + 2 <= left < right <= ring.geometry().right() - 1  # the ring is 2 wide
        number = QTextCursor(end if beside == 1 else begin)
        number.setPosition(number.position() + beside)
        if beside == 1:
            assert ring.geometry().right() <= view.cursorRect(number).left()
        else:
            assert ring.x() >= view.cursorRect(number).left()


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
    names = [tab(qtbot, view) for _ in range(14)]
    assert {name for name in names if name.endswith(" version")} == arrows
    assert ("/" in view.toPlainText()) is (version[1] > 1)


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space])
def test_version_arrows_react_to_every_key_that_clicks(
    qtbot: QtBot, view: TranscriptView, key: Qt.Key
) -> None:
    said = answer("Said.")
    view.set_messages([said], versions={said.id: (2, 3)})
    enter(view)
    tab_to(qtbot, view, "Next version")
    button = focused(view)
    assert isinstance(button, FocusTargetButton)
    with qtbot.waitSignal(button.clicked):
        qtbot.keyClick(button, key)


def test_a_menu_returns_the_focus_to_its_target(qtbot: QtBot, view: TranscriptView) -> None:
    view.set_messages([answer("[a](https://a.example)")])
    enter(view)
    tab_to(qtbot, view, "a, ")
    button, left = focused(view), list[bool]()
    assert isinstance(button, FocusTargetButton)
    button.focus_left.connect(lambda: left.append(True))
    for reason, gone in (("PopupFocusReason", False), ("TabFocusReason", True)):
        event = QFocusEvent(QEvent.Type.FocusOut, Qt.FocusReason[reason])
        button.focusOutEvent(event)
        assert bool(left) is gone


def test_the_focus_stays_on_the_version_arrows_of_a_question(
    qtbot: QtBot, view: TranscriptView
) -> None:
    """Check this with arrows at the answer below, too, which is of the other version."""
    asked, said = [question("Q"), question("R")], answer("Said.")

    def show(number: int) -> None:
        versions = {asked[number].id: (number + 1, 2), said.id: (2, 2)}
        view.set_messages([asked[number], said], versions=versions)

    show(1)
    enter(view)
    tab_to(qtbot, view, "Previous version")
    place = focused(view).y()
    show(0)
    qtbot.waitUntil(lambda: focused(view).accessibleName() == "Next version")
    assert abs(focused(view).y() - place) < 5


def test_the_focus_stays_on_the_version_arrows_of_an_answer(
    qtbot: QtBot, view: TranscriptView
) -> None:
    asked, versions = question("Q"), [answer(f"Said {number}. " * 50) for number in range(3)]

    def show(number: int) -> None:
        said = versions[number]
        view.set_messages([asked, said], versions={said.id: (number + 1, 3)})

    show(2)
    enter(view)
    tab_to(qtbot, view, "Previous version")
    show(1)
    qtbot.waitUntil(lambda: focused(view).accessibleName() == "Previous version")
    show(0)
    qtbot.waitUntil(lambda: focused(view).accessibleName() == "Next version")


def test_tab_stops_once_at_each_message(qtbot: QtBot, view: TranscriptView) -> None:
    said = answer("[one](https://one.example) and [two](https://two.example)")
    view.set_messages([question("First"), said, question("Second"), answer("Plain")])
    enter(view)
    names = []
    for _ in range(4):
        qtbot.keyClick(focused(view), Qt.Key.Key_Tab)
        names.append(focused(view).accessibleName())
    assert names == [
        "Copy message",
        "one, link to https://one.example",
        "Copy message",
        "Copy response",
    ]
    for name in ("Copy message", "one, link to https://one.example", "Copy message"):
        qtbot.keyClick(focused(view), Qt.Key.Key_Backtab)
        assert focused(view).accessibleName() == name
    qtbot.keyClick(focused(view), Qt.Key.Key_Backtab)
    assert focused(view) is view


def test_the_find_bar_closes_although_the_link_focused_before_is_gone(view: TranscriptView) -> None:
    view.set_messages([answer("A [link](https://a.example/x).")])
    view.setFocus()
    view.focus_navigator.focus_target(next(focus_targets_of(view.document().begin())))
    assert isinstance(QApplication.focusWidget(), FocusTargetButton)
    view.find_in_transcript.open()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    view.find_in_transcript.close()
    assert not view.find_in_transcript.is_open
    assert view.hasFocus()
