"""Writes what random answers come to: what is sent, heard, stored and spent.

    python -m tests.data.make_conversation_samples

After a change of a rule, read the difference.
"""

from __future__ import annotations

import asyncio
import random
import re
import sqlite3
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing, closing, suppress
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Final

from desktop_app.backend.environment_profiles import COMETAPI, ON_DEVICE, OPENAI
from desktop_app.domain.answering.answer_form import GRAMMAR_SYNTAXES, AnswerGrammar, AnswerSchema
from desktop_app.domain.answering.chat_request import ChatRequest, ProviderProfile
from desktop_app.domain.answering.generation import GenerationParameters
from desktop_app.domain.answering.stream_events import (
    CandidateEvent,
    Completed,
    Failed,
    HostedCall,
    ImageArrived,
    Incomplete,
    Notice,
    ReasoningDelta,
    ReasoningItem,
    RefusalDelta,
    RunAdvanced,
    Started,
    StatusChanged,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
    UsageReported,
)
from desktop_app.domain.conversations.conversation import RemoteRun
from desktop_app.domain.conversations.message_parts import ReasoningPart, ToolCallPart, tool_calls
from desktop_app.domain.conversations.notices import NoticeCode, notice
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import (
    ContextTooLongError,
    ModelNotFoundError,
    RunLostError,
    StreamCutError,
    UserFacingError,
)
from desktop_app.domain.models.variants import Variant
from desktop_app.domain.spending.cost import Usage
from desktop_app.domain.tools.call_state import ToolCallState
from desktop_app.domain.tools.tool import Permission, ToolError, ToolLimits
from desktop_app.services.answers.answer_run import AnswerRun
from desktop_app.services.chat.ask_settings import AskSettings
from desktop_app.services.chat.run_resumption import Resumer
from desktop_app.services.prompt_delimiter import DIGITS
from desktop_app.services.tools.consent import ConsentBroker, ConsentQuestion, Decision
from desktop_app.services.tools.tool_set import ToolCatalog
from tests.data.make_provider_samples import as_line
from tests.data.samples import write_samples
from tests.helpers.scripted_provider import ScriptedProvider
from tests.helpers.tools import Permissions, Source
from tests.unit.services.test_chat_service import ChatSetup, open_chat

EXPECTED: Final = Path(__file__).with_name("conversations")
_SCHEMA: Final = {
    "type": "object",
    "properties": {"a": {"type": "integer"}},
    "required": ["a"],
    "additionalProperties": False,
}
_TOLD: Final = {
    "messages": "status provider_id model usage_scope input_tokens length(notices)",
    "ledger": "model purpose input_tokens reasoning_tokens cost effort tier outcome retries",
    "spending_holds": "amount",
    "conversations": "title model variant effort",
}
_NUMBER: Final = re.compile(rf"\b\d{{{DIGITS}}}\b")
_PNG: Final = b"\x89PNG\r\n\x1a\n"


class _Provider(ScriptedProvider):
    """Streams the script of the round that a request belongs to, whoever asks."""

    rounds: Sequence[Sequence[StreamEvent | str]] = ()

    def forget(self) -> None:
        """Be as new."""
        self.__init__()  # type: ignore[misc]

    async def stream(self, request: ChatRequest) -> AsyncGenerator[StreamEvent, None]:
        called = {call.round for call in tool_calls(request.messages[-1].parts) if call.result}
        self.add(*self.rounds[min(len(called), len(self.rounds) - 1)])
        async with aclosing(super().stream(request)) as events:
            async for event in events:
                yield event


class _User:
    """A user who allows all calls, or none."""

    allows = True

    async def decide(self, question: ConsentQuestion, stored: Permission) -> Decision:
        """Decide about a call."""
        return Decision(is_allowed=self.allows)


def answers() -> Iterator[str]:
    """Yield answers to a question and to the one after it."""
    return iter(asyncio.run(_written(_answers, 36)))


def stopped() -> Iterator[str]:
    """Yield answers that were stopped, or left and taken up again."""
    return iter(asyncio.run(_written(_stopped, 30)))


async def _written(
    write: Callable[[random.Random, ChatSetup, _Provider], Awaitable[list[object]]], count: int
) -> list[str]:
    async def look(_: object) -> str:
        return "seen"

    async def fail(_: object) -> str:
        raise ToolError("It is broken.")

    tools, user, provider = ToolCatalog([Source(look=look, fail=fail)]), _User(), _Provider()
    consent = ConsentBroker(Permissions())
    consent.set_source(user)
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        async with open_chat(Path(folder), provider, tools=tools, consent=consent) as chat:
            for number in range(count):
                chance = random.Random(f"{write.__name__} {number}")
                user.allows = chance.random() < 0.7
                made = await write(chance, chat, provider)
                # Those for several answers come in any order.
                requests = sorted(map(_of_request, provider.requests), key=_without_numbers)
                rows = _taken_rows(Path(folder))
                lines.append(_without_numbers(as_line(*made, requests, *rows)))
                provider.forget()
                chat.heard.clear()
    return lines


async def _answers(chance: random.Random, chat: ChatSetup, provider: _Provider) -> list[object]:
    profile, settings = _profile(chance), _settings(chance)
    provider.rounds = _rounds(chance, settings)
    said: list[object] = []
    variant = None if profile is ON_DEVICE else chance.choice((Variant.THINKING, Variant.PRO))
    try:
        run = await chat.begin("Why?", profile, variant, settings=settings)
    except UserFacingError as error:
        return [error]
    for each in (run, *run.siblings):
        each.checkpoints.interval_s = 3_600
        each.limit.set_max_bytes(chance.choice((8 << 20, 8 << 20, 8 << 20, 24)))
    await asyncio.gather(*(chat.run(each) for each in (run, *run.siblings)))
    said += [await _of_run(chat, each) for each in (run, *run.siblings)]
    said += sorted({type(event).__name__ for event in chat.heard})
    path = await chat.store.path(run.conversation.id)
    try:
        if chance.random() < 0.5:
            again = await chat.begin(
                "And then?", profile, variant, path, settings=settings.for_comparison(),
                conversation=run.conversation,
            )  # fmt: skip
        else:
            repairs = path[1] if chance.random() < 0.5 else None
            again = await chat.service.begin_another_answer(
                run.conversation, path[:1], profile, settings.for_one_answer(), repairs=repairs
            )
        await chat.run(again)
        said.append(await _of_run(chat, again))
    except UserFacingError as error:
        said.append(error)
    return said


async def _stopped(chance: random.Random, chat: ChatSetup, provider: _Provider) -> list[object]:
    settings = replace(_settings(chance).for_one_answer(), background=chance.random() < 0.7)
    events = list(_script(chance, is_last=True))[:-1]
    events.insert(chance.randint(0, len(events)), ScriptedProvider.HOLD)
    provider.rounds = [events]
    try:
        run = await chat.begin("Why?", OPENAI, Variant.PRO, settings=settings)
    except UserFacingError as error:
        return [error]
    run.checkpoints.interval_s = 3_600
    task = asyncio.ensure_future(chat.run(run))
    await provider.holding.wait()
    is_left = chance.random() < 0.5
    if is_left:
        run.leave_running()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    said: list[object] = [is_left, settings.background, await _of_run(chat, run)]
    provider.cancel_result = chance.choice(
        (None, Usage(9, 0, 9, 0), StreamCutError(Reason.ANSWER_CUT))
    )
    if not is_left:
        return [*said, await run.cancel_remote(), len(provider.cancelled), await _of_run(chat, run)]
    await chat.database.write(lambda c: c.execute("UPDATE messages SET owner_started = 'earlier'"))
    taken = await Resumer(chat.store, chat.service).runs_to_resume([OPENAI])
    provider.add(*_script(chance, is_last=True))
    for answering in taken:
        await chat.run(answering)
        said.append(await _of_run(chat, answering))
    return [*said, await chat.store.interrupt_orphans() != [], len(provider.resumed)]


def _profile(chance: random.Random) -> ProviderProfile:
    cheap = replace(COMETAPI, price_multiplier=Decimal("0.5"), monthly_cap=Decimal(10))
    return chance.choice(
        (OPENAI, OPENAI, cheap, ON_DEVICE, replace(OPENAI, keeps_at_provider=True))
    )


def _settings(chance: random.Random) -> AskSettings:
    grammars = [AnswerGrammar(syntax, "root ::= x") for syntax in GRAMMAR_SYNTAXES]
    schema = AnswerSchema("form", _SCHEMA) if chance.random() < 0.25 else None
    return AskSettings(
        chance.choice(("", "Be short.")),
        GenerationParameters(
            temperature=chance.choice((None, None, 0.5)),
            max_output_tokens=chance.choice((None, 50, 500_000)),
            service_tier=chance.choice((None, None, "flex")),
            candidates=chance.choice((1, 1, 1, 2, 3)),
            stop=chance.choice(((), (), ("END",))),
            tools=chance.choice(((), (), ("look",), ("look", "fail", "none"), ("web_search",))),
        ),
        background=chance.random() < 0.2,
        limits=chance.choice((ToolLimits(), ToolLimits(rounds=1), ToolLimits(cost=0.000001))),
        examples=chance.choice(((), (), (("Q", "A"),))),
        requested=frozenset({"temperature"} if chance.random() < 0.3 else ()),
        schema=schema,
        grammar=chance.choice(grammars) if schema is None and chance.random() < 0.15 else None,
    )


def _rounds(chance: random.Random, settings: AskSettings) -> list[list[StreamEvent | str]]:
    count = chance.choice((1, 1, 2)) if settings.parameters.tools else 0
    return [_script(chance, is_last=number == count) for number in range(count + 1)]


def _script(chance: random.Random, *, is_last: bool) -> list[StreamEvent | str]:
    call = ToolCallPart("h", "web_search", "{}", state=ToolCallState.RUNNING, is_hosted=True)
    done = replace(call, state=chance.choice((ToolCallState.DONE, ToolCallState.FAILED)))
    waiting = chance.choice((StatusChanged(2, ErrorNote("Busy.")), StatusChanged()))
    optional: list[list[StreamEvent | str]] = [
        [Started("resp_1", chance.choice(("m", "")), service_tier=chance.choice(("", "flex")))],
        [RunAdvanced(RemoteRun("resp_1", 0))],
        [waiting],
        [ReasoningDelta("Hm."), ReasoningItem("rs", "sealed")],
        [TextDelta(chance.choice(("One, ", '{"a": 1}', '{"a": "x"}', "A longer sentence. " * 3)))],
        [TextDelta("two."), CandidateEvent(1, TextDelta("Other.")), CandidateEvent(1, Completed())],
        [HostedCall(call), HostedCall(done)],
        [ImageArrived(chance.choice((_PNG, b"")))],
        [Notice(notice(NoticeCode.STREAM_REFUSED, provider="P"))],
        [RefusalDelta("No.")],
    ]
    often = (0.8, 0.4, 0.2, 0.3, 0.8, 0.5, 0.2, 0.1, 0.1, 0.1)
    events = [
        e for some, p in zip(optional, often, strict=True) if chance.random() < p for e in some
    ]
    usage = Usage(chance.choice((9, 1_000)), chance.choice((0, 4)), 200, chance.choice((0, 50)))
    if not is_last:
        names = chance.sample(("look", "fail", "none"), chance.choice((1, 1, 2)))
        arguments = chance.choice(("{}", "{}", "["))
        events += [ToolCallDelta(n, arguments, f"c{n}", name) for n, name in enumerate(names)]
    if chance.random() < 0.8:
        events.append(UsageReported(usage, chance.choice(("", "flex"))))
    errors = (
        StreamCutError(Reason.ANSWER_CUT, provider="P"),
        ModelNotFoundError(Reason.MODEL_NOT_SERVED, provider="P"),
        ContextTooLongError(Reason.CONVERSATION_TOO_LONG),
        RunLostError(Reason.ANSWER_CUT, provider="P"),
    )
    ends: list[StreamEvent] = [Incomplete("max_output_tokens"), Failed(chance.choice(errors))]
    return [*events, Completed() if not is_last or chance.random() < 0.7 else chance.choice(ends)]


def _of_request(request: ChatRequest) -> list[object]:
    """Return a request without the id of its conversation, and of long texts their ends."""
    forms = [form and form.digest[:4] for form in (request.schema,)]
    return [
        request.model,
        [[message.role, *_timeless(message.parts)] for message in request.messages],
        _NUMBER.sub("", request.instructions)[-30:],
        request.effort,
        request.parameters,
        [bool(request.cache_key), request.store, request.background, request.wants_images],
        [*forms, request.grammar and request.grammar.syntax, sorted(request.requested)],
        [[tool.wire_name for tool in request.tools], request.tool_choice],
    ]


def _without_numbers(value: object) -> str:
    """Return a text without the numbers of delimiters, which depend on the conversation's id."""
    return _NUMBER.sub("", str(value))


async def _of_run(chat: ChatSetup, run: AnswerRun) -> list[object]:
    """Return an answer, and whether it is stored as it is."""
    answer = run.answer
    told = [answer.status, _timeless(answer.parts), answer.notices, answer.error, answer.cost]
    return [*told, answer.usage, await chat.store.message(answer.id) == answer]


def _timeless(parts: Sequence[object]) -> list[object]:
    return [
        replace(part, seconds=None) if isinstance(part, ReasoningPart | ToolCallPart) else part
        for part in parts
    ]


def _taken_rows(folder: Path) -> Iterator[object]:
    """Take the rows out of the store. Yield what is no id and no time of them."""
    with closing(sqlite3.connect(folder / "store.sqlite3")) as connection, connection:
        for table, columns in _TOLD.items():
            names = ", ".join(columns.split())
            yield connection.execute(f"SELECT {names} FROM {table} ORDER BY rowid").fetchall()
        connection.execute("PRAGMA foreign_keys = OFF")
        for table in _TOLD:
            connection.execute(f"DELETE FROM {table}")


SAMPLES: Final[dict[str, Callable[[], Iterator[str]]]] = {"answers": answers, "stopped": stopped}

if __name__ == "__main__":
    write_samples(EXPECTED, SAMPLES)
