"""Footnote references lead to their definitions in the same message, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QDesktopServices, QTextCursor
from PySide6.QtTest import QTest

from desktop_app.transcript.targets import targets_of
from tests.helpers.messages import answer
from tests.helpers.transcript_views import focused_name, focused_rect

if TYPE_CHECKING:
    from desktop_app.transcript.targets import Target
    from tests.helpers.segment_views import SegmentView as TranscriptView

LONG = "\n\n".join(f"Paragraph {n} of many words." for n in range(60))
SOURCE = f"One[^1] and two[^b].\n\n{LONG}\n\nAgain[^1].\n\n[^1]: The note.\n\n[^b]: Other."


def targets(view: TranscriptView) -> list[Target]:
    return [target for shown in view.messages.shown() for target in targets_of(shown)]


def line_of(view: TranscriptView, target: Target) -> str:
    return view.document().findBlock(view._position_of(target.place)).text()


def words(view: TranscriptView) -> str:
    """Return the line of the focused target, after checking that it is on screen."""
    target = view.focus_navigator.focused
    assert target is not None
    assert view.viewport().rect().contains(focused_rect(view).center())
    return line_of(view, target)


def go(view: TranscriptView, begin: str) -> None:
    """Press Enter on the target with this line."""
    view.focus_navigator.focus_target(next(s for s in targets(view) if line_of(view, s) == begin))
    QTest.keyClick(view, Qt.Key.Key_Return)


@pytest.fixture
def noted(view: TranscriptView) -> TranscriptView:
    view.set_messages([answer("Elsewhere[^1].\n\n[^1]: Not this."), answer(SOURCE)])
    view.show()
    view.activateWindow()
    view.setFocus()
    return view


def test_enter_jumps_to_a_footnote_and_back(noted: TranscriptView) -> None:
    noted.scroll_to_message(noted.messages.key_at(1))
    again = [target for target in targets(noted) if line_of(noted, target).startswith("Again")]
    noted.focus_navigator.focus_target(again[0])
    assert focused_name(noted) == "Footnote 1"
    QTest.keyClick(noted, Qt.Key.Key_Return)
    assert words(noted) == "1\tThe note."
    assert focused_name(noted) == "Back from footnote 1"
    QTest.keyClick(noted, Qt.Key.Key_Return)
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
    noted.scroll_to_start()
    for message, expected in enumerate(("1\tNot this.", "1\tThe note.")):
        mark = [s for s in targets(noted) if s.link.startswith("repartee:note/")][message]
        noted.verticalScrollBar().setValue(0)
        cursor = QTextCursor(noted.document())
        cursor.setPosition(noted._position_of(mark.place))
        at = noted.cursorRect(cursor).center() + QPoint(2, 0)
        QTest.mouseClick(noted.viewport(), Qt.MouseButton.LeftButton, pos=at)
        assert words(noted) == expected
    assert opened == []


def test_a_footnote_address_in_the_source_is_no_link(view: TranscriptView) -> None:
    view.set_messages([answer("[go](repartee:note/31) x[^1]\n\n[^1]: note")])
    assert [target.link for target in targets(view)][:1] == ["repartee:note/31"]  # of `[^1]`
    go = view.document().find("go")
    assert not go.charFormat().isAnchor()
