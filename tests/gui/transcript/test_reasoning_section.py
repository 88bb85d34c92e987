"""The reasoning of an answer: its duration, and the part that is shown."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from desktop_app.transcript import shown_message
from desktop_app.transcript.message_items import TOGGLE_REASONING
from desktop_app.transcript.shown_message import Reasoning


def test_the_duration_lasts_from_the_first_reasoning_to_the_first_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = SimpleNamespace(now=1.0, monotonic=lambda: clock.now)
    monkeypatch.setattr(shown_message, "time", clock)
    section = Reasoning("", set())
    section.record_end()  # no reasoning has arrived
    for clock.now, text in ((2.0, ""), (3.0, "Why"), (5.0, "?")):
        section.append(text)
    for clock.now in (10.0, 20.0):
        section.record_end()
    assert section.seconds == 7.0
    assert section.text == "Why?"


@pytest.mark.parametrize("end", ["See [this", "| a | b |", "2.", "```py"])
def test_the_undecided_end_is_shown_once_the_reasoning_is_complete(end: str) -> None:
    unfolded = {TOGGLE_REASONING}
    section = Reasoning("", unfolded)
    section.append(f"A thought.\n\n{end}")
    section.blocks(is_complete=False)
    shown = section.blocks(is_complete=True)
    assert len(shown) > 1
    assert shown == Reasoning(section.text, unfolded).blocks(is_complete=True)
    section.append("\n\nAnd more.")
    assert len(section.blocks(is_complete=False)) > len(shown)
    unfolded.clear()
    assert not section.blocks(is_complete=True)
