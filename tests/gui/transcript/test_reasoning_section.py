"""The reasoning of an answer: its duration, and the part that is shown."""

from __future__ import annotations

from desktop_app.ui.transcript.reasoning_section import ReasoningSection
from desktop_app.ui.transcript.unfolded_sections import UnfoldedSections

LONG = "A thought.\n\n" * 3000


def test_the_duration_lasts_from_the_first_reasoning_to_the_first_text() -> None:
    section = ReasoningSection("", UnfoldedSections())
    section.record_end(1.0)  # no reasoning has arrived
    section.append_text("", 2.0)
    section.append_text("Why", 3.0)
    section.append_text("?", 5.0)
    section.record_end(10.0)
    section.record_end(20.0)
    assert section.seconds == 7.0
    assert section.text == "Why?"


def test_folded_reasoning_shows_nothing_and_has_nothing_left_to_show() -> None:
    section = ReasoningSection(LONG, UnfoldedSections())
    assert section.is_folded
    assert section.blocks() == []
    assert section.unshown_text == ""


def test_long_reasoning_is_shown_in_pieces_once_it_is_unfolded() -> None:
    section = ReasoningSection(LONG, UnfoldedSections())
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
    ReasoningSection("A thought.", unfolded).set_folded(folded=False)
    assert [block.text for block in ReasoningSection("A thought.", unfolded).blocks()]
