"""A question that a tool server asks the user during a call."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QLineEdit

from desktop_app.app.navigator import Navigator
from desktop_app.domain.tools.tool import UserReply
from desktop_app.tools.calls.consent import ServerQuestion
from desktop_app.tools.ui import consent_card
from desktop_app.tools.ui.consent_card import ConsentController
from desktop_app.tools.ui.question_card import MAX_FIELDS, QuestionCard, can_ask
from desktop_app.widgets.forms.form_widgets import Note
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.widgets import find

COMET = {"COMETAPI_KEY": "sk-comet"}
TEXT = {"type": "string"}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "title": "Your & name", "default": "Ann"},
        "count": {"type": "integer"},
        "weight": {"type": "number"},
        "size": {"type": "string", "enum": ["s", "l"], "enumNames": ["Small", "Large"]},
        "is_gift": {"type": "boolean"},
        "extras": {"type": "array", "items": {"anyOf": [{"const": "a"}, {"const": "b"}]}},
    },
    "required": ["name", "size"],
}


@pytest.fixture(autouse=True)
def no_time_to_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a click reply as soon as a question is shown."""
    monkeypatch.setattr(consent_card, "MIN_READ_MS", 0)


def card(app: AppHarness) -> QuestionCard | None:
    shown = [each for each in app.window.findChildren(QuestionCard) if each.isVisible()]
    return shown[0] if shown else None


def ask(app: AppHarness, text: str, schema: dict[str, Any]) -> asyncio.Task[UserReply]:
    question = ServerQuestion(app.open_id, "shop", text, schema)
    return asyncio.create_task(app.backend.consent.ask_user(question))


async def test_questions_of_a_server_are_filled_in_declined_and_withdrawn() -> None:
    async with AppHarness(environment=COMET) as app:
        # The user fills in the values that a server asks for.
        task = ask(app, "What <b>do</b> you order?", SCHEMA)
        await until(lambda: card(app))
        shown = card(app)
        assert shown is not None
        assert "What <b>do</b> you order?" in shown.accessibleName()
        widgets = {name: field.widget for name, field in shown.fields.items()}
        assert isinstance(widgets["name"], QLineEdit)
        assert widgets["name"].text() == "Ann"
        assert isinstance(widgets["count"], QLineEdit)
        widgets["count"].setText("many")
        app.click("server-reply")
        problem = find(shown, Note, "server-question-problem")
        await until(lambda: "must be a number" in problem.text())
        widgets["count"].setText("2")
        app.click("server-reply")
        await until(lambda: "Enter a value for “size”" in problem.text())
        size, gift = widgets["size"], widgets["is_gift"]
        assert isinstance(size, QComboBox)
        assert isinstance(gift, QCheckBox)
        size.setCurrentIndex(2)
        gift.setChecked(True)
        widgets["extras"].findChildren(QCheckBox)[1].setChecked(True)
        app.click("server-reply")
        expected = {"name": "Ann", "count": 2, "size": "l", "is_gift": True, "extras": ["b"]}
        assert await task == UserReply("accept", expected)
        await until(lambda: card(app) is None)

        # A question is declined withdrawn and asked in its conversation.
        await app.start_over()
        conversation_id = await app.ask_and_answer("One", "1")
        first, second = ask(app, "One?", {}), ask(app, "Two?", SCHEMA)
        await until(lambda: card(app))
        app.click("server-decline")
        assert await first == UserReply("decline")
        await until(lambda: (now := card(app)) is not None and "Two?" in now.accessibleName())
        shown = card(app)
        assert shown is not None
        count = shown.fields["count"].widget
        assert isinstance(count, QLineEdit)
        count.setText("7")
        app.window.pane.focus_cards(Qt.FocusReason.TabFocusReason)
        assert shown.isAncestorOf(QApplication.focusWidget())
        app.controllers.of(Navigator).open_new()
        assert card(app) is None
        assert app.state.of(ConsentController).is_asking
        await app.open_conversation(conversation_id)
        assert card(app) is shown
        assert count.text() == "7"
        second.cancel()
        await asyncio.wait({second})
        assert card(app) is None
        assert not app.state.of(ConsentController).is_asking


@pytest.mark.parametrize(
    ("schema", "is_possible"),
    [
        ({}, True),
        (SCHEMA, True),
        ({"properties": {str(n): TEXT for n in range(MAX_FIELDS + 1)}}, False),
        ({"properties": {"a": {"type": "object"}}}, False),
        ({"properties": {"a": {"type": "array"}}}, False),
        ({"properties": {"a": {"enum": [str(n) for n in range(1000)]}}}, False),
        ({"properties": 7}, False),
        ({"properties": {"a": 7}}, False),
    ],
)
def test_a_question_for_which_there_is_no_form_is_not_asked(
    schema: dict[str, Any], is_possible: bool
) -> None:
    assert can_ask(schema) is is_possible
