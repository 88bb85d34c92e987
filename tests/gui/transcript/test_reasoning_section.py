"""The reasoning of an answer: its duration, and the part that is shown."""

from __future__ import annotations

import pytest

from desktop_app.ui.transcript.reasoning_section import ReasoningSection
from desktop_app.ui.transcript.unfolded_sections import UnfoldedSections

LONG = "A thought.\n\n" * 3000


def test_the_duration_lasts_from_the_first_reasoning_to_the_first_text() -> None:
    section = ReasoningSection("", UnfoldedSections(), is_complete=True)
    section.record_end(1.0)  # no reasoning has arrived
    section.append_text("", 2.0)
    section.append_text("Why", 3.0)
    section.append_text("?", 5.0)
    section.record_end(10.0)
    section.record_end(20.0)
    assert section.seconds == 7.0
    assert section.text == "Why?"


def test_folded_reasoning_shows_nothing_and_has_nothing_left_to_show() -> None:
    section = ReasoningSection(LONG, UnfoldedSections(), is_complete=True)
    assert section.is_folded
    assert section.blocks() == []
    assert section.unshown_text == ""


def test_long_reasoning_is_shown_in_pieces_once_it_is_unfolded() -> None:
    section = ReasoningSection(LONG, UnfoldedSections(), is_complete=True)
    section.set_folded(folded=False)
    count = len(section.blocks())
    assert 0 < count < 3000
    assert LONG.endswith(section.unshown_text)
    while section.unshown_text:
        for at, removed, added in section.show_more(4000):
            assert at - 1 + removed == count, "item 0 is the line that folds the section"
            count += len(added) - removed
    assert [block.text for block in section.blocks()] == ["A thought."] * 3000
    assert all(block.quote == 1 for block in section.blocks())
    section.set_folded(folded=True)
    assert section.blocks() == []


def test_reasoning_that_was_unfolded_is_shown_when_its_message_returns() -> None:
    unfolded = UnfoldedSections()
    ReasoningSection("A thought.", unfolded, is_complete=True).set_folded(folded=False)
    assert ReasoningSection("A thought.", unfolded, is_complete=True).blocks()


@pytest.mark.parametrize("end", ["See [this", "| a | b |", "2.", "```py"])
def test_the_undecided_end_is_shown_once_the_reasoning_is_complete(end: str) -> None:
    unfolded = UnfoldedSections()
    section = ReasoningSection("", unfolded, is_complete=False)
    section.set_folded(folded=False)
    section.append_text(f"A thought.\n\n{end}", 1.0)
    section.show_more(1000)
    section.complete()
    shown = section.blocks()
    assert len(shown) > 1
    assert shown == ReasoningSection(section.text, unfolded, is_complete=True).blocks()


def test_long_reasoning_that_is_complete_is_finished_with_its_last_piece() -> None:
    section = ReasoningSection(f"{LONG}See [this", UnfoldedSections(), is_complete=True)
    section.set_folded(folded=False)
    while section.unshown_text:
        section.show_more(4000)
    assert section.blocks()[-1].text == "See [this"


def test_reasoning_may_go_on_after_it_was_complete() -> None:
    section = ReasoningSection("One.", UnfoldedSections(), is_complete=True)
    section.set_folded(folded=False)
    section.append_text("\n\nSee [this", 1.0)
    section.show_more(1000)
    section.complete()
    assert [block.text for block in section.blocks()] == ["One.", "See [this"]
