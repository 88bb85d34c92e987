"""The header shows the given state, and shrinks in a narrow window."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QApplication, QMenu

from desktop_app.app.window.header import Header
from tests.helpers.menus import give_commands

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


@pytest.fixture
def header(qtbot: QtBot) -> Header:
    made = Header()
    qtbot.addWidget(made)
    made.resize(600, made.height())
    made.show()
    return made


@pytest.mark.parametrize(
    ("used", "limit", "words"),
    [
        (4096, 8192, "4.1k of 8.2k"),
        (136_000, 272_000, "136k of 272k"),
        (999_900, 1_047_576, "1M of 1.05M"),
        (300_000, 272_000, "300k of 272k"),
    ],
)
def test_the_used_context_is_shown_and_in_the_accessible_name(
    header: Header, used: int, limit: int, words: str
) -> None:
    header.set_context(used, limit)
    assert header.context.text() == words
    assert f"{used:,}" in header.context.accessibleName()
    assert header.meter.isVisible()


@pytest.mark.parametrize(
    ("used", "limit"), [(None, 8192), (12, None), (None, None), (5, 0), (4095, 8192)]
)
def test_the_meter_is_hidden_below_half_and_without_both_figures(
    header: Header, used: int | None, limit: int | None
) -> None:
    header.set_context(62, 100)
    assert header.meter.isVisible()
    header.set_context(used, limit)
    assert not header.meter.isVisible()
    assert not header.context.isVisible()


def test_the_cost_is_in_the_tooltip_of_the_title_unless_it_is_empty(header: Header) -> None:
    header.set_title("Short")
    header.set_cost("$0.08")
    assert header.title.toolTip() == "Cost of this conversation: $0.08"
    assert header.title.accessibleDescription() == "Cost of this conversation: $0.08"
    header.set_cost("")
    assert header.title.toolTip() == ""


@pytest.mark.qt_log_ignore("support grabbing the keyboard", extend=True)
def test_the_title_has_a_menu_of_the_conversation(header: Header) -> None:
    commands = give_commands(header)
    header.set_title("A title")
    at = header.title.rect().center()
    reason = QContextMenuEvent.Reason.Mouse
    QApplication.sendEvent(
        header.title, QContextMenuEvent(reason, at, header.title.mapToGlobal(at))
    )
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    assert commands["find.open"] in menu.actions()
    assert commands["conversation.rename"] in menu.actions()
    menu.close()
