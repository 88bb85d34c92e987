"""A column of answers side by side."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from desktop_app.ui.comparison.answer_column import AnswerColumn
from desktop_app.ui.transcript.view import TranscriptView
from tests.helpers.messages import answer

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop_app.ui.look.theme import Theme


def test_an_answer_of_an_unknown_model_has_a_title(qtbot: QtBot, light_theme: Theme) -> None:
    column = AnswerColumn(TranscriptView(light_theme, is_brief=True), str)
    qtbot.addWidget(column)
    column.show_answer(replace(answer("It is."), choice=None, duration_s=2.0))
    assert column.title == "Response"
    assert column.facts == "Complete · 2.0 s"
