"""Several answers to a question, each with a request of its own and stored separately."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from desktop_app.chat.answers.answer_run import AnswerRun
from desktop_app.chat.attachments.note_taking import INSTRUCTIONS
from desktop_app.chat.cost_estimate import Estimate
from desktop_app.chat.send_context import AskSettings
from desktop_app.domain.answering.chat_request import ChatRequest, ProviderProfile
from desktop_app.domain.answering.generation import GenerationParameters
from desktop_app.domain.answering.stream_events import (
    Completed,
    Failed,
    Started,
    StreamEvent,
    TextDelta,
    UsageReported,
)
from desktop_app.domain.conversations.conversation import Message, now
from desktop_app.domain.errors import SpendingCapError, StreamCutError
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.models.token_counts import CountMethod
from desktop_app.domain.spending_report import Grouping
from tests.helpers.scripted_provider import ScriptedProvider
from tests.unit.chat.test_chat_service import USAGE, ChatSetup, open_chat
from tests.unit.chat.test_chunked_reading import WordSplitter
from tests.unit.providers.samples import OPENAI

CHAT = replace(OPENAI, api=Api.CHAT_COMPLETIONS)
THREE = AskSettings(parameters=GenerationParameters(candidates=3))
ONE_COST = Decimal("0.00392")


async def run_all(chat: ChatSetup, began: AnswerRun) -> list[Message]:
    return list(await asyncio.gather(*[chat.run(each) for each in (began, *began.siblings)]))


def answer(text: str) -> list[StreamEvent]:
    return [TextDelta(text), UsageReported(USAGE), Completed()]


@pytest.mark.parametrize("profile", [OPENAI, CHAT], ids=["responses", "chat"])
async def test_each_answer_is_a_request_with_its_own_cost(
    tmp_path: Path, profile: ProviderProfile
) -> None:
    provider = ScriptedProvider(answer("a"), answer("b"), answer("c"))

    async with open_chat(tmp_path, provider) as chat:
        began = await chat.begin("?", profile, settings=THREE)
        kept = await chat.store.path(began.conversation.id)
        assert kept[-1].id == began.answer.id
        versions = await chat.store.versions_on_path(began.answer.conversation_id)
        ids = (began.answer.id, *(each.answer.id for each in began.siblings))
        assert versions == {began.answer.id: ids}
        done = await run_all(chat, began)
        assert [message.text for message in done] == ["a", "b", "c"]
        assert [message.cost for message in done] == [ONE_COST] * 3
        assert [message.notices for message in done] == [()] * 3
        assert (await chat.ledger.conversation_spending(began.conversation.id)).cost == 3 * ONE_COST
        assert len(provider.requests) == 3
        for message in done:
            assert await chat.store.message(message.id) == message


async def test_a_killed_process_leaves_an_uncounted_call_for_each_running_answer(
    tmp_path: Path,
) -> None:
    kill = "UPDATE spending_holds SET owner_started = 'another boot:1'"

    async def lost(chat: ChatSetup) -> int:
        await chat.database.write(lambda c: c.execute(kill))
        return (await chat.ledger.group_spending(Grouping.MODEL))[0].spent.uncounted

    async with open_chat(tmp_path, ScriptedProvider(answer("a"))) as chat:
        began = await chat.begin("?", settings=THREE)
        await chat.run(began.siblings[0])
        assert await lost(chat) == 2
        await chat.begin("?", CHAT, settings=THREE)
        assert await lost(chat) == 5


def test_an_estimate_for_several_answers_multiplies_the_cost() -> None:
    one = Estimate(9, CountMethod.SERVER, Decimal(1), Decimal(2), 99)
    assert one.for_answers(1) == one
    assert one.for_answers(3) == Estimate(
        9, CountMethod.SERVER, Decimal(3), Decimal(6), 99, answers=3
    )
    unknown = one._replace(input_cost=None, longest_answer_cost=None)
    assert unknown.for_answers(3) == unknown._replace(answers=3)


async def test_several_answers_are_held_together_or_not_at_all(tmp_path: Path) -> None:
    async with open_chat(tmp_path, ScriptedProvider()) as chat:
        left = "SELECT count(*), sum(amount) FROM spending_holds"
        for cap, words in (
            ("0.03", "3 responses usually cost $0.09158625"),
            # Each but one may be as long as the model can write.
            ("3", "3 responses may cost up to $5.376"),
        ):
            capped = replace(OPENAI, monthly_cap=Decimal(cap))
            with pytest.raises(SpendingCapError) as refused:
                await chat.begin("?", capped, settings=THREE)
            assert words in refused.value.sentences
            assert f"${float(cap):.2f} of your" in refused.value.sentences
            assert [tuple(row) for row in await chat.database.rows(left)] == [(0, None)]
        limited = GenerationParameters(candidates=3, max_output_tokens=500)
        capped = replace(OPENAI, monthly_cap=Decimal("0.03"))
        await chat.begin("?", capped, settings=AskSettings(parameters=limited))
        [(count, nanos)] = await chat.database.rows(left)
        assert (count, nanos // 10**6) == (3, 21)


async def test_answers_from_documents_in_parts_are_requested_one_by_one(tmp_path: Path) -> None:
    provider = ScriptedProvider(answer("note"), *[answer("done")] * 3)
    async with open_chat(tmp_path, provider, parts=WordSplitter()) as chat:
        document = await chat.attach("a.txt", "words", in_parts=True)
        began = await chat.begin("?", CHAT, attachments=(document,), settings=THREE)
        done = await run_all(chat, began)
    assert [message.text for message in done] == ["done"] * 3
    assert len(provider.requests) == 4


# ---------------------------------------------------------------- payment

WHOLE: Sequence[StreamEvent] = [TextDelta("a"), UsageReported(USAGE), Completed()]
CUT = Failed(
    StreamCutError(
        "{provider} ended the response early.", hint="Try again, but you may be charged twice."
    )
)


class EndingProvider(ScriptedProvider):
    """A provider that takes notes, and ends all answers in the same way.

    Attributes:
        reported: the number of requests whose usage was reported.
    """

    def __init__(self, ending: Sequence[StreamEvent]) -> None:
        super().__init__()
        self._ending = ending
        self.reported = 0

    async def stream(self, request: ChatRequest) -> AsyncGenerator[StreamEvent, None]:
        self.requests.append(request)
        is_note = request.instructions.startswith(INSTRUCTIONS)
        yield Started(f"r{len(self.requests)}")
        for event in WHOLE if is_note else self._ending:
            self.reported += isinstance(event, UsageReported)
            yield event


@pytest.mark.parametrize("ending", [WHOLE, [TextDelta("a"), CUT]], ids=["whole", "cut"])
@pytest.mark.parametrize("in_parts", [False, True], ids=["whole document", "in parts"])
@pytest.mark.parametrize("profile", [OPENAI, CHAT], ids=["responses", "chat"])
async def test_each_request_is_paid_once(
    tmp_path: Path, profile: ProviderProfile, in_parts: bool, ending: Sequence[StreamEvent]
) -> None:
    provider = EndingProvider(ending)
    settings = AskSettings(parameters=GenerationParameters(candidates=3))
    async with open_chat(tmp_path, provider, parts=WordSplitter()) as chat:
        document = await chat.attach("a.txt", "The ferry leaves at nine.", in_parts=in_parts)
        began = await chat.begin("?", profile, attachments=(document,), settings=settings)
        await asyncio.gather(*map(chat.run, (began, *began.siblings)))
        spent = await chat.ledger.spent_in_month(now())
        assert spent.usage.input_tokens == provider.reported * USAGE.input_tokens
        assert spent.estimated == len(provider.requests) - provider.reported
        notes = [r for r in provider.requests if r.instructions.startswith(INSTRUCTIONS)]
        assert len(notes) == in_parts
