"""The keyboard in the whole window: areas, typing anywhere, and the last message."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import (
    QContextMenuEvent,
    QGuiApplication,
    QInputMethodEvent,
    QInputMethodQueryEvent,
    QTextCursor,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QTextBrowser, QWidget

from desktop_app.app.answers.shown_answers import end_announcement
from desktop_app.domain.conversations.conversation import MessageStatus
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import AuthenticationError
from desktop_app.domain.remedy import Remedy
from desktop_app.ui.library.collections_dialog import CollectionsDialog
from desktop_app.ui.tools.consent_card import ConsentCard
from desktop_app.ui.widgets.buttons.segmented_control import Segment
from desktop_app.ui.widgets.text.card_text import CardText
from tests.gui.app.app_harness import AppHarness, until
from tests.gui.app.scenes import DATA
from tests.helpers.menus import entry_text
from tests.helpers.messages import answer


def area(app: AppHarness) -> str:
    """Return the area of the window that has the focus."""
    window, focused = app.window, QApplication.focusWidget()
    assert focused is not None
    areas = {
        "list": window.conversations,
        "header": window.header,
        "transcript": window.transcript,
        "prompt": window.prompt,
        "settings": window.settings,
    }
    return next(name for name, one in areas.items() if one is focused or one.isAncestorOf(focused))


async def test_f6_goes_round_the_visible_areas() -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("Hi", "Hello.")
        app.window.resize(1200, 700)
        app.window.prompt.focus_text()
        seen = []
        for _ in range(4):
            app.session.actions["region.next"]()
            seen.append(area(app))
        assert seen == ["list", "header", "transcript", "prompt"]
        app.session.actions["region.previous"]()
        assert area(app) == "transcript"
        app.window.outer_panes.show_settings(True)
        app.session.actions["region.previous"]()
        assert area(app) == "prompt"


@pytest.mark.parametrize(
    ("key", "modifier", "typed"),
    [
        ("a", Qt.KeyboardModifier.NoModifier, "a"),
        ("B", Qt.KeyboardModifier.ShiftModifier, "B"),
        (Qt.Key.Key_Space, Qt.KeyboardModifier.NoModifier, ""),
        (Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier, ""),
        (Qt.Key.Key_A, Qt.KeyboardModifier.AltModifier, ""),
        (Qt.Key.Key_Down, Qt.KeyboardModifier.NoModifier, ""),
        (Qt.Key.Key_Delete, Qt.KeyboardModifier.NoModifier, ""),
    ],
)
async def test_text_typed_in_the_transcript_goes_to_the_prompt(
    key: Any, modifier: Qt.KeyboardModifier, typed: str
) -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("Hi", "Hello.")
        app.window.prompt.set_text("x")
        app.window.transcript.setFocus()
        QTest.keyClick(app.window.transcript, key, modifier)
        assert app.window.prompt.text() == f"x{typed}"
        assert area(app) == ("prompt" if typed else "transcript")


async def test_composed_letters_go_from_the_transcript_to_the_prompt() -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("Hi", "Hello.")
        view = app.window.transcript
        view.setFocus()
        enabled = QInputMethodQueryEvent(Qt.InputMethodQuery.ImEnabled)
        QApplication.sendEvent(view, enabled)
        assert enabled.value(Qt.InputMethodQuery.ImEnabled)
        composed = QInputMethodEvent()
        composed.setCommitString("é")
        QApplication.sendEvent(view, composed)
        assert app.window.prompt.text() == "é"
        assert area(app) == "prompt"
        view.setFocus()
        QApplication.sendEvent(view, QInputMethodEvent("n", []))
        assert area(app) == "prompt"


async def test_up_in_the_empty_prompt_edits_the_last_message() -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("What is it?", "It.")
        prompt = app.window.prompt
        prompt.focus_text()
        prompt.set_text("mine")
        QTest.keyClick(app.text, Qt.Key.Key_Up)
        assert prompt.text() == "mine"
        prompt.set_text("")
        QTest.keyClick(app.text, Qt.Key.Key_Up)
        assert prompt.text() == "What is it?"


async def test_up_does_nothing_while_a_response_runs() -> None:
    async with AppHarness() as app:
        turn = await app.ask("What is it?")
        app.window.prompt.focus_text()
        QTest.keyClick(app.text, Qt.Key.Key_Up)
        assert app.window.prompt.text() == ""
        turn.end("It.")
        await app.settled()


async def test_all_shortcuts_are_in_the_help() -> None:
    async with AppHarness() as app:
        app.session.actions["help.shortcuts"]()
        await until(lambda: "Ctrl+Shift+D" in _help_text())
        assert "Show keyboard shortcuts" in _help_text()


def _help_text() -> str:
    shown = [w for w in QApplication.topLevelWidgets() if w.isVisible()]
    return "".join(t.toPlainText() for w in shown for t in w.findChildren(QTextBrowser))


async def test_the_menu_key_on_a_button_opens_the_menu_of_its_message(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("A question", "An answer.")
        view = app.window.transcript
        view.resize(700, 500)
        view.setFocus(Qt.FocusReason.TabFocusReason)
        view.moveCursor(QTextCursor.MoveOperation.Start)
        assert view.focusNextPrevChild(True)
        button = QApplication.focusWidget()
        assert button is not None
        assert button.accessibleName() == "Copy message"
        menus: list[list[str]] = []
        monkeypatch.setattr(
            QMenu, "popup", lambda menu, _at: menus.append([entry_text(a) for a in menu.actions()])
        )
        where = button.rect().center()
        pressed = QContextMenuEvent(
            QContextMenuEvent.Reason.Keyboard, where, button.mapToGlobal(where)
        )
        QApplication.sendEvent(button, pressed)
        (titles,) = menus
        assert "Edit message" in titles
        assert "Regenerate" not in titles


async def test_copying_the_response_by_key_is_announced() -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("Hi", "Hello.")
        app.session.actions["answer.copy"]()
        assert app.said == "Response copied"


async def test_the_focused_settings_tab_is_the_one_shown_and_has_a_ring() -> None:
    async with AppHarness() as app:
        app.session.actions["settings.toggle"]()
        focused = QApplication.focusWidget()
        assert isinstance(focused, Segment)
        assert focused._has_ring
        app.window.settings.show_page("about")
        app.session.actions["library.show"]()
        focused = QApplication.focusWidget()
        assert focused is not None
        assert focused.objectName() == "library"


def caret_line(app: AppHarness) -> str:
    return app.window.transcript.textCursor().block().text()


async def test_keys_go_message_by_message_and_block_by_block() -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("First question", "# Head\n\nWords.\n\n- one\n- two\n")
        await app.ask_and_answer("Second question", "Plain.")
        act = app.session.actions
        act["region.previous"]()
        app.window.transcript.moveCursor(QTextCursor.MoveOperation.Start)
        act["message.next"]()
        assert caret_line(app) == "Head"
        assert area(app) == "transcript"
        lines = []
        for _ in range(3):
            act["block.next"]()
            lines.append(caret_line(app))
        assert lines == ["Words.", "•\tone", "Second question"]
        act["block.previous"]()
        act["message.previous"]()
        assert caret_line(app) == "First question"
        act["message.previous"]()
        assert caret_line(app) == "First question"


async def test_reading_from_the_prompt_begins_with_the_newest_message() -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("Question", "Words.\n\nMore words.")
        act, text = app.session.actions, app.window.transcript
        lines = []
        for command in ("message.previous", "message.previous", "block.previous"):
            if command == "block.previous":
                app.text.setFocus()
                text.moveCursor(QTextCursor.MoveOperation.End)
            act[command]()
            lines.append(caret_line(app))
        assert lines == ["Words.", "Question", "More words."]


def spoken(app: AppHarness) -> str:
    """Return what a screen reader was last told."""
    return app.window.notifications.status.accessibleName()


async def test_changes_made_by_keys_are_announced() -> None:
    async with AppHarness(environment={"OPENAI_API_KEY": "not-a-key"}) as app:
        await app.ask_and_answer("One", "1")
        app.session.actions["conversation.new"]()
        await app.ask_and_answer("Two", "2")
        app.session.actions["variant.pro"]()
        assert spoken(app).startswith("Pro, effort ")
        before = spoken(app)
        app.session.actions["effort.more"]()
        assert spoken(app) != before
        app.session.actions["effort.more"]()
        highest = spoken(app)
        app.window.notifications.announce("else")
        app.session.actions["effort.more"]()
        assert spoken(app) == highest
        app.session.actions["list.next"]()
        await until(lambda: spoken(app) == "One")
        assert app.window.windowTitle().startswith("One")
        app.session.actions["conversation.pin"]()
        assert spoken(app) == "Pinned"
        app.session.actions["conversation.pin"]()
        assert spoken(app) == "Unpinned"
        app.session.actions["question.edit"]()
        assert spoken(app) == "Editing · The original message is kept · Esc to cancel"
        app.session.actions["conversation.new"]()
        assert spoken(app) == "New conversation"
        app.window.files_dropped.emit([DATA / "notes.md"])
        await until(lambda: spoken(app) == "notes.md attached")


async def test_files_that_were_attached_before_are_not_announced_as_attached(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with AppHarness() as app:
        files = [DATA / "notes.md", DATA / "report.pdf"]
        app.window.files_dropped.emit(files)
        await until(lambda: spoken(app) == "2 files attached")
        announced: list[str] = []
        monkeypatch.setattr(app.window.notifications, "announce", announced.append)
        app.window.files_dropped.emit(files)
        await until(lambda: not app.is_reading)
        assert "already attached" in app.said
        assert not [words for words in announced if words.endswith("file attached")]


async def test_a_failure_is_announced_with_its_reason() -> None:
    async with AppHarness() as app:
        turn = await app.ask("Hi")
        turn.fail(AuthenticationError(Reason.KEY_NOT_ACCEPTED, provider="OpenAI"))
        await app.settled()
        await until(lambda: spoken(app).startswith("Response failed. "))
        assert "API key" in spoken(app)


def test_a_failure_is_announced_with_its_remedy() -> None:
    note = ErrorNote(Reason.ANSWER_CUT, Remedy.RETRY_BILLED, params={"provider": "OpenAI"})
    failed = replace(answer("Half"), status=MessageStatus.FAILED, error=note)
    assert end_announcement(failed).endswith("Select Continue to resume, or Retry to start over.")
    empty = replace(failed, parts=())
    assert end_announcement(empty).endswith("Try again, but you may be charged twice.")


async def test_a_chord_runs_its_command_whatever_the_text_does_with_its_keys() -> None:
    async with AppHarness() as app:
        QGuiApplication.clipboard().setText("before")
        app.type("words")
        app.text.selectAll()
        for key in (Qt.Key.Key_G, Qt.Key.Key_C):
            app.press(key, Qt.KeyboardModifier.ControlModifier)
        await until(lambda: any(map(_is_collections, QApplication.topLevelWidgets())))
        assert QGuiApplication.clipboard().text() == "before"
        assert app.text.toPlainText() == "words"


def _is_collections(window: QWidget) -> bool:
    return isinstance(window, CollectionsDialog) and window.isVisible()


def tabbed(app: AppHarness, count: int) -> list[str]:
    """Press Tab, and return the names of the widgets that it goes to."""
    names = []
    for _ in range(count):
        app.press(Qt.Key.Key_Tab)
        focused = QApplication.focusWidget()
        names.append(focused.objectName() if focused is not None else "")
    return names


async def test_tab_goes_through_the_find_bar_and_the_button_to_the_latest_message() -> None:
    async with AppHarness() as app:
        app.window.resize(1200, 700)
        await app.ask_and_answer("Hi", "Hello, *hello*.")
        view = app.window.transcript
        app.session.actions["find.open"]()
        view.find_in_transcript.bar.show_count(1, 2, True)
        view.latest_button.show()
        names = tabbed(app, 8)
        assert names[:4] == ["find-previous", "find-next", "find-close", "transcript"]
        assert names[-2:] == ["latest", "prompt"]
        app.text.setFocus()
        around = tabbed(app, 20)
        assert {"search", "conversations", "open-settings", "find"} < {*around}


async def test_esc_in_the_transcript_closes_the_find_bar() -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("Hi", "Hello, *hello*.")
        find = app.window.transcript.find_in_transcript
        app.session.actions["find.open"]()
        app.window.transcript.setFocus()
        app.press(Qt.Key.Key_Escape)
        assert not find.is_open
        assert QApplication.focusWidget() is app.window.transcript


async def test_find_says_that_the_conversation_is_empty_and_leaves_the_focus() -> None:
    async with AppHarness() as app:
        app.text.setFocus()
        for command in ("find.open", "find.next", "find.previous"):
            app.session.actions[command]()
            assert app.window.notifications.status.text() == "This conversation is empty."
            assert QApplication.focusWidget() is app.text
            app.window.notifications.dismiss()
        assert not app.window.transcript.find_in_transcript.is_open


async def test_f6_stops_at_the_cards_and_tab_takes_them_from_top_to_bottom() -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("Hi", "Hello.")
        cards = [ConsentCard(app.theme.current) for _ in range(2)]
        for number, card in enumerate(cards):
            card.setObjectName(f"card-{number}")
            app.window.pane.add_above_prompt(card)
            card.ask("search", "Reads files.", "{}", waiting=0)
        app.window.notifications.notify("Deleted", actions=[("Undo", lambda: None)])
        app.window.transcript.setFocus()
        app.session.actions["region.next"]()
        focused = QApplication.focusWidget()
        assert focused is not None
        assert focused.property("text") == "Undo"
        stops = [focused]
        while (focused := QApplication.focusWidget()) is not app.text:
            assert focused is not None
            stops.append(focused)
            app.press(Qt.Key.Key_Tab)
        owners = [next((n for n, c in enumerate(cards) if c.isAncestorOf(w)), -1) for w in stops]
        assert owners == sorted(owners)
        assert {*owners} == {-1, 0, 1}  # -1: the notification
        for card in cards:
            card.hide()


async def test_f6_skips_a_text_of_a_card_that_needs_no_scrolling() -> None:
    async with AppHarness() as app:
        app.window.resize(1200, 800)
        await app.ask_and_answer("Hi", "Hello.")
        card = ConsentCard(app.theme.current)
        app.window.pane.add_above_prompt(card)
        card.ask("search", "Reads files.", "{}", waiting=0)
        app.window.transcript.setFocus()
        await until(lambda: not card.findChildren(CardText)[0].focusPolicy())
        app.session.actions["region.next"]()
        assert QApplication.focusWidget() is card.arguments
        card.hide()


async def test_f6_scrolls_to_the_button_that_it_focuses() -> None:
    async with AppHarness() as app:
        await app.ask_and_answer("Hi", "Hello.")
        app.window.notifications.notify("Deleted", actions=[("Undo", lambda: None)], stays=True)
        card = ConsentCard(app.theme.current)
        app.window.pane.add_above_prompt(card)
        card.ask("search", "Reads files.", '{"a": 1,\n"b": 2,\n"c": 3}', waiting=0)
        app.window.resize(640, 260)
        undo = app.window.notifications.tab_stops[0]
        cards = app.window.pane.cards
        bar = cards.verticalScrollBar()
        await until(lambda: bar.value() > 0)  # at the new card
        bar.setValue(bar.value() + undo.mapTo(cards, undo.rect().center()).y())
        await until(lambda: undo.visibleRegion().boundingRect() != undo.rect())
        app.text.setFocus()
        app.session.actions["region.previous"]()
        assert undo.hasFocus()
        assert undo.visibleRegion().boundingRect() == undo.rect()
        card.hide()
