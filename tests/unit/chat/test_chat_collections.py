"""Questions to collections: exactly the passages found are sent, numbered and stored."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from desktop_app.chat.passage_context import (
    HOW_TO_ANSWER,
    HOW_TO_USE,
    KNOWN_PASSAGES,
    NOTHING_FOUND,
)
from desktop_app.chat.send_context import AskSettings
from desktop_app.domain.answering.stream_events import Completed, TextDelta
from desktop_app.domain.conversations.conversation import Draft
from desktop_app.domain.conversations.message_parts import CollectionPart, PassagesPart, TextPart
from desktop_app.domain.errors import DocumentDoesNotFitError
from desktop_app.providers.gateway.environment_profiles import OPENAI
from tests.helpers.prompt_delimiters import plain
from tests.helpers.scripted_provider import ScriptedProvider
from tests.unit.chat.test_chat_service import open_chat
from tests.unit.domain.test_collections import COLLECTION, a_passage


class OneCollection:
    """A passage source with a collection that repeats a single passage."""

    def __init__(self, text: str = "The door is green.", count: int = 2) -> None:
        self.text, self.count = text, count
        self.asked: list[tuple[str, bool]] = []
        self.start = 10

    async def retrieve(
        self,
        collection_ids: Sequence[str],
        question: str,
        budget_tokens: int,
        *,
        is_estimate: bool = False,
    ) -> tuple[PassagesPart, ...]:
        self.asked.append((question, is_estimate))
        found = (a_passage(n + 1, start=self.start + n, text=self.text) for n in range(self.count))
        asked = COLLECTION.collection_id in collection_ids
        return (PassagesPart("c" * 32, "Contracts", tuple(found)),) if asked else ()


def answers(count: int) -> ScriptedProvider:
    provider = ScriptedProvider()
    for _ in range(count):
        provider.add(TextDelta("Green [1]."), Completed())
    return provider


def sent(provider: ScriptedProvider, number: int = -1) -> str:
    (text,) = provider.requests[number].messages[-1].parts
    assert isinstance(text, TextPart)
    return text.text


async def test_passage_numbers_continue_and_earlier_ones_are_unchanged(tmp_path: Path) -> None:
    provider, source = answers(3), OneCollection()

    async with open_chat(tmp_path, provider, source) as chat:
        first = await chat.begin("Which color?", attachments=(COLLECTION,))
        await chat.run(first)
        path = await chat.store.path(first.conversation.id)
        source.start = 90
        second = await chat.begin(
            "And the roof?",
            path=path,
            attachments=first.conversation.draft.attachments,
            conversation=first.conversation,
        )
        assert [p.number for part in second.question.passage_parts for p in part.passages] == [3, 4]
        await chat.run(second)
        before, after = provider.requests[0].messages, provider.requests[1].messages
        assert after[: len(before)] == before
        again = await chat.service.begin(
            second.conversation, [*path, second.question], None, OPENAI, AskSettings()
        )
        await chat.run(again)
        assert provider.requests[2].messages == after
        assert source.asked[1][0] == "And the roof?\nWhich color?"


async def test_passages_of_the_conversation_are_referred_to_by_number(tmp_path: Path) -> None:
    provider, source = answers(3), OneCollection("word " * 200)

    async with open_chat(tmp_path, provider, source) as chat:
        first = await chat.begin("Which color?", attachments=(COLLECTION,))
        await chat.run(first)
        path = await chat.store.path(first.conversation.id)
        source.start = 11  # the second of the two, and a new one
        draft = Draft("And what color has the roof of the shed?", (COLLECTION,))
        second = await chat.begin(
            draft.text, path=path, attachments=(COLLECTION,), conversation=first.conversation
        )
        await chat.run(second)
        (found,) = second.question.passage_parts
        assert ([p.number for p in found.passages], found.known) == ([3], (2,))
        text = sent(provider)
        assert plain(text).count("<passage ") == 1
        assert KNOWN_PASSAGES.format("[2]") in text
        assert text.index(KNOWN_PASSAGES.format("[2]")) < text.index(HOW_TO_ANSWER)
        before, after = provider.requests[0].messages, provider.requests[1].messages
        assert after[: len(before)] == before
        source.start = 10
        path = await chat.store.path(first.conversation.id)
        third = await chat.begin(
            draft.text, path=path, attachments=(COLLECTION,), conversation=second.conversation
        )
        await chat.run(third)
        assert "<passage " not in plain(sent(provider))
        assert NOTHING_FOUND not in sent(provider)
        assert KNOWN_PASSAGES.format("[1] [2]") in sent(provider)


async def test_the_files_of_a_folder_are_searched_without_being_attached(tmp_path: Path) -> None:
    provider, source = answers(3), OneCollection()
    part = CollectionPart(COLLECTION.collection_id, "Lease")
    settings = AskSettings(collections=(part,))

    async with open_chat(tmp_path, provider, source) as chat:
        first = await chat.begin("Which color?", settings=settings)
        await chat.run(first)
        (found,) = first.question.passage_parts
        assert (found.name, found.is_of_folder) == ("Lease", True)
        assert found in (await chat.store.path(first.conversation.id))[0].parts
        assert HOW_TO_USE in sent(provider)
        assert HOW_TO_ANSWER not in sent(provider)
        assert first.question.as_draft.collections == ()  # an edit searches the folder's again
        source.count = 0
        second = await chat.begin("Thanks!", settings=settings)
        assert second.question.passage_parts == ()  # nothing is said to be missing
        await chat.run(second)
        attached = await chat.begin("Which?", settings=settings, attachments=(COLLECTION,))
        assert [each.is_of_folder for each in attached.question.passage_parts] == [False]
        await chat.run(attached)
        gone = AskSettings(collections=(CollectionPart("d" * 32, "Gone"),))
        assert (await chat.begin("Hello", settings=gone)).question.passage_parts == ()


async def test_a_question_whose_passages_do_not_fit_is_not_sent(tmp_path: Path) -> None:
    async with open_chat(tmp_path, answers(0), OneCollection("word " * 300_000)) as chat:
        with pytest.raises(DocumentDoesNotFitError):
            await chat.begin("Which?", attachments=(COLLECTION,))
