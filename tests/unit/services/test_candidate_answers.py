"""Several answers to a question, by a single request or several, each stored separately."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from desktop_app.domain.answering.answer_form import (
    AnswerGrammar,
    AnswerSchema,
    FormKind,
    FormSource,
)
from desktop_app.domain.answering.answer_status import StatusCode, answer_status
from desktop_app.domain.answering.chat_request import ChatRequest, ProviderProfile
from desktop_app.domain.answering.generation import GenerationParameters
from desktop_app.domain.answering.stream_events import (
    CandidateEvent,
    Completed,
    Failed,
    Incomplete,
    Notice,
    Started,
    StatusChanged,
    StreamEvent,
    TextDelta,
    UsageReported,
    UsageShared,
)
from desktop_app.domain.conversations.conversation import Message, MessageStatus, ModelChoice, now
from desktop_app.domain.conversations.message_parts import DocumentPart
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.errors import ProviderError, StoreFullError, StreamCutError
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.models.token_counts import CountMethod
from desktop_app.domain.models.variants import Variant
from desktop_app.domain.spending.cost import UsageScope
from desktop_app.services.answers.answer_run import AnswerRun
from desktop_app.services.answers.candidate_answers import (
    COUNTED_WITH_FIRST,
    SharedRequest,
    estimate_several,
    shared_usage_notice,
    split_hold,
)
from desktop_app.services.chat.ask_settings import AskSettings
from desktop_app.services.chat.send_context import SendContext
from desktop_app.services.documents.note_taking import INSTRUCTIONS
from desktop_app.services.spending.budget import Hold
from desktop_app.services.spending.cost_estimate import Estimate
from tests.helpers.scripted_provider import OneProvider, ScriptedProvider
from tests.helpers.waiting import until
from tests.unit.providers.samples import OPENAI, ask
from tests.unit.services.test_chat_service import HELD, USAGE, ChatSetup, open_chat
from tests.unit.services.test_chunked_reading import WordSplitter

CHAT = replace(OPENAI, api=Api.CHAT_COMPLETIONS)
THREE = AskSettings(parameters=GenerationParameters(candidates=3))
TWO = AskSettings(parameters=GenerationParameters(candidates=2))
ONE_COST = Decimal("0.00392")
Script = Sequence[StreamEvent | str]


async def run_all(chat: ChatSetup, began: AnswerRun) -> list[Message]:
    return list(await asyncio.gather(*[chat.run(each) for each in (began, *began.siblings)]))


def answer(text: str) -> list[StreamEvent]:
    return [TextDelta(text), UsageReported(USAGE), Completed()]


def others(number: int, text: str) -> list[StreamEvent]:
    return [CandidateEvent(number, TextDelta(text)), CandidateEvent(number, Completed())]


async def test_with_responses_each_answer_is_a_request_with_its_own_cost(tmp_path: Path) -> None:
    provider = ScriptedProvider(answer("a"), answer("b"), answer("c"))

    async with open_chat(tmp_path, provider) as chat:
        began = await chat.begin("?", settings=THREE)
        kept = await chat.store.path(began.conversation.id)
        assert kept[-1].id == began.answer.id
        versions = await chat.store.versions_on_path(began.answer.conversation_id)
        ids = (began.answer.id, *(each.answer.id for each in began.siblings))
        assert versions == {began.answer.id: ids}
        done = await run_all(chat, began)
        assert [message.text for message in done] == ["a", "b", "c"]
        assert [message.cost for message in done] == [ONE_COST] * 3
        assert [message.notices for message in done] == [()] * 3
        assert await chat.ledger.conversation_cost(began.conversation.id) == 3 * ONE_COST
        assert [request.parameters.candidates for request in provider.requests] == [1] * 3
        for message in done:
            assert await chat.store.message(message.id) == message


async def test_with_chat_completions_all_answers_share_a_request_and_its_cost(
    tmp_path: Path,
) -> None:
    script = [TextDelta("a"), *others(2, "c"), *others(1, "b"), UsageReported(USAGE), Completed()]
    provider = ScriptedProvider(script)

    async with open_chat(tmp_path, provider) as chat:
        began = await chat.begin("?", CHAT, settings=THREE)
        done = await run_all(chat, began)
        assert [message.text for message in done] == ["a", "b", "c"]
        assert [message.status for message in done] == [MessageStatus.COMPLETE] * 3
        assert [message.cost for message in done] == [ONE_COST, None, None]
        scopes = [UsageScope.ALL, UsageScope.FIRST, UsageScope.FIRST]
        assert [message.usage_scope for message in done] == scopes
        assert done[0].notices == (shared_usage_notice(3),)
        assert [message.notices for message in done[1:]] == [(COUNTED_WITH_FIRST,)] * 2
        assert await chat.ledger.conversation_cost(began.conversation.id) == ONE_COST
        assert [request.parameters.candidates for request in provider.requests] == [3]
        assert provider.closed == 1


async def test_stopping_all_closes_the_one_request_and_keeps_every_text(tmp_path: Path) -> None:
    script: Script = [TextDelta("a"), CandidateEvent(1, TextDelta("b")), Notice("!"), HELD]
    provider = ScriptedProvider(script)

    async with open_chat(tmp_path, provider) as chat:
        began = await chat.begin("?", CHAT, settings=TWO)
        answerings = (began, *began.siblings)
        tasks = [asyncio.create_task(chat.run(each)) for each in answerings]
        await provider.holding.wait()

        async def both_have_the_notice() -> bool:
            return chat.heard.count(Notice("!")) == 2

        await until(both_have_the_notice)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert provider.closed == 1
        for each, text in zip(answerings, "ab", strict=True):
            kept = await chat.store.message(each.answer.id)
            assert (kept.status, kept.text) == (MessageStatus.CANCELLED, text)


async def test_a_stopped_answer_does_not_stop_the_others(tmp_path: Path) -> None:
    script: Script = [
        CandidateEvent(1, TextDelta("b")),
        HELD,
        CandidateEvent(1, Completed()),
        *answer("a"),
    ]
    provider = ScriptedProvider(script)

    async with open_chat(tmp_path, provider) as chat:
        began = await chat.begin("?", CHAT, settings=TWO)
        first, second = (asyncio.create_task(chat.run(e)) for e in (began, *began.siblings))
        await provider.holding.wait()
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        provider.release.set()
        assert (await second).status is MessageStatus.COMPLETE
        assert provider.closed == 1


GRAMMAR = AnswerGrammar(FormKind.LARK, 'start: "a"')
SCHEMA = AnswerSchema("a", {"type": "object"})
FORM = FormSource(FormKind.REGEX, "a").to_setting()
SCHEMA_FORM = FormSource(FormKind.SCHEMA, "{}").to_setting()


@pytest.mark.parametrize(
    ("settings", "parameters", "in_parts", "inputs"),
    [
        (AskSettings(), {}, False, 1),
        (AskSettings(), {}, True, 3),
        (AskSettings(), {"tools": ("look",)}, False, 3),
        (AskSettings(grammar=GRAMMAR), {}, False, 3),
        (AskSettings(schema=SCHEMA), {"form": FORM}, False, 1),
    ],
)
async def test_the_estimate_counts_the_input_for_each_answer_that_is_requested_alone(
    tmp_path: Path, settings: AskSettings, parameters: dict[str, Any], in_parts: bool, inputs: int
) -> None:
    settings = replace(settings, parameters=GenerationParameters(candidates=3, **parameters))
    document = DocumentPart("d" * 64, "d", "text/plain", 9, in_parts=in_parts)
    async with open_chat(tmp_path, ScriptedProvider()) as chat:
        resolved = chat.service.resolve(CHAT, ModelChoice(CHAT.id, "", Variant.THINKING, None))
        one = Estimate(9, CountMethod.TOKENIZER, Decimal(1), None, None)
        context = SendContext([], resolved, settings=settings)
        all_ = await chat.service.costs.estimate_all(one, context, [document])
        assert (all_.inputs, all_.input_cost) == (inputs, Decimal(inputs))


class CountedHold(Hold):
    """A hold that counts its releases."""

    released = 0

    async def release(self) -> None:
        self.released += 1


async def test_a_hold_is_released_with_the_last_answer() -> None:
    whole = CountedHold()
    first, second = split_hold(whole, 2)
    async with first:
        pass
    await first.release()
    assert whole.released == 0
    async with second:
        pass
    assert whole.released == 1


async def test_a_killed_process_leaves_an_uncounted_call_for_each_running_answer(
    tmp_path: Path,
) -> None:
    kill = "UPDATE spending_holds SET owner_started = 'another boot:1'"

    async def lost(chat: ChatSetup) -> int:
        await chat.database.write(lambda c: c.execute(kill))
        return (await chat.ledger.report(now())).month[0].spent.uncounted

    async with open_chat(tmp_path, ScriptedProvider(answer("a"))) as chat:
        began = await chat.begin("?", settings=THREE)
        await chat.run(began.siblings[0])
        assert await lost(chat) == 2
        await chat.begin("?", CHAT, settings=THREE)
        assert await lost(chat) == 3


@pytest.mark.parametrize(
    ("at_once", "costs", "inputs"),
    [(True, (Decimal(1), Decimal(6)), 1), (False, (Decimal(3), Decimal(6)), 3)],
)
def test_an_estimate_for_several_answers_multiplies_the_cost(
    at_once: bool, costs: tuple[Decimal, Decimal], inputs: int
) -> None:
    one = Estimate(9, CountMethod.SERVER, Decimal(1), Decimal(2), 99)
    assert estimate_several(one, 3, at_once=at_once) == Estimate(
        9, CountMethod.SERVER, *costs, 99, answers=3, inputs=inputs
    )
    unknown = one._replace(input_cost=None, longest_answer_cost=None)
    assert estimate_several(unknown, 3, at_once=at_once) == unknown._replace(
        answers=3, inputs=inputs
    )


async def read_together(
    script: Script, count: int, *more: Script
) -> tuple[list[list[StreamEvent]], ScriptedProvider]:
    """Return the events of each of several answers to one request."""
    provider = ScriptedProvider(script, *more)
    together = SharedRequest(OneProvider(provider), count)
    request = ask(model="m", candidates=count)

    async def read(number: int) -> list[StreamEvent]:
        client = await together.gateway_of(number).provider(CHAT)
        return [event async for event in client.stream(request)]

    return list(await asyncio.gather(*map(read, range(count)))), provider


STATUS = StatusChanged(1, ErrorNote("w"))
FAILURE = Failed(
    ProviderError(
        "{provider} is having problems ({http}).",
        hint="Try again later, or choose another provider.",
    )
)
SHARED = [UsageShared(UsageScope.FIRST), Notice(COUNTED_WITH_FIRST)]
OF_BOTH = [UsageShared(UsageScope.ALL), Notice(shared_usage_notice(2))]
REPORTED = UsageReported(USAGE)
QUEUED = StatusChanged(0, answer_status(StatusCode.QUEUED))


@pytest.mark.parametrize(
    ("script", "first", "second"),
    [
        (
            [Started("r"), TextDelta("a"), *others(1, "b"), REPORTED, Completed()],
            [Started("r"), TextDelta("a"), *OF_BOTH, REPORTED, Completed()],
            [Started(), QUEUED, *SHARED, TextDelta("b"), Completed()],
        ),
        # Events that concern all answers reach all of them.
        (
            [STATUS, Notice("n"), TextDelta("a"), CandidateEvent(1, TextDelta("b")), FAILURE],
            [STATUS, Notice("n"), TextDelta("a"), FAILURE],
            [STATUS, Notice("n"), QUEUED, *SHARED, TextDelta("b"), FAILURE],
        ),
        # An answer that nobody asked for is dropped.
        (
            [TextDelta("a"), *others(2, "c"), *others(1, "b"), Completed()],
            [TextDelta("a"), Completed()],
            [QUEUED, *SHARED, TextDelta("b"), Completed()],
        ),
        ([CandidateEvent(1, Incomplete("length")), Completed()], [Completed()], [
            *SHARED, Incomplete("length")
        ]),
    ],
)  # fmt: skip
async def test_a_shared_stream_is_divided_among_the_answers(
    script: Script, first: list[StreamEvent], second: list[StreamEvent]
) -> None:
    found, provider = await read_together(script, 2)
    assert found == [first, second]
    assert (len(provider.requests), provider.closed) == (1, 1)


async def test_a_failed_hold_of_one_answer_releases_those_of_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_chat(tmp_path, ScriptedProvider()) as chat:
        hold, made = chat.service.calls.budget.hold, list[Hold]()

        async def hold_some(*about: Any) -> Hold:
            if len(made) == 2:
                raise StoreFullError("Full.")
            made.append(await hold(*about))
            return made[-1]

        monkeypatch.setattr(chat.service.calls.budget, "hold", hold_some)
        with pytest.raises(StoreFullError):
            await chat.begin("?", settings=THREE)
        left = "SELECT count(*) FROM spending_holds"
        assert await chat.database.read(lambda c: c.execute(left).fetchone()[0]) == 0


async def test_answers_from_documents_in_parts_are_requested_one_by_one(tmp_path: Path) -> None:
    provider = ScriptedProvider(answer("note"), *[answer("done")] * 3)
    async with open_chat(tmp_path, provider, parts=WordSplitter()) as chat:
        document = await chat.attach("a.txt", "words", in_parts=True)
        began = await chat.begin("?", CHAT, attachments=(document,), settings=THREE)
        done = await run_all(chat, began)
    assert [message.text for message in done] == ["done"] * 3
    assert [request.parameters.candidates for request in provider.requests] == [1] * 4


# ---------------------------------------------------------------- payment

WHOLE: Sequence[StreamEvent] = [TextDelta("a"), UsageReported(USAGE), Completed()]
SECOND = CandidateEvent(1, TextDelta("b"))
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
            if request.parameters.candidates > 1 or not isinstance(event, CandidateEvent):
                yield event


@pytest.mark.parametrize(
    "ending",
    [WHOLE, [TextDelta("a"), SECOND, *WHOLE], [TextDelta("a"), CUT], [TextDelta("a"), SECOND, CUT]],
    ids=["whole", "two", "cut", "two cut"],
)
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
        assert spent.uncounted == len(provider.requests) - provider.reported
        notes = [r for r in provider.requests if r.instructions.startswith(INSTRUCTIONS)]
        assert len(notes) == in_parts
