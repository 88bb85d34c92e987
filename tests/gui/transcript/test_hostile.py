"""Hostile answers are streamed, then opened as stored, and nothing leaves the process.

This is a sample. hostile_campaign.py runs any number and measures them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.gui.transcript.hostile import COLLECTED, SHORTEST_LONG, generated
from tests.gui.transcript.hostile_campaign import show, watch

if TYPE_CHECKING:
    from desktop_app.ui.transcript.view import TranscriptView

SAMPLE = [
    *range(len(COLLECTED)),
    *(number for number in range(1000, 1040) if len(generated(number)) < SHORTEST_LONG),
]


@pytest.mark.parametrize("number", SAMPLE)
def test_a_hostile_answer_is_shown_without_an_error_and_reaches_nothing(
    view: TranscriptView, qapp: Any, number: int
) -> None:
    with watch().on():
        seen = len(watch().seen)
        assert not show(view, number, qapp.processEvents).raised
    assert watch().seen[seen:] == []
    text = generated(number)
    words = [w for w in text.split() if w.isascii() and w.isalnum() and len(w) > 3]
    assert all(word in view.toPlainText() for word in words[:3]), "nothing is lost"
