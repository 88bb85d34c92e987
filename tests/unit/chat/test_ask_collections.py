"""The sources that an answer cites."""

from __future__ import annotations

import pytest

from desktop_app.chat.command.ask_collections import cited_sources
from desktop_app.domain.conversations.message_parts import PassagesPart
from desktop_app.domain.documents.collections import Passage
from tests.helpers.messages import answer, question


@pytest.mark.parametrize(
    ("text", "numbers"), [("As [2] and [1, 2]", [1, 2]), (f"[{'9' * 5_000}], [1]", [1]), ("", [])]
)
def test_cited_sources_are_named_once(text: str, numbers: list[int]) -> None:
    passages = (Passage(n, "c", "a" * 64, "lease.pdf", 3, "page 3", 0, 9, "x") for n in (1, 2, 3))
    part = PassagesPart("c", "Contracts", tuple(passages))
    found = cited_sources(question("Which?", part), answer(text))
    assert [source.partition(" ")[0] for source in found] == [f"[{n}]" for n in numbers]
