"""Passages in a prompt: numbered, with their source, and never as instructions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_app.chat.passage_context import (
    HOW_TO_ANSWER,
    MAX_TOKENS,
    NOTHING_FOUND,
    find_passages,
    passage_budget,
    passages_block,
    retrieval_text,
)
from desktop_app.chat.send_context import SendContext
from desktop_app.collections.collection_service import KnownPassages
from desktop_app.domain.conversations.conversation import Draft
from desktop_app.domain.conversations.message_parts import CollectionPart, PassagesPart
from desktop_app.domain.errors import DocumentError
from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.domain.prompt_delimiter import PromptDelimiter
from desktop_app.providers.gateway.environment_profiles import OPENAI
from desktop_app.providers.models.choice_resolution import ResolvedChoice
from tests.unit.domain.test_collections import a_passage
from tests.unit.storage.samples import a_conversation, a_question

DELIMITER = PromptDelimiter("123456789012")


def part(*texts: str) -> PassagesPart:
    numbered = enumerate(texts, 4)
    return PassagesPart("c" * 32, 'Con"tracts', tuple(a_passage(n, text=t) for n, t in numbered))


def test_each_passage_has_its_number_and_source() -> None:
    block = passages_block(part("The door.", "The rent."), DELIMITER)
    assert (
        '<passage-123456789012 number="4" document="lease.pdf" place="page 3">\nThe door.\n'
        "</passage-123456789012>\n"
    ) in block
    assert '<passage-123456789012 number="5"' in block
    assert block.startswith('<passages-123456789012 project="Con\'tracts">')
    assert block.endswith(HOW_TO_ANSWER)


def test_the_model_is_told_if_nothing_was_found() -> None:
    block = passages_block(part(), DELIMITER)
    assert NOTHING_FOUND in block
    assert HOW_TO_ANSWER not in block


def test_a_small_window_has_a_smaller_budget_for_passages() -> None:
    small = ModelInfo("m", "M", context_window=4_000)
    assert passage_budget(ResolvedChoice(OPENAI, small, None, None)) == 1_000
    large = ModelInfo("m", "M", context_window=400_000)
    assert passage_budget(ResolvedChoice(OPENAI, large, None, None)) == MAX_TOKENS


def test_a_short_question_is_searched_with_the_previous_one() -> None:
    first = a_question(a_conversation(), "How loud may the heat pump be at night?")
    asked = [replace(first, parts=(part("It hums."), *first.parts))]
    assert retrieval_text(asked, "And in winter?") == f"And in winter?\n{first.text}"
    whole = "Which guarantee does the compressor have?"
    assert retrieval_text(asked, whole) == whole
    assert retrieval_text([first], "And in winter?") == "And in winter?"
    assert retrieval_text(asked, "") == ""


async def test_a_collection_that_is_gone_is_named() -> None:
    draft = Draft("?", (CollectionPart("c" * 32, "Contracts"),))
    resolved = ResolvedChoice(OPENAI, ModelInfo("m", "M"), None, None)
    with pytest.raises(DocumentError, match="Contracts"):
        await find_passages(None, SendContext([], resolved), draft)
    assert await find_passages(None, SendContext([], resolved), Draft("?")) == ()


# ---------------------------------------------------------------- passage dedup

TEXT = (
    "The tenant pays 940 euros a month, in advance and by the third working day. The landlord "
    "keeps the stairs, the roof and the heating in order. Dogs are allowed where the neighbours "
    "agree. Whoever moves out paints the walls white and hands over four keys."
)
AS_PDF = "[page 3]\n" + TEXT.replace("neighbours", "neigh-\nbours").replace("heating ", "heating\n")
AS_TABLE = "| " + TEXT.replace(". ", ". | ") + " |"
JAPANESE = (
    "借主は毎月三日までに家賃を支払う。犬は隣人が同意すれば飼うことができる。退去時に鍵を返す。"
)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (TEXT, AS_PDF),
        (TEXT, AS_TABLE),
        (TEXT, TEXT.upper()),
        (TEXT, TEXT + " Signed twice."),
        (JAPANESE, JAPANESE.replace("犬は", "犬\nは")),
        ("Yes.", "yes"),
    ],
)
def test_a_copy_of_a_passage_is_not_added(first: str, second: str) -> None:
    copies = KnownPassages()
    assert copies.add_if_new(first)
    assert not copies.add_if_new(second)


@pytest.mark.parametrize(
    "second",
    [
        TEXT.replace("940", "960"),
        TEXT.replace("are allowed", "are not allowed"),
        TEXT[: len(TEXT) // 2] + " And now for something else that nobody has said before. " * 3,
        TEXT
        + " The deposit is three months' rent, and comes back within half a year of moving out.",
    ],
)
def test_a_passage_that_differs_is_added(second: str) -> None:
    copies = KnownPassages()
    assert copies.add_if_new(TEXT)
    assert copies.add_if_new(second)


def test_japanese_versions_differ_by_a_character() -> None:
    copies = KnownPassages()
    assert copies.add_if_new(JAPANESE)
    assert copies.add_if_new(JAPANESE.replace("三日", "五日"))
