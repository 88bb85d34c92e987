"""The lists of sources under a question and an answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_app.domain.conversations.conversation import MessageStatus
from desktop_app.domain.conversations.message_parts import (
    PassagesPart,
    Source,
    SourcesPart,
    TextPart,
)
from desktop_app.domain.documents.collections import passage_link
from desktop_app.markdown.block_model import Block
from desktop_app.transcript.conversation_messages import ConversationMessages
from desktop_app.transcript.message_items import (
    TOGGLE_SOURCES,
    FooterFacts,
    Line,
    answer_source_lines,
    source_lines,
)
from desktop_app.transcript.shown_message import ShownMessage
from tests.helpers.messages import answer
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


A = Source(1, "https://a.example/x", "A title", is_cited=True)
B = Source(2, "https://b.example/")
C = Source(0, "https://c.example/", "C")


@pytest.mark.parametrize(
    ("sources", "title", "lines"),
    [
        ((A,), "1 source", ["[1] A title\u2003a.example"]),
        ((A, B), "2 sources", ["[1] A title\u2003a.example", "[2] https://b.example/"]),
        (
            (A, B, C),
            "2 sources, 1 more read",
            [
                "[1] A title\u2003a.example",
                "[2] https://b.example/",
                "Also read: 1",
                "C\u2003c.example",
            ],
        ),
        ((C,), "1 page read", ["C\u2003c.example"]),
    ],
)
def test_sources_of_an_answer_are_folded_below_it(
    sources: tuple[Source, ...], title: str, lines: list[str]
) -> None:
    said = replace(answer("It rains [2]."), parts=(SourcesPart(sources), TextPart("It rains [2].")))
    (folded,) = answer_source_lines(said, ())
    assert isinstance(folded, Line)
    assert title in "".join(run.text for run in folded.runs)
    _, *shown = answer_source_lines(said, {TOGGLE_SOURCES})
    assert ["".join(run.text for run in line.runs) for line in shown] == lines
    links = [line.runs[0].link for line in shown if line.runs[0].link]
    assert links == [source.address for source in sources]


def test_a_number_leads_to_the_answers_own_source_unless_a_passage_had_it() -> None:
    passage = a_passage(1)
    sent = PassagesPart("c" * 32, "Leases", (passage,))
    both = [replace(a_question(a_conversation(), text), parts=parts) for text, parts in (
        ("From the lease?", (sent,)), ("From the web?", ()))]  # fmt: skip
    first, second = (
        replace(answer("It is [1]."), id=name, parts=(SourcesPart((A, B)),)) for name in ("a", "b")
    )
    shown = ConversationMessages(shows_facts=False)
    shown.begin_path([both[0], first, both[1], second], {})
    assert shown.cited("a", passage_link(1)) == passage
    assert shown.cited("a", passage_link(2)) == B
    assert shown.cited("b", passage_link(1)) == A


def test_marks_become_links_once_their_sources_are_known() -> None:
    text = "It rains [1].\n\nNot [7]."
    said = replace(answer(text), status=MessageStatus.STREAMING, parts=())
    shown = ShownMessage(said, FooterFacts(), version=None, unfolded=set(), citable=frozenset())

    def links() -> list[str]:
        blocks = [item for item in shown.items if isinstance(item, Block)]
        return [run.link for block in blocks for run in block.runs if run.link]

    shown.append_text("It rains [1].\n\n")
    parts = (SourcesPart((A,)), TextPart("It rains [1].\n\n"))
    shown.update(replace(said, parts=parts), None, frozenset((1,)))
    shown.append_text("Not [7].")
    assert links() == []
    parts = (SourcesPart((A,)), TextPart(text))
    shown.update(replace(said, parts=parts, status=MessageStatus.COMPLETE), None, frozenset((1,)))
    assert links() == [passage_link(1)]
