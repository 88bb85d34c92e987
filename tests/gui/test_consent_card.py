"""The card that asks before a tool runs: its arguments show every character."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from desktop_app.ui.tools.consent_card import ConsentCard

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop_app.ui.look.theme import Theme


@pytest.mark.parametrize(
    "hidden", ["\u202e", "\U000e0041", "\ufe0f", "\u3164", "\ud800", "\xa0", "\ufdd0"]
)
def test_hidden_characters_of_arguments_are_shown_as_escapes(
    qtbot: QtBot, light_theme: Theme, hidden: str
) -> None:
    card = ConsentCard(light_theme)
    qtbot.addWidget(card)
    sent = {"path": f"notes{hidden}.txt"}
    card.ask("write_file", "", json.dumps(sent))
    shown = card.arguments.toPlainText()
    assert shown.isascii()
    assert json.loads(shown) == sent
    assert card.changed_arguments == ""
