"""Every text of the transcript and of asking is translated."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from desktop_app.domain.conversations.conversation import INCOMPLETE, MessageStatus
from desktop_app.domain.conversations.message_facts import (
    answer_facts,
    attachment_facts,
    reasoning_title,
    token_facts,
)
from desktop_app.domain.conversations.message_parts import ChosenPages, DocumentPart, PassagesPart
from desktop_app.domain.cost import Usage
from desktop_app.domain.documents.collections import Passage
from desktop_app.domain.error_note import ErrorNote
from desktop_app.i18n.translation import tr
from desktop_app.transcript.message_items import citation_name, ending_lines, source_lines
from tests.helpers.messages import answer, question
from tests.helpers.translated_texts import untranslated

NAME = "⟦a name⟧"
DOCUMENT = DocumentPart("s", NAME, "application/pdf", 1, pages=48, tokens=31480)

pytestmark = pytest.mark.usefixtures("pseudo_language")


def test_the_facts_beside_a_message_are_translated() -> None:
    reply = answer("", usage=Usage(1000, 0, 234), cost=Decimal("0.0034"), duration_s=95.2)
    assert not untranslated(answer_facts(reply, str), {"Thinking"})
    assert not untranslated(token_facts(replace(reply, usage=Usage(1000, 250, 234, 150))))
    for unit in ("page", "slide", "sheet", "chapter"):
        chosen = ChosenPages(unit, ((3, 10),), 52, 1)
        assert not untranslated(attachment_facts(replace(DOCUMENT, chosen=chosen)))
    for reasoning, seconds, thinking in (
        (f"**{NAME}**", 9.3, False),
        (f"**{NAME}**", None, False),
        (f"**{NAME}**", None, True),
        ("", 9.3, False),
        ("", None, False),
        ("", None, True),
    ):
        assert not untranslated([reasoning_title(reasoning, seconds, is_thinking=thinking)])


@pytest.mark.parametrize(
    "status", [MessageStatus.CANCELLED, MessageStatus.INTERRUPTED, MessageStatus.INCOMPLETE]
)
def test_the_ending_of_an_answer_is_translated(status: MessageStatus) -> None:
    lines = ending_lines(answer("Text", status), "", shows_details=False)
    assert not untranslated(run.text for line in lines for run in line.runs)


@pytest.mark.parametrize("reasoning", ["", "Hm."])
def test_an_answer_without_anything_says_that_it_is_empty(reasoning: str) -> None:
    empty = answer("", reasoning=reasoning)
    words = [run.text for line in ending_lines(empty, "", shows_details=False) for run in line.runs]
    assert tr("The response is empty.") in words
    assert tr("Retry") in words
    assert not ending_lines(answer("Text"), "", shows_details=False)


def test_an_error_alone_says_why_an_answer_is_incomplete() -> None:
    error = ErrorNote(
        "The model didn’t follow the grammar.",
        hint="Ask again or choose another model.",
        code=INCOMPLETE,
    )
    cut = answer("Text", MessageStatus.INCOMPLETE, error=error)
    words = [run.text for line in ending_lines(cut, "", shows_details=False) for run in line.runs]
    assert words.count(tr("Continue")) == 1
    assert tr("Incomplete") not in words


@pytest.mark.parametrize(("new", "known"), [((), ()), ((1,), ()), ((1, 2), (3,)), ((), (3, 4))])
def test_the_sources_of_an_answer_are_translated(
    new: tuple[int, ...], known: tuple[int, ...]
) -> None:
    passages = tuple(Passage(number, "k", "s", NAME, None, "", 0, 1, NAME) for number in new)
    said = question("Q", PassagesPart("k", NAME, passages, known))
    assert not untranslated(run.text for line in source_lines(said, ()) for run in line.runs)
    assert not untranslated(map(citation_name, passages))
