"""The card that asks before a tool runs: its arguments show every character."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from desktop_app.domain.tools.tool import Permission
from desktop_app.tools.ui import consent_card
from desktop_app.tools.ui.consent_card import ConsentCard

if TYPE_CHECKING:
    from PySide6.QtGui import QAction
    from pytestqt.qtbot import QtBot

    from desktop_app.widgets.look.theme import Theme


def menu_actions(card: ConsentCard) -> list[QAction]:
    menu = card.more_button.menu()
    menu.aboutToShow.emit()
    return menu.actions()


def allowing(card: ConsentCard) -> dict[str, bool]:
    """Return whether each way to allow a call is enabled."""
    ways = {action.text(): action.isEnabled() for action in menu_actions(card)}
    return {**ways, "button": card.once_button.isEnabled()}


@pytest.fixture
def card(qtbot: QtBot, light_theme: Theme) -> ConsentCard:
    """Return a card without a question."""
    made = ConsentCard()
    qtbot.addWidget(made)
    return made


@pytest.mark.attack("tools")
@pytest.mark.parametrize("hidden", ["\u202e", "\U000e0041", "\ufe0f", "\ud800", "\xa0"])
def test_hidden_characters_of_arguments_are_shown_as_escapes(
    hidden: str, card: ConsentCard
) -> None:
    sent = {"path": f"notes{hidden}.txt"}
    card.ask("write_file", "", json.dumps(sent))
    shown = card.arguments.toPlainText()
    assert shown.isascii()
    assert json.loads(shown) == sent
    assert card.changed_arguments == ""


@pytest.mark.attack("tools")
def test_letters_of_a_host_that_look_like_others_are_shown_as_escapes(card: ConsentCard) -> None:
    sent = {
        "url": "https://\u0430pple.com/\xe4?\xf6",
        "more": "\xfc http://a@\U0001d41c.de\uff0c\xe4",
    }
    card.ask("fetch_page", "", json.dumps(sent))
    shown = card.arguments.toPlainText()
    assert r"https://\u0430pple.com/ä?ö" in shown
    assert r"ü http://a@\ud835\udc1c.de，ä" in shown
    assert json.loads(shown) == sent
    assert card.changed_arguments == ""


def test_code_is_shown_in_lines_and_can_be_changed(card: ConsentCard) -> None:
    code = 'for path in ("a\\n", r"C:\\new"):\n    print(path)\n'
    card.ask("python", "", json.dumps({"code": code}))
    shown = card.arguments.toPlainText()
    assert shown == code
    assert card.changed_arguments == ""
    card.arguments.setPlainText(shown.replace("path)", "path, 1)"))
    changed = card.changed_arguments
    assert json.loads(changed) == {"code": code.replace("path)", "path, 1)")}
    card.show_changed_arguments(changed)
    assert card.arguments.toPlainText().splitlines()[1] == "    print(path, 1)"
    assert card.changed_arguments == changed
    card.ask("python", "", "{'code'")
    card.arguments.setPlainText("{'code': 1")
    assert card.changed_arguments == "{'code': 1"


@pytest.mark.attack("tools")
def test_arguments_that_are_cut_off_are_announced_and_cannot_be_changed(card: ConsentCard) -> None:
    card.ask("write_file", "It can change data.", json.dumps({"a": "x" * 30_000, "path": "/etc"}))
    assert "Only the beginning of the arguments is shown. It can change data." in card.words
    assert card.arguments.isReadOnly()
    card.ask("write_file", "", "{}")
    assert "Only the beginning" not in card.words


@pytest.mark.attack("tools")
def test_code_below_empty_lines_is_in_sight(card: ConsentCard) -> None:
    card.ask("python", "", json.dumps({"code": "print(1)" + "\n" * 30 + " \n" * 31 + "send()"}))
    assert card.arguments.toPlainText().splitlines() == ["print(1)", "⋯ 60 empty lines", "send()"]
    assert card.arguments.isReadOnly()
    assert card.changed_arguments == ""
    card.ask("python", "", json.dumps({"code": "a\n\n\n\nb"}))
    assert not card.arguments.isReadOnly()


@pytest.mark.attack("tools")
def test_a_call_is_allowed_once_the_end_of_its_arguments_was_shown(card: ConsentCard) -> None:
    card.resize(500, 300)
    code = json.dumps({"code": "".join(f"print({number})\n" for number in range(60))})
    for _ in range(2):  # the second question begins at its start again
        card.ask("Run Python code?", "It runs code.", code)
        assert not any(allowing(card).values())
        assert card.deny_button.isEnabled()
        assert card.words.endswith("scroll to the end of the arguments. It runs code.")
        scroll_bar = card.arguments.verticalScrollBar()
        scroll_bar.setValue(scroll_bar.maximum())
        scroll_bar.setValue(0)
        assert all(allowing(card).values())
        assert card.words.endswith("? It runs code.")
        assert card.accessibleName() == card.words
    card.ask("calculator", "", '{"a": 1}')
    assert all(allowing(card).values())


@pytest.mark.attack("tools")
def test_nested_arguments_do_not_grow_by_indentation(qtbot: QtBot, light_theme: Theme) -> None:
    nested = '{"a":' + "[" * 500 + "0," * 9_000 + "0" + "]" * 500 + "}"
    card = ConsentCard()
    qtbot.addWidget(card)
    card.ask("write_file", "", nested)
    assert card.arguments.toPlainText() == nested


@pytest.mark.attack("tools")
def test_a_question_that_nobody_can_have_read_is_not_allowed_by_a_click(
    monkeypatch: pytest.MonkeyPatch, card: ConsentCard
) -> None:
    decided: list[Permission | None] = []
    card.decided.connect(decided.append)
    monkeypatch.setattr(consent_card, "MIN_READ_MS", 3_600_000)
    card.ask("Open “a”?", "", "{}")
    QTest.mouseClick(card.once_button, Qt.MouseButton.LeftButton)
    assert decided == []
    QTest.mouseClick(card.deny_button, Qt.MouseButton.LeftButton)
    QTest.keyClick(card.once_button, Qt.Key.Key_Space)  # whoever has the focus here, has read it
    assert decided == [None, Permission.ASK]
    decided.clear()
    monkeypatch.setattr(consent_card, "MIN_READ_MS", 0)
    QTest.mouseClick(card.once_button, Qt.MouseButton.LeftButton)
    assert decided == [Permission.ASK]


def test_the_menu_allows_for_longer(card: ConsentCard) -> None:
    decided: list[Permission | None] = []
    card.decided.connect(decided.append)
    card.ask("Open “a”?", "", "{}")
    for action in menu_actions(card):
        action.trigger()
    assert decided == [Permission.CONVERSATION, Permission.ALWAYS]


def test_arguments_are_folded_if_the_question_says_all(card: ConsentCard) -> None:
    card.show()
    card.ask("Search for “a”?", "The result goes to OpenAI.", '{"words": "a"}', says_all=True)
    assert card.words == "Search for “a”? The result goes to OpenAI."
    assert not card.arguments.isVisible()
    assert card.once_button.isEnabled()
    card.details_button.click()
    assert card.arguments.isVisible()
    assert json.loads(card.arguments.toPlainText()) == {"words": "a"}
    card.ask("Run Python code?", "", '{"code": "a"}')
    assert card.arguments.isVisible()
    card.ask("Search for “a”?", "", '{"words": "a"}', says_all=True)
    assert not card.arguments.isVisible()
    card.show_problem("Not valid")
    assert card.arguments.isVisible()


@pytest.mark.attack("tools")
def test_folding_what_was_not_shown_does_not_allow_it(card: ConsentCard) -> None:
    card.resize(500, 300)
    card.show()
    card.ask("Run?", "", json.dumps({"code": "print()\n" * 60}))
    card.details_button.click()
    assert not card.arguments.isVisible()
    assert not any(allowing(card).values())
