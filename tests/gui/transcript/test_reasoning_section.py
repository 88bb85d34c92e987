"""The reasoning of an answer: its duration, and the part that is shown."""

from __future__ import annotations

import pytest

from desktop_app.transcript.reasoning_section import ReasoningSection
from desktop_app.transcript.unfolded_sections import UnfoldedSections


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
