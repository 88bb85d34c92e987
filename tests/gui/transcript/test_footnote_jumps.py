"""Footnote references lead to their definitions in the same message, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop_app.transcript.keyboard.focus_targets import (
    FocusTargetButton,
    focus_targets_of,
    text_rects,
)
from tests.helpers.messages import answer

if TYPE_CHECKING:
    from desktop_app.transcript.keyboard.focus_targets import FocusTarget
    from desktop_app.transcript.view import TranscriptView

LONG = "\n\n".join(f"Paragraph {n} of many words." for n in range(60))
SOURCE = f"One[^1] and two[^b].\n\n{LONG}\n\nAgain[^1].\n\n[^1]: The note.\n\n[^b]: Other."


def targets(view: TranscriptView) -> list[FocusTarget]:
    found: list[FocusTarget] = []
    block = view.document().begin()
    while block.isValid():
        found += focus_targets_of(block)
        block = block.next()
    return found


def focused() -> FocusTargetButton:
    button = QApplication.focusWidget()
    assert isinstance(button, FocusTargetButton)
    return button


def words(view: TranscriptView) -> str:
    """Return the text of the focused block, after checking that it is on screen."""
    button = focused()
    assert view.viewport().rect().contains(button.geometry().center())
    return view.document().findBlock(button.focus_target.start).text()


def go(view: TranscriptView, begin: str) -> None:
    """Press Enter on the target with this text."""
    view.focus_navigator.focus_target(next(s for s in targets(view) if text_of(view, s) == begin))
    QTest.keyClick(focused(), Qt.Key.Key_Return)


def text_of(view: TranscriptView, target: FocusTarget) -> str:
    return view.document().findBlock(target.start).text()


@pytest.fixture
def noted(view: TranscriptView) -> TranscriptView:
    view.set_messages([answer("Elsewhere[^1].\n\n[^1]: Not this."), answer(SOURCE)])
    view.show()
    view.activateWindow()
    view.setFocus()
    return view


def test_enter_jumps_to_a_footnote_and_back(noted: TranscriptView) -> None:
    noted.scroll_to_message(noted.messages.last_materialized().message.id)  # type: ignore[union-attr]
    marks = [target for target in targets(noted) if "Paragraph" not in target.link]
    again = [s for s in marks if noted.document().findBlock(s.start).text().startswith("Again")]
    noted.focus_navigator.focus_target(again[0])
    assert focused().accessibleName() == "Footnote 1"
    QTest.keyClick(focused(), Qt.Key.Key_Return)
    assert words(noted) == "1\tThe note."
    assert focused().accessibleName() == "Back from footnote 1"
    assert focused().objectName() == "footnote"
    QTest.keyClick(focused(), Qt.Key.Key_Return)
    assert words(noted) == "Again1."


def test_a_reference_in_a_table_jumps_to_its_footnote_and_back(view: TranscriptView) -> None:
    view.set_messages([answer("| a | b |\n|---|---|\n| c | d[^1] |\n\n[^1]: Said.")])
    view.show()
    go(view, "c	d1")
    assert words(view) == "1\tSaid."
    go(view, "1\tSaid.")
    assert words(view) == "c	d1"


def test_footnotes_of_reasoning_and_answer_are_separate(view: TranscriptView) -> None:
    view.show()
    for mark, note in (("Hm1.", "1\tThought."), ("So1.", "1\tSaid.")):
        for begin, end in ((mark, note), (note, mark)):
            # A new answer each time, so that the origin of the last jump does not count.
            said = answer("So[^1].\n\n[^1]: Said.", reasoning="Hm[^1].\n\n[^1]: Thought.")
            view.set_messages([said])
            view.commands.run(said.id, "reasoning")
            go(view, begin)
            assert words(view) == end


def test_a_click_jumps_within_its_message(
    noted: TranscriptView, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[object] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    noted.navigator.scroll_to_top()
    for message, expected in enumerate(("1\tNot this.", "1\tThe note.")):
        mark = [s for s in targets(noted) if s.link.startswith("repartee:note/")][message]
        noted.verticalScrollBar().setValue(0)
        [place] = text_rects(noted.document(), mark)
        down = noted.verticalScrollBar().value()
        at = QPoint(round(place.center().x()), round(place.center().y()) - down)
        QTest.mouseClick(noted.viewport(), Qt.MouseButton.LeftButton, pos=at)
        assert words(noted) == expected
    assert opened == []


def test_a_footnote_address_in_the_source_is_no_link(view: TranscriptView) -> None:
    view.set_messages([answer("[go](repartee:note/31) x[^1]\n\n[^1]: note")])
    assert [target.link for target in targets(view)][:1] == ["repartee:note/31"]
    go = view.document().find("go")
    assert not go.charFormat().isAnchor()
