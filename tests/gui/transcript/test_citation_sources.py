"""The list of sources under a question."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_app.domain.conversations.message_parts import PassagesPart
from desktop_app.transcript.message_items import Line, source_lines
from tests.unit.domain.test_collections import a_passage
from tests.unit.storage.samples import a_conversation, a_question


@pytest.mark.parametrize(
    ("new", "known", "said"),
    [
        (0, (), "Nothing found in Leases"),
        (1, (), "1 passage from Leases"),
        (2, (3,), "2 passages from Leases, 1 more sent earlier"),
        (0, (3,), "1 passage from Leases, sent earlier"),
        (0, (3, 4), "2 passages from Leases, sent earlier"),
    ],
)
def test_passages_sent_earlier_are_counted_separately(
    new: int, known: tuple[int, ...], said: str
) -> None:
    passages = tuple(a_passage(9 + n) for n in range(new))
    part = PassagesPart("c" * 32, "Leases", passages, known)
    (line,) = source_lines(replace(a_question(a_conversation(), "?"), parts=(part,)), ())
    assert isinstance(line, Line)
    assert said in "".join(run.text for run in line.runs)
